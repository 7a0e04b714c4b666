"""A rep of a partition: resident days, settled totals, and what was once looked up about them."""

from __future__ import annotations

from streams.core.calendar import Zone
from streams.core.history import History
from streams.core.past_days import Usual
from streams.core.plan import Place
from streams.core.rep_day import RepDay
from streams.core.snapshot import WindowName
from streams.core.tally import Total


class Rep:
    """One rep of the partition: resident days and settled totals.

    `place` is where the roster has the rep for all time, None when that depends on the time; `zone`
    its zone. `day` is the newest resident day and `newest` its contributions: the hot path's short
    cut. `tail`, `teams`, `last_team` and `usual` are kept here for `windows`. `loaded`: the history
    holds all days; until then, after a recovery, the resident ones only (see `loading`).
    """

    __slots__ = (
        "changed",
        "day",
        "days",
        "history",
        "last_team",
        "loaded",
        "newest",
        "newest_ms",
        "place",
        "rep_id",
        "tail",
        "teams",
        "usual",
        "zone",
    )

    def __init__(self, rep_id: str, place: Place | None) -> None:
        self.rep_id = rep_id
        self.place = place
        self.zone: Zone | None = place.site.zone if place is not None else None
        self.days: dict[int, RepDay] = {}
        self.day = -1
        self.newest: RepDay | None = None
        self.history = History()
        self.loaded = True
        self.changed = False
        self.tail: Tail | None = None
        self.teams: Teams | None = None
        self.last_team: LastTeam | None = None
        self.usual: Memo | None = None
        self.newest_ms: dict[str, int] = {}


class Tail:
    """What a rep did before some day: its newest contacts and the deals closed since the first.

    `days` is what each day from `since` on has of both: contacts as (instant, entity key), deals as
    (instant, gross, reversed) in 1/10,000 of a deal. `contacts`, newest first, and `deals` are of
    all these days together. `stale` are days that have changed since they were looked at. Good
    while `before` is the day that is asked for.
    """

    __slots__ = ("before", "contacts", "days", "deals", "since", "stale")

    def __init__(self, before: int) -> None:
        self.before = before
        self.since = before
        self.days: dict[int, tuple[list[tuple[int, bytes]], list[tuple[int, int, int]]]] = {}
        self.stale: set[int] = set()
        self.contacts: list[tuple[int, bytes]] = []
        self.deals: list[tuple[int, int, int]] = []

    def touch(self, day: int) -> None:
        """A day has changed."""
        if self.since <= day < self.before:
            self.stale.add(day)


class LastTeam:
    """The team that a rep's events named last before some day; None when they named none.

    Good until a day before `before` changes.
    """

    __slots__ = ("before", "team_id")

    def __init__(self, before: int, team_id: str | None) -> None:
        self.before = before
        self.team_id = team_id


class Teams:
    """What a rep added, before some day, to each (team, site) the roster had them in.

    `parts` is by window of whole days. Good until a day before `before` changes.
    """

    __slots__ = ("before", "parts")

    def __init__(self, before: int, parts: dict[tuple[str, str], dict[WindowName, Total]]) -> None:
        self.before = before
        self.parts = parts


class Memo:
    """What was usual for a rep before some day; good until a day before `before` changes."""

    __slots__ = ("before", "value")

    def __init__(self, before: int, value: Usual | None) -> None:
        self.before = before
        self.value = value
