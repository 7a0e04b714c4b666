"""Instants out of cells: date, time, zone and format, to RFC 3339 with offset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from producers.csv_import.units import WrongText

Cells = dict[str, str]
_HALF_A_DAY = timedelta(hours=12)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(Struct, frozen=True):
    """Where an instant stands in a row: `at` in one column, or `date` and `time` in two.

    Of several columns of `at` or `time` the first that is not empty counts; none: no instant. A
    local time that a change of the clocks repeats is taken as the first of the two.
    `next_day_after` names the column of an earlier time: a time more than twelve hours before it is
    one of the next day. `plus` are durations of the row that are added.
    """

    zone: ZoneInfo
    at: Sequence[str] = ()
    format: str = "iso"
    date: str = ""
    date_format: str = "%Y-%m-%d"
    time: Sequence[str] = ()
    time_format: str = "%H:%M:%S"
    empty: frozenset[str] = frozenset({""})
    next_day_after: str = ""
    plus: Sequence[tuple[str, Callable[[str], object]]] = ()

    def of(self, cells: Cells) -> str | None:
        """The instant as RFC 3339 with offset; None when its cells are empty. Raises WrongText."""
        moment = self._at(cells) if self.at else self._date_and_time(cells)
        if moment is None:
            return None
        more_ms = sum(
            ms
            for column, to_ms in self.plus
            if cells[column] and isinstance(ms := to_ms(cells[column]), int)
        )
        if more_ms:
            # Durations pass in real time; local arithmetic would lose an hour over a clock change.
            moment = (moment.astimezone(UTC) + timedelta(milliseconds=more_ms)).astimezone(
                self.zone
            )
        return moment.isoformat()

    def _at(self, cells: Cells) -> datetime | None:
        text = self._first(self.at, cells)
        if text is None:
            return None
        if self.format in ("epoch_s", "epoch_ms"):
            return _from_epoch(text, self.format == "epoch_ms")
        moment = _moment(text, self.format)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def _date_and_time(self, cells: Cells) -> datetime | None:
        day_text, time_text = cells[self.date], self._first(self.time, cells)
        if day_text in self.empty or time_text is None:
            return None
        day, clock = _date(day_text, self.date_format), _time(time_text, self.time_format)
        if self.next_day_after:
            before = _time(cells[self.next_day_after], self.time_format)
            if datetime.combine(day, before) - datetime.combine(day, clock) > _HALF_A_DAY:
                day += timedelta(days=1)
        return datetime.combine(day, clock, self.zone)

    def _first(self, columns: Sequence[str], cells: Cells) -> str | None:
        return next((cells[name] for name in columns if cells[name] not in self.empty), None)


def _from_epoch(text: str, ms: bool) -> datetime:
    try:
        number = int(text) if ms else round(float(text) * 1000)
        return _EPOCH + timedelta(milliseconds=number)
    except (ValueError, OverflowError):
        msg = "must be a number of seconds or milliseconds since 1970"
        raise WrongText(msg) from None


# A file names few dates and at most 86,400 times of day; parsing each once is most of the speed.
@lru_cache(maxsize=20_000)
def _date(text: str, form: str) -> date:
    return _parsed(text, form).date()


@lru_cache(maxsize=200_000)
def _time(text: str, form: str) -> time:
    return _parsed(text, form).time()


def _moment(text: str, form: str) -> datetime:
    return _parsed(text, form)


def _parsed(text: str, form: Literal["iso"] | str) -> datetime:
    try:
        if form == "iso":
            return datetime.fromisoformat(text)
        # The zone, where the format has none, is the mapping's and is set by the caller.
        return datetime.strptime(text, form)  # noqa: DTZ007  # the caller sets the zone
    except ValueError:
        msg = f"must be a time of the form {form}"
        raise WrongText(msg) from None
