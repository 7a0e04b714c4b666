"""The detector as a step: a bucket of matured contacts, folded into the state of a floor.

    expected = theta of the rep * rate of the team, own contacts left out
    p        = guard * expected
    M        = (M + 1) * (r if sale else (1 - r p) / (1 - p))     for each of three ratios r
    red      at mean(M) >= the threshold, which then starts anew

With a right baseline, mean(M) less the number of contacts is a martingale: false alarms are as rare
as the threshold says. All contacts of a bucket enter the rates first and are scored then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

from streams.core.alerts.contact import BUCKET_MS, Bucket, MaturedContact, bucket_of, distinct
from streams.core.alerts.floor_watch import FLOOR, FloorWatch
from streams.core.alerts.group import MOST, Group
from streams.core.alerts.judging import Judge
from streams.core.alerts.new_day import begin_day
from streams.core.alerts.outcomes import Dropped, Outcome
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings
from streams.core.calendar import DAY_MS, HOUR_MS, Zone

_BUCKETS_AN_HOUR = HOUR_MS // BUCKET_MS


def fold(
    floor: FloorWatch, bucket: Bucket, settings: AlertSettings
) -> tuple[FloorWatch, list[Outcome]]:
    """(the state after a bucket, what there is to say); the state is changed in place.

    Buckets come in ascending order; one that was folded, or lies before, changes nothing. While
    `paused` contacts are scored as ever: what was found is held back, and told in the first bucket
    that is not paused.
    """
    judge = Judge(floor, settings, bucket.paused)
    if bucket.number <= floor.newest:
        _drop(judge.out, bucket.number, len(bucket.contacts), "folded")
        return floor, judge.out
    floor.newest = bucket.number
    if floor.held:
        judge.tell_held()
    inside = [one for one in bucket.contacts if bucket_of(one.at_ms) == bucket.number]
    contacts, repeats = distinct(inside)
    _drop(judge.out, bucket.number, len(bucket.contacts) - len(inside), "other_bucket")
    _drop(judge.out, bucket.number, repeats, "repeat")
    if contacts:
        zone, start_ms = _zone(floor.zone), bucket.number * BUCKET_MS
        offset_ms = zone.offset_ms(start_ms)
        day, of_day_ms = divmod(start_ms + offset_ms, DAY_MS)
        if day > floor.day:
            begin_day(floor, day, settings)
        _Bucket(floor, settings, contacts, of_day_ms // HOUR_MS).score(contacts, judge)
    return floor, judge.out


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
        self._fade = 0.5 ** (1.0 / (settings.half_life_hours * _BUCKETS_AN_HOUR))
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
        for name, (held, sold) in sums.items():
            group = floor.groups.get(name)
            if group is None:
                group = floor.groups[name] = Group()
            group.add(hour, held, sold, self._fade)

    def score(self, contacts: Sequence[MaturedContact], judge: Judge) -> None:
        """Take in the contacts one by one, in the order given."""
        floor, settings = self._floor, self._settings
        day, reps, amber = floor.day, floor.reps, settings.amber
        rates: dict[str, float] = {}
        for contact in contacts:
            rep_id = contact.rep_id
            rep = reps.get(rep_id)
            if rep is None:
                rep = reps[rep_id] = RepWatch(contact.team_id)
            elif rep.team_id != contact.team_id:
                judge.move(rep, contact)
                rates.pop(rep_id, None)
            rate = rates.get(rep_id)
            if rate is None:
                rate = rates[rep_id] = self._rate(rep_id, rep)
            rep.contacts_today += 1
            rep.sales_today += contact.sale
            rep.expected_today += rate
            rep.last_day = day
            if not rate or rep.moved_left or not rep.learned(settings):
                continue
            expected = min(rate * rep.theta, MOST)
            evidence = rep.score(contact.sale, expected, settings.guard, settings.ratios)
            if rep.run_contacts == 1:
                rep.run_since_ms = contact.at_ms
            if evidence >= amber or rep.amber or rep.held:
                judge.judge(rep, contact, evidence)

    def _rate(self, rep_id: str, rep: RepWatch) -> float:
        """The rate of the rep's group without the rep; 0 when nothing is known of any day before.

        A rep who moves within a bucket has a second rate there, which takes the own contacts for
        counted: they are few, and nothing is scored for days.
        """
        floor, name = self._floor, rep.team_id
        group = floor.groups[name]
        if floor.sizes.get(name, 0) < self._settings.minimum_team or not group.average:
            name = FLOOR
            group = floor.groups[FLOOR]
        if rep.group != name:
            rep.group, rep.own_sales, rep.own_weight = name, 0.0, 0.0
        held, sold = self._own.pop(rep_id, (0, 0))
        faded = self._fade ** (group.ticks - rep.own_ticks)
        rep.own_sales = rep.own_sales * faded + sold
        rep.own_weight = rep.own_weight * faded + held * group.profile[self._hour]
        rep.own_ticks = group.ticks
        if not group.average:
            return 0.0
        return group.rate(self._hour, rep.own_sales, rep.own_weight)


def _drop(
    out: list[Outcome],
    number: int,
    contacts: int,
    reason: Literal["repeat", "folded", "other_bucket"],
) -> None:
    if contacts:
        out.append(Dropped(bucket=number, contacts=contacts, reason=reason))


@cache
def _zone(name: str) -> Zone:
    return Zone(name)
