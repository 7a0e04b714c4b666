"""The watches of what teams do, of one site: a bucket of counts folded into its state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct, field

from streams.core.alerts.activity import TeamBucket
from streams.core.alerts.activity_watch import RULES, ActivityWatch, Count, Verdict
from streams.core.alerts.contact import BUCKET_MS
from streams.core.alerts.new_day import FORGET_DAYS
from streams.core.alerts.outcomes import ActivityChanged, Metric
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.step import zone_of
from streams.core.calendar import DAY_MS, HOUR_MS


class ActivityFloor(Struct, array_like=True):
    """The teams of a site; the array's order is the stored form.

    `zone` is the site's IANA time zone, `newest` the bucket folded last, `day` its local day.
    `teams` is team to its watches, in the order of `RULES`, `last_days` to the local day on which
    it was last at work.
    """

    site_id: str
    zone: str
    newest: int = -1
    day: int = -1
    teams: dict[str, list[ActivityWatch]] = field(default_factory=dict)
    last_days: dict[str, int] = field(default_factory=dict)


def fold_activity(
    floor: ActivityFloor, number: int, rows: Iterable[TeamBucket], settings: AlertSettings
) -> tuple[ActivityFloor, list[ActivityChanged]]:
    """(the state after a bucket, what there is to say); the state is changed in place.

    `rows` are one a team. Buckets come in ascending order; one that was folded changes nothing.
    """
    if number <= floor.newest:
        return floor, []
    floor.newest = number
    start_ms = number * BUCKET_MS
    day, of_day_ms = divmod(start_ms + zone_of(floor.zone).offset_ms(start_ms), DAY_MS)
    out: list[ActivityChanged] = []
    if day > floor.day:
        out += _begin_day(floor, day, start_ms)
    for row in sorted(rows, key=lambda one: one.team_id):
        watches = floor.teams.setdefault(row.team_id, [ActivityWatch() for _ in RULES])
        floor.last_days[row.team_id] = floor.day
        of_and_seen = (row.dials, row.connects), (row.reps, row.dials), (row.answered, row.short)
        for rule, watch, (of, seen) in zip(RULES, watches, of_and_seen, strict=True):
            count = Count(start_ms, of_day_ms // HOUR_MS, of, seen)
            found = watch.score(rule, count, settings)
            if found is not None:
                out.append(_said(floor, row.team_id, rule.metric, watch, found))
    return floor, out


def _begin_day(floor: ActivityFloor, day: int, at_ms: int) -> list[ActivityChanged]:
    """Close the day before; what was red of teams that are forgotten is over."""
    floor.day = day
    out: list[ActivityChanged] = []
    for team_id, watches in sorted(floor.teams.items()):
        # A state of an earlier release does not say when a team was last at work.
        if day - floor.last_days.setdefault(team_id, day) <= FORGET_DAYS:
            for watch in watches:
                watch.close_day()
            continue
        for rule, watch in zip(RULES, watches, strict=True):
            if watch.red_id:
                end = watch.gone(at_ms)
                out.append(_said(floor, team_id, rule.metric, watch, end, why="gone"))
        del floor.teams[team_id], floor.last_days[team_id]
    return out


def _said(
    floor: ActivityFloor,
    team_id: str,
    metric: Metric,
    watch: ActivityWatch,
    found: Verdict,
    *,
    why: Literal["evidence", "gone"] = "evidence",
) -> ActivityChanged:
    name = "\x1f".join((metric, floor.site_id, team_id, found.state, str(found.at_ms)))
    own_id = hashlib.sha256(name.encode()).hexdigest()[:32]
    ends = watch.red_id
    watch.red_id = own_id if found.state == "red" else ""
    return ActivityChanged(
        id=own_id,
        metric=metric,
        state=found.state,
        ends=ends,
        team_id=team_id,
        at_ms=found.at_ms,
        since_ms=found.since_ms,
        seen=found.seen,
        of=found.of,
        expected=found.expected,
        days=found.days,
        usual_days=watch.days,
        why=why,
    )
