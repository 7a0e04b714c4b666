"""What the detector knows of a rep now: what usual stands on, the run, and why nothing is told."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from streams.core.alerts.also import Also
from streams.core.alerts.contact import BUCKET_MS
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.floor_watch import FLOOR, FloorWatch, standing
from streams.core.alerts.group import MOST
from streams.core.alerts.outcomes import Standing
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.step import fade_of, zone_of
from streams.core.calendar import DAY_MS, HOUR_MS


class UsualRate(Struct, frozen=True, kw_only=True):
    """What a rep usually sells: `sales` in `contacts` of `days` working days.

    `expected` is what a rep of the group's rate would have sold of them; `ratio` is the rep's rate
    over the group's, older days counting less, drawn to 1 by `pull` expected sales.
    """

    days: int
    contacts: int
    sales: int
    expected: float
    ratio: float
    pull: float


class GroupNow(Struct, frozen=True, kw_only=True):
    """Whom a rep is held against: a team by its id, or "" for the floor.

    `reps` were at work lately. `rate` is the chance of a sale in the local `hour`, the rep's own
    contacts left out; `average` that of the days before. Both 0 while nothing is known.
    """

    group: str
    reps: int
    hour: int
    rate: float
    average: float


class Run(Struct, frozen=True, kw_only=True):
    """The contacts since there was no evidence: what an alert would tell of.

    `also` is what it would say of short calls, talk time and leads; empty while too few usual days
    are known.
    """

    contacts: int
    sales: int
    expected: float
    since_ms: int
    also: tuple[Also, ...] = ()


class WorkedDay(Struct, frozen=True, kw_only=True):
    """A working day, `ago` working days before the one that is open (0).

    `expected`: sales at the rep's usual ratio to the group's rate of that day. `in_usual`: it is
    one of those the usual rate stands on.
    """

    ago: int
    contacts: int
    sales: int
    expected: float
    in_usual: bool


class RepExplained(Struct, frozen=True, kw_only=True):
    """All of it. `partition` of matured-contacts holds the site.

    `scored_until_ms`: contacts that ended before it are scored; -1: none are. `waits_for` are the
    senders whose tick is the lowest, or missing. `waiting` contacts of the partition have come and
    are not scored yet. `open_red` is the id of a red that was told and is not over. `silent` says
    why a drop would not be told now, "" when it would.
    """

    rep_id: str
    site_id: str
    team_id: str
    standing: Standing
    red: float
    amber: float
    usual: UsualRate
    group: GroupNow
    expected: float
    run: Run
    open_red: str
    moved_days_left: int
    days: tuple[WorkedDay, ...]
    partition: int
    scored_until_ms: int
    waits_for: tuple[int, ...]
    waiting: int
    silent: str


def explain(
    desks: Mapping[int, AlertDesk], rep_id: str, settings: AlertSettings, days: int = 10
) -> list[RepExplained]:
    """What each partition's desk knows of a rep, site by site; empty: nobody has heard of it.

    `days` are how many of the newest working days are told one by one.
    """
    return [
        _explain((partition, desk), floor, rep_id, settings, days)
        for partition, desk in sorted(desks.items())
        for _, floor in sorted(desk.floors.items())
        if rep_id in floor.reps
    ]


def _explain(
    where: tuple[int, AlertDesk], floor: FloorWatch, rep_id: str, settings: AlertSettings, days: int
) -> RepExplained:
    partition, desk = where
    rep, stands = floor.reps[rep_id], standing(floor, rep_id, settings)
    group = group_now(floor, rep, settings)
    return RepExplained(
        rep_id=rep_id,
        site_id=floor.site_id,
        team_id=rep.team_id,
        standing=stands,
        red=settings.red,
        amber=settings.amber,
        usual=UsualRate(
            days=rep.base_days,
            contacts=rep.base_contacts,
            sales=rep.base_sales,
            expected=rep.base_expected,
            ratio=rep.theta,
            pull=floor.pull,
        ),
        group=group,
        expected=min(group.rate * rep.theta, MOST),
        run=Run(
            contacts=rep.run_contacts,
            sales=rep.run_sales,
            expected=rep.run_expected,
            since_ms=rep.run_since_ms if rep.run_contacts else 0,
            also=rep.also(floor.campaigns.names()) if rep.run_contacts else (),
        ),
        open_red=rep.open.alert_id if rep.open else "",
        moved_days_left=rep.moved_left,
        days=tuple(_days(rep, days)),
        partition=partition,
        scored_until_ms=desk.folded_ms,
        waits_for=tuple(desk.ticks.behind()),
        waiting=desk.waiting(),
        silent=_silent(stands, floor, rep),
    )


def group_now(floor: FloorWatch, rep: RepWatch, settings: AlertSettings) -> GroupNow:
    """The group's rate behind the bucket that was folded last, as the rep's next contact has it."""
    start_ms = max(floor.newest, 0) * BUCKET_MS
    hour = (start_ms + zone_of(floor.zone).offset_ms(start_ms)) % DAY_MS // HOUR_MS
    group = floor.groups[rep.group]
    faded = fade_of(settings) ** (group.ticks - rep.own_ticks)
    rate = 0.0
    if group.average:
        rate = group.rate(hour, rep.own_sales * faded, rep.own_weight * faded)
    reps = sum(floor.sizes.values()) if rep.group == FLOOR else floor.sizes.get(rep.group, 0)
    return GroupNow(group=rep.group, reps=reps, hour=hour, rate=rate, average=group.average)


def _days(rep: RepWatch, count: int) -> list[WorkedDay]:
    """The newest `count` working days, the newest first."""
    past = rep.past_days()
    base = rep.base_of(past)
    out = []
    if rep.contacts_today:
        out.append((0, rep.contacts_today, rep.sales_today, rep.expected_today, False))
    for at in range(len(past) - 1, -1, -1):
        out.append((len(past) - at, *past[at], at in base))
    return [
        WorkedDay(
            ago=ago, contacts=contacts, sales=sales, expected=expected * rep.theta, in_usual=usual
        )
        for ago, contacts, sales, expected, usual in out[:count]
    ]


def _silent(stands: Standing, floor: FloorWatch, rep: RepWatch) -> str:
    """Why a drop of the rep would not be told now."""
    if floor.silent:
        return f"no sale of anybody in {floor.dry_contacts:,} contacts: nobody is scored"
    if stands.state == "moved":
        return (
            f"moved to another team: {rep.moved_left} working days, an open one too, are not scored"
        )
    if stands.state == "learning":
        return f"learning: {stands.have:,} of {stands.need:,} {stands.unit} of a usual rate"
    if not floor.groups[rep.group].average:
        return "nothing is known of the group's days before"
    return ""
