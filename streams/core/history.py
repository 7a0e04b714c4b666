"""A rep's settled day totals: every day of the last two weeks, and months behind them.

Calendar windows are sums of these. Days are never closed: when any day changes, its old total is
taken away and the new one added, so the sums are right however late an event comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from streams.core.tally import Total

RECENT_DAYS = 14
_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4096)
def month_of(day: int) -> int:
    """The month a day lies in, counted from year 0."""
    local = date.fromordinal(_EPOCH + day)
    return local.year * 12 + local.month - 1


class History:
    """Day totals of one rep, by day and by month."""

    __slots__ = ("_newest", "months", "recent")

    def __init__(self) -> None:
        self.recent: dict[int, Total] = {}
        self.months: dict[int, Total] = {}
        self._newest = -1

    def change(self, day: int, old: Total | None, new: Total) -> None:
        """A day's total was `old` (None: nothing yet) and is `new` now."""
        month = self.months.setdefault(month_of(day), Total())
        if old is not None:
            month.take(old)
        month.add(new)
        self.note(day, new)

    def note(self, day: int, new: Total) -> None:
        """A day's total is `new`, of a rep whose months are not known yet."""
        if day > self._newest:
            self._newest = day
            floor = day - RECENT_DAYS
            for gone in [d for d in self.recent if d <= floor]:
                del self.recent[gone]
        if day > self._newest - RECENT_DAYS:
            self.recent[day] = new

    def day(self, day: int) -> Total:
        """The total of one of the last `RECENT_DAYS` days; empty when there is none."""
        return self.recent.get(day) or Total()

    def days_before(self, day: int) -> Iterator[int]:
        """Days before `day` that may hold something, newest first; empty months are left out."""
        for month in sorted(self.months, reverse=True):
            if month <= month_of(day) and self.months[month].cell:
                first = date(month // 12, month % 12 + 1, 1).toordinal() - _EPOCH
                last = min(day - 1, first + 30)
                yield from (d for d in range(last, first - 1, -1) if month_of(d) == month)

    def days(self, first: int, end: int) -> Total:
        """The sum of the days [first, end), all within the last `RECENT_DAYS`."""
        out = Total()
        for day, total in self.recent.items():
            if first <= day < end:
                out.add(total)
        return out

    def whole_months(self, first: int, end: int) -> Total:
        """The sum of the months that hold the days [first, end); both bounds begin a month."""
        out = Total()
        for month in range(month_of(first), month_of(end - 1) + 1):
            total = self.months.get(month)
            if total is not None:
                out.add(total)
        return out
