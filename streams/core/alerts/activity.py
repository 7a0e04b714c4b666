"""What a team did in five minutes: counts of calls, as each partition hands them on.

Nothing here waits for deals, so it is handed on as soon as a bucket's calls are there. A call that
comes later counts on boards, not here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from streams.core.alerts.contact import BUCKET_MS, bucket_of
from streams.core.alerts.maturing import Site, Span, days_with
from streams.core.calendar import HOUR_MS
from streams.core.contribution import CALL, RETRACTED, at_of, flags_of
from streams.core.lanes import BIT, SHIFT
from streams.core.rep import Rep
from streams.core.scoreboard import Scoreboard
from streams.core.windows import UNASSIGNED

AT_WORK_MS = HOUR_MS
"""A rep is at work in a bucket who has ended a call within so long before its end."""

_DIALS_LANE = 2**32 - 1 << SHIFT["dials"]
_ANSWERED_LANE = 2**32 - 1 << SHIFT["human_answered"]
_DIAL = BIT["dials"]
_CONNECT = BIT["human_answered_outbound"]
_ANSWERED = BIT["human_answered"]
_SHORT = BIT["short_calls"]


class TeamBucket(Struct, array_like=True, frozen=True, gc=False):
    """Counts of a team in the bucket `number`; the array's order is the stored form.

    `reps` are those at work. `connects` are outbound calls that a person answered, `answered` all
    calls that a person answered, `short` those of them that were over at once.
    """

    number: int
    team_id: str
    reps: int
    dials: int
    connects: int
    answered: int
    short: int


class Activity(Struct, array_like=True, frozen=True, tag="activity"):
    """What the teams of a site did, as far as one partition's reps go; `zone` is the site's."""

    partition: int
    site_id: str
    zone: str
    rows: tuple[TeamBucket, ...]


class ActivityTick(Struct, array_like=True, frozen=True, tag="activity-tick"):
    """The sender `partition` has counted all buckets that end at or before `until_ms`."""

    partition: int
    until_ms: int


class _Team(NamedTuple):
    site: Site
    number: int
    team_id: str


class Counting:
    """Adds up what reps did in a span, one rep after the other."""

    def __init__(self, board: Scoreboard, span: Span) -> None:
        self._board = board
        self._span = span
        self._counts: defaultdict[_Team, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])

    def add(self, rep: Rep) -> None:
        """Count the calls of a rep."""
        start_ms, end_ms = self._span
        at_work: set[_Team] = set()
        calls = _calls(self._board, rep, start_ms - AT_WORK_MS, end_ms)
        for at_ms, flags, team in calls:
            place = self._board.place(rep, at_ms)
            team_id = (place.team_id if place.in_roster else team) or UNASSIGNED
            site = Site(place.site.id, place.site.zone.name)
            number = bucket_of(at_ms)
            if at_ms >= start_ms:
                count = self._counts[_Team(site, number, team_id)]
                count[1] += bool(flags & _DIAL)
                count[2] += bool(flags & _CONNECT)
                count[3] += bool(flags & _ANSWERED)
                count[4] += bool(flags & _SHORT)
            first = max(number, bucket_of(start_ms))
            last = min(number + AT_WORK_MS // BUCKET_MS, bucket_of(end_ms))
            at_work.update(_Team(site, one, team_id) for one in range(first, last))
        for one in at_work:
            self._counts[one][0] += 1

    def rows(self) -> dict[Site, list[TeamBucket]]:
        """What was counted, by site, in order."""
        out: dict[Site, list[TeamBucket]] = {}
        for one, (reps, *counts) in sorted(self._counts.items()):
            out.setdefault(one.site, []).append(TeamBucket(one.number, one.team_id, reps, *counts))
        return out


def added(rows: Iterable[TeamBucket]) -> TeamBucket:
    """The sum of a team's counts of one bucket over partitions; at least one."""
    number, team_id, *counts = zip(*((r.number, r.team_id, *_counts(r)) for r in rows), strict=True)
    return TeamBucket(number[0], team_id[0], *(sum(one) for one in counts))


def _counts(row: TeamBucket) -> tuple[int, int, int, int, int]:
    return row.reps, row.dials, row.connects, row.answered, row.short


def _calls(
    board: Scoreboard, rep: Rep, start_ms: int, end_ms: int
) -> Iterator[tuple[int, int, str | None]]:
    """(end, flags, team as the calls say) of the calls that ended in a span."""
    for rep_day in days_with(board, rep, start_ms, end_ms, _DIALS_LANE | _ANSWERED_LANE):
        team = rep_day.team()
        for key, contribution in rep_day.entities.items():
            if key[0] != CALL or not start_ms <= (at_ms := at_of(contribution)) < end_ms:
                continue
            flags = flags_of(contribution)
            if not flags & RETRACTED:
                yield at_ms, flags, team
