"""How far in event time every partition of the floor has come: which contacts are of age.

A contact may be scored when all that happened before its due instant has been applied: its own
call, and every deal, wherever it came in. A deal takes up to three steps to its rep, and each step
may lie on another worker:

    deal-closed ──▶ misrouted-deals ──▶ deal-postings ──▶ scoreboard        call-ended
                                                              ▲                 │
                                                              └──── misrouted ◀─┘

So every partition tells, after a commit, up to which instant its inputs were applied, and where the
logs it writes to ended then. Who has read a log up to that end has all the sender meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from msgspec import Struct, json

from streams.core.calendar import MINUTE_MS

Stage = Literal["calls", "deals", "postings"]
"""Who speaks: the scoreboard of its calls, the ledger of its deals, the ledger of all deals it was
sent. They write to misrouted, misrouted-deals and deal-postings."""
STAGES: tuple[Stage, ...] = ("calls", "deals", "postings")
NEVER_MS = -1
BEHIND_MS = MINUTE_MS
"""How far behind the wall clock an input is taken to be that was read to its end."""
QUIET_MS = MINUTE_MS
"""From when on an input is quiet."""
MOST_WAITING = 64
"""Words of one sender that may wait for its logs to be read; from there on only the latest."""


class StageClock(Struct, frozen=True):
    """All that happened before `until_ms` was applied, and what it led to lies before `ends`.

    `ends` are the offsets at which the partitions of the log that is written to ended.
    """

    until_ms: int
    ends: list[int]


class PartitionClock(Struct, frozen=True):
    """What one partition tells; Kafka key: its number."""

    partition: int
    calls: StageClock
    deals: StageClock
    postings: StageClock


class FloorClock:
    """What all `count` partitions have told, as one reader of their logs may believe it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._told: dict[tuple[Stage, int], list[StageClock]] = {}
        self._believed: dict[tuple[Stage, int, int], int] = {}

    def hear(self, told: PartitionClock) -> None:
        """A partition has told something; what is older than its last word changes nothing."""
        if not 0 <= told.partition < self.count:
            return
        for stage, one in zip(STAGES, (told.calls, told.deals, told.postings), strict=True):
            held = self._told.setdefault((stage, told.partition), [])
            if len(one.ends) == self.count and (not held or one.until_ms > held[-1].until_ms):
                held.append(one)
                del held[:-MOST_WAITING]

    def lowest_ms(self, stage: Stage, reader: int, applied: int) -> int:
        """All that a stage's senders meant for partition `reader` is there up to this instant.

        `applied` is how far the reader has applied its partition of that stage's log.
        """
        return min(self._believe(stage, sender, reader, applied) for sender in range(self.count))

    def _believe(self, stage: Stage, sender: int, reader: int, applied: int) -> int:
        """The latest word whose log was read to the end it had; a word once believed holds."""
        name = (stage, sender, reader)
        until_ms = self._believed.get(name, NEVER_MS)
        for one in reversed(self._told.get((stage, sender), ())):
            if one.until_ms <= until_ms:
                break
            if one.ends[reader] <= applied:
                self._believed[name] = until_ms = one.until_ms
                break
        return until_ms

    def behind(self, stage: Stage, reader: int, applied: int) -> list[int]:
        """The senders that a reader waits for: those with the lowest word it believes."""
        believed = [self._believe(stage, sender, reader, applied) for sender in range(self.count)]
        return [sender for sender, at in enumerate(believed) if at == min(believed)]

    def forget(self) -> None:
        """Believe nothing any more: logs may be read on from further back."""
        self._believed.clear()


class InputAge(NamedTuple):
    """An input of a partition: newest event time and when its last record was written, UTC ms.

    Both None: nothing has come since the start. `at_end`: it is read to its end.
    """

    newest_ms: int | None
    written_ms: int | None
    at_end: bool

    def quiet(self, now_ms: int) -> bool:
        """Read to the end, and nothing has come for a while: nobody knows of anything older.

        A history that is read as fast as it is sent is at its end all the time, and not done.
        """
        return self.at_end and (self.written_ms is None or now_ms - self.written_ms >= QUIET_MS)


def input_clock(inputs: Iterable[InputAge], now_ms: int) -> int:
    """The instant up to which inputs were applied.

    The lowest newest event time of those that are not quiet. All quiet: a little behind the wall
    clock.
    """
    held = [one.newest_ms for one in inputs if not one.quiet(now_ms)]
    return min((NEVER_MS if one is None else one for one in held), default=now_ms - BEHIND_MS)


def encode_clock(told: PartitionClock) -> tuple[bytes, bytes]:
    """(key, value) of a record that tells it."""
    return b"%d" % told.partition, _encode(told)


def decode_clock(value: bytes) -> PartitionClock:
    """What `encode_clock` made; raises one of `malformed.DECODE_FAILURES`."""
    return _decode(value)


_encode = json.Encoder().encode
_decode = json.Decoder(PartitionClock).decode
