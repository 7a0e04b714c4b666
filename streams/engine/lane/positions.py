"""How far each input partition was read, and how far it was applied."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from faust.types import TP


class Verdict(Enum):
    """What to do with records that came from the log."""

    DELIVER = auto()
    """They go on from where the last slice ended, or the hole before them is real."""
    IGNORE = auto()
    """The partition is not open: nobody knows yet where reading starts."""
    SEEK = auto()
    """They do not go on from there: read again from the position, once."""
    LOST = auto()
    """Even so they lie wholly below the position: this is not the log that was read before."""


class Positions:
    """Two offsets for each partition: the next one expected from the log, and the next to apply.

    Both live for one session, which is one assignment: a position that outlived it could be
    committed over the work of another owner, because Kafka takes a commit for any partition from
    any member of the current generation. So do holds: the host asks for them again.
    """

    def __init__(self) -> None:
        self.session = 0
        self.applied: dict[TP, int] = {}
        self.delivered: dict[TP, int] = {}
        self.held: set[TP] = set()
        self.seeks_back = 0
        self.real_holes = 0
        self.void_slices = 0
        self.redeliveries = 0
        self._sought: dict[TP, int] = {}

    def close(self) -> None:
        """End the session: no slice read in it is applied any more, and no position is known."""
        self.void()
        self.applied.clear()
        self.delivered.clear()
        self.held.clear()
        self._sought.clear()

    def void(self) -> None:
        """Void all slices in flight; what was applied can still be committed."""
        self.session += 1

    def open(self, starts: Mapping[TP, int]) -> None:
        """Start reading: from here on every slice must begin where the last one ended.

        Called again in the same session it opens nothing twice: what was applied stays applied.
        """
        for tp, start in starts.items():
            self.applied.setdefault(tp, start)
        self.delivered.update(starts)
        self._sought.clear()

    def redeliver(self) -> None:
        """Expect again what was delivered but not applied.

        A fresh start for holes too: the seek that follows this is not the one that was made before.
        """
        for tp in self.delivered:
            self.delivered[tp] = self.applied[tp]
        self._sought.clear()
        self.redeliveries += 1

    def judge(self, tp: TP, first: int, last: int) -> Verdict:
        """What to do with records `first` to `last` (offsets) of a partition.

        A fetch that began before a rebalance or a seek may return after it. So records from
        elsewhere are not believed at once: read again from the expected position; what comes the
        second time is what the log holds there.
        """
        at = self.delivered.get(tp)
        if at is None:
            return Verdict.IGNORE
        if first <= at <= last:
            return Verdict.DELIVER
        if self._sought.get(tp) != at:
            self._sought[tp] = at
            self.seeks_back += 1
            return Verdict.SEEK
        if last < at:
            return Verdict.LOST
        self.real_holes += 1  # control records, or records that were deleted
        return Verdict.DELIVER

    def unseek(self, tp: TP) -> None:
        """The seek that `judge` asked for did not happen; it will ask again."""
        self._sought.pop(tp, None)

    def hold(self, tp: TP) -> None:
        """Stop applying a partition; its slices in flight are void."""
        self.held.add(tp)

    def release(self, tp: TP) -> None:
        """Go on with a held partition from the last position applied."""
        self.held.discard(tp)
        if tp in self.applied:
            self.delivered[tp] = self.applied[tp]
            self._sought.pop(tp, None)

    def to_commit(self, committed: Mapping[TP, int | None]) -> dict[TP, int]:
        """The positions that are ahead of what is committed."""
        return {tp: at for tp, at in self.applied.items() if at > (committed.get(tp) or 0)}
