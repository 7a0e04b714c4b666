"""Local days, weeks, months and shifts of a site's time zone.

A day is the number of days since 1970-01-01 of the date that the local clock shows. Zone rules come
from the `tzdata` package, never from the machine, so that every worker cuts days the same way.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from msgspec import Struct

from streams.core.errors import SettingsError

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_FARTHEST_MS = 16 * HOUR_MS
"""No local clock has ever been further from UTC."""
_MOST_CACHED = 65_536


def date_of(day: int) -> date:
    """The date of a day number; raises ValueError outside the years 1 to 9999."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def day_number(day: date) -> int:
    """The day number of a date: days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def week_days(day: int) -> tuple[int, int]:
    """The week of a day, Monday to Sunday, as half-open day numbers."""
    monday = day - weekday(day)
    return monday, monday + 7


def month_days(day: int) -> tuple[int, int]:
    """The calendar month of a day as half-open day numbers."""
    first = date_of(day).replace(day=1)
    return _months(first, 1)


def quarter_days(day: int) -> tuple[int, int]:
    """The calendar quarter of a day (from January, April, July, October), half-open day numbers."""
    now = date_of(day)
    return _months(now.replace(month=(now.month - 1) // 3 * 3 + 1, day=1), 3)


def year_days(day: int) -> tuple[int, int]:
    """The calendar year of a day as half-open day numbers."""
    return _months(date_of(day).replace(month=1, day=1), 12)


def weekday(day: int) -> int:
    """0 for Monday to 6 for Sunday."""
    return (day + 3) % 7


def _months(first: date, months: int) -> tuple[int, int]:
    years, month = divmod(first.month - 1 + months, 12)
    end = date(first.year + years, month + 1, 1)
    return day_number(first), day_number(end)


class Zone:
    """A time zone by its IANA name; raises SettingsError when there is none of that name.

    `hours` is hour number (`at_ms // HOUR_MS`) to offset in ms, for hours asked about in which the
    offset stays the same; a hot loop reads it itself and calls `fill` for what is absent. Exact
    from 1970 on: since then no zone has changed its offset twice within an hour of UTC.
    """

    __slots__ = ("_info", "_instants", "hours", "name")

    def __init__(self, name: str) -> None:
        self._info = _rules(name)
        self.name = name
        self.hours: dict[int, int] = {}
        self._instants: dict[int, int] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Zone) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def offset_ms(self, at_ms: int) -> int:
        """Local clock less UTC at an instant, ms."""
        offset = self.hours.get(at_ms // HOUR_MS)
        return self.fill(at_ms) if offset is None else offset

    def day_of(self, at_ms: int) -> int:
        """The local day of an instant."""
        offset = self.hours.get(at_ms // HOUR_MS)
        if offset is None:
            offset = self.fill(at_ms)
        return (at_ms + offset) // DAY_MS

    def fill(self, at_ms: int) -> int:
        """The offset at an instant, ms; put into `hours` when its whole hour has the same."""
        hour = at_ms // HOUR_MS
        first = self._uncached(hour * HOUR_MS)
        if first != self._uncached((hour + 1) * HOUR_MS - 1):
            return self._uncached(at_ms)
        if len(self.hours) >= _MOST_CACHED:
            self.hours.clear()
        self.hours[hour] = first
        return first

    def day_bounds(self, day: int) -> tuple[int, int]:
        """(start_ms, end_ms) of a local day, half-open; days tile time, and a skipped one is empty.

        A day starts when the local clock first shows its date or a later one. Where a clock is set
        back over midnight (St John's until 2011, bases in Antarctica) the repeated stretch belongs
        to the later day here, while `day_of` gives the date shown.
        """
        return self.first_at(day * DAY_MS), self.first_at((day + 1) * DAY_MS)

    def first_at(self, local_ms: int) -> int:
        """The first instant at which the local clock shows `local_ms` or later.

        `local_ms` counts like UTC milliseconds, on the local clock. A time that the clock skips is
        taken as the moment it skips, a time that it shows twice as the first.
        """
        found = self._instants.get(local_ms)
        if found is None:
            if len(self._instants) >= _MOST_CACHED:
                self._instants.clear()
            found = self._instants[local_ms] = self._search(local_ms)
        return found

    def _search(self, local_ms: int) -> int:
        hour = (local_ms - _FARTHEST_MS) // HOUR_MS
        while True:
            start, end = hour * HOUR_MS, (hour + 1) * HOUR_MS
            change = self._change_in(start, end)
            for piece_start, piece_end in ((start, change), (change, end)):
                at_ms = max(piece_start, local_ms - self.offset_ms(piece_start))
                if at_ms < piece_end:
                    return at_ms
            hour += 1

    def _change_in(self, start: int, end: int) -> int:
        """The instant within [start, end) the offset changes at; `start` when it does not."""
        after = self.offset_ms(end - 1)
        if self.offset_ms(start) == after:
            return start
        while end - start > 1:
            middle = (start + end) // 2
            if self.offset_ms(middle) == after:
                end = middle
            else:
                start = middle
        return end

    def _uncached(self, at_ms: int) -> int:
        local = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(self._info)
        offset = local.utcoffset() or timedelta()
        return offset // timedelta(milliseconds=1)


class Shift(Struct, frozen=True):
    """A shift of a site: minutes of the local day it starts at, `end` > `start` it ends at.

    An `end` beyond 1440 lies on the next day. `weekdays` are those it starts on, 0 for Monday.
    """

    name: str
    start: int
    end: int
    weekdays: frozenset[int] = frozenset(range(7))


def shift_at(zone: Zone, shifts: Sequence[Shift], at_ms: int) -> tuple[str, int, int] | None:
    """(name, start_ms, end_ms), half-open, of the shift running at an instant; None when none is.

    Start and end are taken from the local clock, so on the nights it changes a shift is an hour
    shorter or longer. Of several, the one that started last; of these, the first in `shifts`.
    """
    today = zone.day_of(at_ms)
    running: tuple[str, int, int] | None = None
    for day in (today - 1, today, today + 1):
        for shift in shifts:
            if weekday(day) in shift.weekdays:
                start_ms = zone.first_at(day * DAY_MS + shift.start * MINUTE_MS)
                end_ms = zone.first_at(day * DAY_MS + shift.end * MINUTE_MS)
                if start_ms <= at_ms < end_ms and (running is None or start_ms > running[1]):
                    running = (shift.name, start_ms, end_ms)
    return running


def next_shift_start(zone: Zone, shifts: Sequence[Shift], at_ms: int) -> int | None:
    """The next instant after `at_ms`, today or tomorrow, at which a shift starts; None for none."""
    today = zone.day_of(at_ms)
    starts = (
        zone.first_at(day * DAY_MS + shift.start * MINUTE_MS)
        for day in (today, today + 1)
        for shift in shifts
        if weekday(day) in shift.weekdays
    )
    return min((start_ms for start_ms in starts if start_ms > at_ms), default=None)


@cache
def zone_names() -> frozenset[str]:
    """Every name a `Zone` can have."""
    return frozenset((resources.files("tzdata") / "zones").read_text("ascii").split())


@cache
def _rules(name: str) -> ZoneInfo:
    if name not in zone_names():
        msg = f"zone {name!r}: no such IANA time zone{_nearest_zone(name)}"
        raise SettingsError([msg])
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def _nearest_zone(name: str) -> str:
    full = {known.lower(): known for known in sorted(zone_names())}
    wanted = name.lower().replace(" ", "_")
    places = {known.rsplit("/", 1)[-1]: known for known in full}  # `shanghai`, without `asia/`
    for names in (full, places):
        if close := difflib.get_close_matches(wanted, names, 1):
            return f"; did you mean {full.get(close[0]) or full[places[close[0]]]}?"
    return "; names look like Europe/Berlin"
