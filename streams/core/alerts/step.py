"""The detector as a step: a bucket of matured contacts, folded into the state of a floor.

    expected = theta of the rep * rate of the team, own contacts left out
    p        = guard * expected
    L        = r if sale else (1 - r p) / (1 - p)                 for each of three ratios r
    M        = (M + 1) * L ** (others / (others + own))           weights in the team's level
    red      at mean(M) >= the threshold, which then starts anew

With a right baseline, mean(M) less the number of contacts is a martingale: false alarms are as rare
as the threshold says. But the rate of a team is an estimate, and sales spread about it by 1 + own /
others more than chance alone: the evidence is divided by that, which is a ninth more in a team of
ten and little in a large one. All contacts of a bucket enter the rates first and are scored then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

from streams.core.alerts.contact import BUCKET_MS, Bucket, MaturedContact, distinct
from streams.core.alerts.floor_watch import FLOOR, FloorWatch
from streams.core.alerts.group import MOST, Group
from streams.core.alerts.judging import Judge
from streams.core.alerts.new_day import begin_day
from streams.core.alerts.outcomes import Dropped, Outcome, Whose
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings, Limits
from streams.core.alerts.silence import listen
from streams.core.calendar import DAY_MS, HOUR_MS, Zone

_BUCKETS_AN_HOUR = HOUR_MS // BUCKET_MS


def fold(
    floor: FloorWatch, bucket: Bucket, settings: AlertSettings
) -> tuple[FloorWatch, list[Outcome]]:
    """(the state after a bucket, what there is to say); the state is changed in place.

    Buckets come in ascending order; one that was folded, or lies before, changes nothing. While the
    floor has no sales at all contacts are not scored.
    """
    judge = Judge(floor, settings)
    if bucket.number <= floor.newest:
        _drop(judge.out, bucket.number, len(bucket.contacts), "folded")
        return floor, judge.out
    floor.newest = bucket.number
    contacts, repeats = distinct(bucket.contacts)
    _drop(judge.out, bucket.number, repeats, "repeat")
    if contacts:
        zone, start_ms = zone_of(floor.zone), bucket.number * BUCKET_MS
        offset_ms = zone.offset_ms(start_ms)
        day, of_day_ms = divmod(start_ms + offset_ms, DAY_MS)
        if day > floor.day:
            for rep_id, team_id, of in begin_day(floor, day, settings):
                judge.gone(of, Whose(rep_id, team_id), start_ms)
        hour = of_day_ms // HOUR_MS
        if (heard := listen(floor, contacts, hour)) is not None:
            judge.out.append(heard)
        if floor.silent:
            _drop(judge.out, bucket.number, len(contacts), "feed_silent")
        else:
            _Bucket(floor, settings, contacts, hour).score(contacts, judge)
    return floor, judge.out


class _Scored(NamedTuple):
    """Who is scored in a bucket, and with what: the rate of the group, 0: none yet.

    `power` is what of the evidence counts, the rate being an estimate.
    """

    of: RepWatch
    whose: Whose
    rate: float
    limits: Limits
    power: float = 1.0


class _Bucket:
    """The rates of one bucket: each group's after all its contacts, each rep's without the own."""

    def __init__(
        self,
        floor: FloorWatch,
        settings: AlertSettings,
        contacts: Sequence[MaturedContact],
        hour: int,
    ) -> None:
        self._floor, self._settings, self._hour = floor, settings, hour
        self._fade = fade_of(settings)
        # (contacts, sales) per team, floor and rep.
        sums: dict[str, list[int]] = {FLOOR: [0, 0]}
        self._own: dict[str, list[int]] = {}
        for contact in contacts:
            sale = contact.sale
            for count in (
                sums[FLOOR],
                sums.setdefault(contact.team_id, [0, 0]),
                self._own.setdefault(contact.rep_id, [0, 0]),
            ):
                count[0] += 1
                count[1] += sale
        self._sums = sums
        for name, (held, sold) in sums.items():
            group = floor.groups.get(name)
            if group is None:
                group = floor.groups[name] = Group()
            group.add(hour, held, sold, self._fade)

    def score(self, contacts: Sequence[MaturedContact], judge: Judge) -> None:
        """Take in the contacts one by one, in the order given."""
        reps, teams, of_rep = self._floor.reps, self._floor.teams, self._settings.of_rep
        of_reps: dict[str, _Scored] = {}
        of_teams: dict[str, _Scored] = {}
        day, campaigns = self._floor.day, self._floor.campaigns
        for contact in contacts:
            campaign = campaigns.number(contact.campaign, day)
            rep_id, team_id = contact.rep_id, contact.team_id
            rep = reps.get(rep_id)
            if rep is None:
                rep = reps[rep_id] = RepWatch(team_id)
            elif rep.team_id != team_id:
                judge.move(rep, contact)
                of_reps.pop(rep_id, None)
            one = of_reps.get(rep_id)
            if one is None:
                rate, whose = self._rate(rep_id, rep), Whose(rep_id, team_id)
                power = self._floor.groups[rep.group].share_of_others(rep.own_weight)
                one = of_reps[rep_id] = _Scored(rep, whose, rate, of_rep, power)
            self._take(one, contact, campaign, judge)
            whole = of_teams.get(team_id)
            if whole is None:
                team = teams.setdefault(team_id, RepWatch(team_id))
                rate = self._without(team, FLOOR, *self._sums[team_id])
                limits = self._settings.of_team(team.contacts_a_day)
                whole = of_teams[team_id] = _Scored(team, Whose("", team_id), rate, limits)
            self._take(whole, contact, campaign, judge)

    def _take(self, one: _Scored, contact: MaturedContact, campaign: int, judge: Judge) -> None:
        of, whose, rate, limits, power = one
        settings = self._settings
        of.contacts_today += 1
        of.sales_today += contact.sale
        of.expected_today += rate
        of.habits_today.add(contact, campaign)
        of.last_day = self._floor.day
        if not rate or of.moved_left or not of.learned(settings):
            return
        if of.open is not None:
            judge.judge_return(of, whose, contact, rate, limits)
        expected = min(rate * of.theta, MOST)
        evidence = of.score(contact.sale, expected, limits.guard, settings.ratios, power)
        if of.run_contacts:
            of.habits_run.add(contact, campaign)
            if of.run_contacts == 1:
                of.run_since_ms = contact.at_ms
        if evidence >= limits.amber or of.amber:
            judge.judge(of, whose, contact, evidence, limits)

    def _rate(self, rep_id: str, rep: RepWatch) -> float:
        """The rate of the rep's group without the rep; 0 when nothing is known of any day before.

        A rep who moves within a bucket has a second rate there, which takes the own contacts for
        counted: they are few, and nothing is scored for days.
        """
        floor, name = self._floor, rep.team_id
        group = floor.groups[name]
        if floor.sizes.get(name, 0) < self._settings.minimum_team or not group.average:
            name = FLOOR
        return self._without(rep, name, *self._own.pop(rep_id, (0, 0)))

    def _without(self, of: RepWatch, name: str, held: int, sold: int) -> float:
        """The rate of a group without the contacts `held` and sales `sold` in it, and earlier ones.

        0 when nothing is known of any day before.
        """
        group = self._floor.groups[name]
        if of.group != name:
            of.group, of.own_sales, of.own_weight = name, 0.0, 0.0
        faded = self._fade ** (group.ticks - of.own_ticks)
        of.own_sales = of.own_sales * faded + sold
        of.own_weight = of.own_weight * faded + held * group.profile[self._hour]
        of.own_ticks = group.ticks
        if not group.average:
            return 0.0
        return group.rate(self._hour, of.own_sales, of.own_weight)


def _drop(
    out: list[Outcome],
    number: int,
    contacts: int,
    reason: Literal["repeat", "folded", "feed_silent"],
) -> None:
    if contacts:
        out.append(Dropped(bucket=number, contacts=contacts, reason=reason))


def fade_of(settings: AlertSettings) -> float:
    """What is left of a group's level after a bucket."""
    return float(0.5 ** (1.0 / (settings.half_life_hours * _BUCKETS_AN_HOUR)))


@cache
def zone_of(name: str) -> Zone:
    """The zone of that name, made once: it remembers offsets."""
    return Zone(name)
