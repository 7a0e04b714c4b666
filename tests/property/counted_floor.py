"""The whole core without Kafka: raw records through ledger and scoreboards into rows of totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from streams.core.changelog import ChangelogReader
from streams.core.codec import origin_of, relocated_headers
from streams.core.dead_letter import DeadLetter, dead_letter
from streams.core.deal_desk import DealDesk
from streams.core.events import DEAL_CLOSED, EVENTS
from streams.core.intake import DEAL_POSTINGS, MISROUTED, apply_slice
from streams.core.outcome import Applied
from streams.core.partition import partition_of
from streams.core.plan import Plan, parse_plan
from streams.core.scoreboard import Scoreboard
from streams.core.totals import total_rows
from streams.engine.stores import MemorySegments
from streams.recount.origin import Sending, first_place

MISROUTED_DEALS = "misrouted-deals"
KINDS = {kind: kind for kind in EVENTS}


class Record(NamedTuple):
    """A record as Kafka would hold it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class CountedFloor:
    """Topics of three partitions, and the core that reads them in slices."""

    def __init__(self, plan_text: str, zone: str, detail_days: int, slice_size: int) -> None:
        self.plan: Plan = parse_plan(plan_text, zone)
        self.detail_days, self.slice_size = detail_days, slice_size
        self.logs: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.dead: dict[str, set[Sending]] = defaultdict(set)
        self.partitions = 3
        self.segments: list[tuple[int, bytes, bytes]] = []
        self.dead_letters: list[DeadLetter] = []

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        timestamp: int,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Append to the partition that the key belongs to; without a key to partition 0."""
        partition = 0 if key is None else partition_of(key, self.partitions)
        log = self.logs[topic, partition]
        log.append(Record(topic, partition, len(log), timestamp, key, value, headers))

    def raw(self, topic: str) -> list[Record]:
        """Everything on a topic."""
        return [r for p in range(self.partitions) for r in self.logs[topic, p]]

    def rows(self) -> list[dict[str, Any]]:
        """What the core counts of all that was sent, read back from its changelog."""
        size = range(self.partitions)
        desks = [DealDesk(p, self.partitions, MemorySegments(), self.plan.reversals) for p in size]
        boards = [
            Scoreboard(p, self.partitions, self.plan, MemorySegments(), self.detail_days)
            for p in size
        ]
        for p in size:
            desks[p].new_writer(b"%08d" % p)
            boards[p].new_writer(b"%08d" % p)
        for kind in (DEAL_CLOSED, MISROUTED_DEALS):
            for p, desk in enumerate(desks):
                for piece in self._slices(kind, p):
                    out, postings = desk.apply(piece)
                    self._send_on(out, MISROUTED_DEALS)
                    for posting in postings:
                        value = msgspec.json.encode(posting)
                        self.send(
                            DEAL_POSTINGS, posting.rep_id.encode(), value, piece[-1].timestamp
                        )
        kinds = [kind for kind in EVENTS if kind != DEAL_CLOSED]
        reader = ChangelogReader()
        for kind in (*kinds, DEAL_POSTINGS, MISROUTED):
            for p, board in enumerate(boards):
                for piece in self._slices(kind, p):
                    self._send_on(apply_slice(board, kind, piece, KINDS), MISROUTED)
                    for key, segment in board.take()[0]:
                        self.segments.append((p, key, segment))
                        reader.add(p, key, segment)
        first_day = reader.kept_from(self.detail_days)
        return [
            msgspec.to_builtins(row) for row in total_rows(reader.rep_days, self.plan, first_day)
        ]

    def _slices(self, topic: str, partition: int) -> list[list[Record]]:
        log, size = self.logs[topic, partition], self.slice_size
        return [log[at : at + size] for at in range(0, len(log), size)]

    def _send_on(self, out: Applied, misrouted: str) -> None:
        for record, error in out.dead:
            self.dead_letters.append(dead_letter(record, error))
            self.dead[origin_of(record).topic].add(first_place(record).sending)
        for record, _, key in out.misrouted:
            headers = relocated_headers(record)
            self.send(misrouted, key.encode(), record.value, record.timestamp, headers)
