"""The line of a day: what happened in each half hour, small enough to go with every snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

HALF_HOUR_MS = 1_800_000


class DayLine(Struct, kw_only=True, omit_defaults=True, gc=False):
    """Contacts and net deals (1/10,000) by half hour, from `first` on (half hours since 1970).

    Both lists have the same length. Half hours are counted in UTC, so lines of all zones add up;
    where a zone is off by a quarter the outer ones hold a part of theirs.
    """

    first: int
    contacts: list[int]
    deals_bp: list[int]


def day_line(contacts: Iterable[int], deals: Iterable[tuple[int, int]]) -> DayLine | None:
    """The line of contacts (instants, UTC ms) and deals (instant, net 1/10,000); None for none."""
    reached = Counter([at_ms // HALF_HOUR_MS for at_ms in contacts])
    closed: dict[int, int] = {}
    for at_ms, net in deals:
        slot = at_ms // HALF_HOUR_MS
        closed[slot] = closed.get(slot, 0) + net
    return _line(reached, closed)


def add_lines(lines: Iterable[DayLine | None]) -> DayLine | None:
    """The sum of several lines; None when there is none."""
    reached: dict[int, int] = {}
    closed: dict[int, int] = {}
    for line in lines:
        if line is None:
            continue
        slot = line.first
        for contacts, deals in zip(line.contacts, line.deals_bp, strict=True):
            reached[slot] = reached.get(slot, 0) + contacts
            if deals:
                closed[slot] = closed.get(slot, 0) + deals
            slot += 1
    return _line(reached, closed)


def _line(reached: dict[int, int], closed: dict[int, int]) -> DayLine | None:
    slots = reached.keys() | closed.keys()
    if not slots:
        return None
    first, end = min(slots), max(slots) + 1
    return DayLine(
        first=first,
        contacts=[reached.get(slot, 0) for slot in range(first, end)],
        deals_bp=[closed.get(slot, 0) for slot in range(first, end)],
    )
