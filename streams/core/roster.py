"""Where reps belong: sites, teams, and which rep was in which team when."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from streams.core.calendar import DAY_MS, Shift, Zone

DEFAULT_SITE = "default"
"""The site of whoever is outside the roster."""


class Site(Struct, frozen=True):
    """A place with one time zone; `shifts` in the order of the plan."""

    id: str
    zone: Zone
    shifts: tuple[Shift, ...] = ()


class Team(Struct, frozen=True):
    """A team of a site; `name` is for boards."""

    id: str
    site: Site
    name: str


class Place(Struct, frozen=True):
    """Where a rep belongs at an instant; outside the roster `team_id` is None."""

    team_id: str | None
    site: Site
    in_roster: bool


class Entry(Struct, frozen=True):
    """A rep's time in a team, [from_day, until_day) in local days of its site; None: open."""

    rep_id: str
    team: Team
    name: str | None = None
    from_day: int | None = None
    until_day: int | None = None

    def holds_on(self, day: int) -> bool:
        """True when it holds on that local day."""
        return (self.from_day is None or self.from_day <= day) and (
            self.until_day is None or day < self.until_day
        )

    def overlaps(self, other: Entry) -> bool:
        """True when both hold on some date."""
        return _before(self.from_day, other.until_day) and _before(other.from_day, self.until_day)


class Roster:
    """Who is where when; entries of a rep must not overlap.

    An entry holds from the moment its first date begins in its site's zone. When the next entry
    starts on the date this one ends, the change is at that moment of the new site: a rep who moves
    between zones is never in two places or in none.
    """

    def __init__(self, entries: Iterable[Entry], default: Site) -> None:
        self.outside = Place(None, default, in_roster=False)
        self._entries: dict[str, list[Entry]] = {}
        for entry in sorted(entries, key=_first_day):
            self._entries.setdefault(entry.rep_id, []).append(entry)
        # Rep to (start_ms, place) newest first, down to the one without start.
        self._spans = {rep: self._turn(own) for rep, own in self._entries.items()}

    def place(self, rep_id: str, at_ms: int) -> Place:
        """Where a rep belongs at an instant."""
        for start_ms, place in self._spans.get(rep_id, ()):
            if at_ms >= start_ms:
                return place
        return self.outside

    def fixed_place(self, rep_id: str) -> Place | None:
        """Where a rep belongs for all time; None when that depends on the time."""
        spans = self._spans.get(rep_id)
        if spans is None:
            return self.outside
        if len(spans) == 1 and self._entries[rep_id][0].from_day is None:
            return spans[0][1]
        return None

    def team_on(self, rep_id: str, day: int) -> Team | None:
        """The team of a rep on a local day; None outside the roster."""
        found = (e.team for e in self._entries.get(rep_id, ()) if e.holds_on(day))
        return next(found, None)

    def entries(self) -> list[Entry]:
        """All entries, by rep and then by time."""
        return [entry for rep_id in sorted(self._entries) for entry in self._entries[rep_id]]

    def name_of(self, rep_id: str) -> str | None:
        """The name in the rep's newest entry that has one."""
        names = [entry.name for entry in self._entries.get(rep_id, ()) if entry.name is not None]
        return names[-1] if names else None

    def reps(self) -> list[str]:
        """Every rep with an entry, sorted."""
        return sorted(self._entries)

    def _turn(self, entries: list[Entry]) -> tuple[tuple[float, Place], ...]:
        spans: list[tuple[float, Place]] = []
        for index, entry in enumerate(entries):
            zone = entry.team.site.zone
            first = entry.from_day
            start = float("-inf") if first is None else zone.first_at(first * DAY_MS)
            spans.append((start, Place(entry.team.id, entry.team.site, in_roster=True)))
            following = entries[index + 1].from_day if index + 1 < len(entries) else None
            if entry.until_day is not None and entry.until_day != following:
                spans.append((zone.first_at(entry.until_day * DAY_MS), self.outside))
        return tuple(reversed(spans))


def _first_day(entry: Entry) -> float:
    return float("-inf") if entry.from_day is None else entry.from_day


def _before(start: int | None, end: int | None) -> bool:
    return start is None or end is None or start < end
