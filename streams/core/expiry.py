"""Days that are no longer kept: found some reps at a time, and forgotten once they are removed.

An event for such a day counts nothing from the moment the partition's newest day has moved on (see
`Scoreboard.day`), so it does not matter when its segments go, who removes them, or whether a stale
owner writes one of them again: they are only taking up room.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.core.rep import Rep
from streams.core.scoreboard import Scoreboard
from streams.core.segment import day_prefix, total_key

LOOKS_A_STEP = 5_000
"""Rep-days asked for in one step; one that is not there costs a bloom filter."""


class Expired(NamedTuple):
    """A rep-day that is stored and no longer kept, with the keys of all its segments."""

    rep: Rep
    day: int
    segments: list[bytes]


class Expiry:
    """Finds what one partition no longer keeps; each rep-day is looked for once."""

    def __init__(self, board: Scoreboard) -> None:
        self._board = board
        self._range = range(0)
        self._sweep: Iterator[Expired | None] = iter(())
        self._missed = False

    def find(self, today: int, most: int) -> list[Expired]:
        """At most `most` rep-days to be removed; a step of a sweep that goes on at the next call.

        `today` is the date by the wall clock: a day goes only when it is too old by the clock as
        well as by the partition's newest event. One event from a sender whose clock is years ahead
        must not remove what people look at.
        """
        board = self._board
        if board.unloaded:
            return []  # it is not known yet what there is
        before = min(board.newest_day, today) - board.detail_days + 1
        if before > self._range.stop:
            self._begin(before)
        found: list[Expired] = []
        for _ in range(LOOKS_A_STEP):
            try:
                one = next(self._sweep)
            except StopIteration:
                self._end()
                break
            if one is not None:
                found.append(one)
                if len(found) == most:
                    break
        return found

    def _begin(self, before: int) -> None:
        self._range = range(min(self._board.oldest_day, before), before)
        self._missed = False
        self._sweep = self._look()

    def _end(self) -> None:
        if self._missed:
            self._begin(self._range.stop)
        elif self._board.oldest_day == self._range.start:
            self._board.oldest_day = self._range.stop

    def _look(self) -> Iterator[Expired | None]:
        board = self._board
        for day in self._range:
            for rep in list(board.reps.values()):
                owner = rep.rep_id.encode()
                resident = rep.days.get(day)
                if resident is not None and resident.mark:
                    self._missed = True  # it is written first, by the next commit
                    yield None
                elif board.store.get(total_key(owner, day)) is None:
                    yield None
                else:
                    keys = [key for key, _ in board.store.scan(day_prefix(owner, day))]
                    yield Expired(rep, day, keys)

    def forget(self, expired: list[Expired]) -> list[tuple[bytes, None]]:
        """The tombstones are acknowledged: drop these from totals; what the store has to delete."""
        deletes: list[tuple[bytes, None]] = []
        for rep, day, keys in expired:
            self._board.forget(rep, day)
            deletes += [(key, None) for key in keys]
            deletes.append((total_key(rep.rep_id.encode(), day), None))
        return deletes
