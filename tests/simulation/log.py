"""Kafka's log in memory: offsets, append time, compaction at any moment, control records."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from random import Random

from faust.types import TP

from streams.core.partition import partition_of
from tests.builders import Record

Headers = Sequence[tuple[str, bytes]]


class PartitionLog:
    """The records of one partition; offsets only grow, but there may be holes."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.offsets: list[int] = []
        self.end = 0

    def read(self, at: int, most: int) -> list[Record]:
        """At most `most` records from offset `at` on."""
        begin = bisect_left(self.offsets, at)
        return self.records[begin : begin + most]

    def compact(self, upto: int) -> int:
        """Keep, below the offset `upto`, only the last record of each key; how many went."""
        last = {record.key: record.offset for record in self.records}
        kept = [r for r in self.records if r.offset >= upto or last[r.key] == r.offset]
        gone = len(self.records) - len(kept)
        self.records, self.offsets = kept, [record.offset for record in kept]
        return gone


class Log:
    """All topics of a cluster, with the same number of partitions."""

    def __init__(self, partitions: int, now_ms: Callable[[], int]) -> None:
        self.count = partitions
        self._now_ms = now_ms
        self._stamp = 0
        self.partitions: dict[TP, PartitionLog] = {}
        self.heard: Callable[[TP], None] = lambda tp: None

    def at(self, tp: TP) -> PartitionLog:
        """One partition; made on first sight."""
        found = self.partitions.get(tp)
        if found is None:
            found = self.partitions[tp] = PartitionLog()
        return found

    def append(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> Record:
        """Append under the time it arrives; no two records have the same timestamp."""
        if partition is None:
            partition = partition_of(key or b"", self.count)
        tp = TP(topic, partition)
        log = self.at(tp)
        self._stamp = max(self._stamp + 1, self._now_ms())
        record = Record(topic, partition, log.end, self._stamp, key, value, headers)
        log.records.append(record)
        log.offsets.append(log.end)
        log.end += 1
        self.heard(tp)
        return record

    def mark(self, tp: TP, dice: Random) -> None:
        """A transaction marker: an offset without a record."""
        self.at(tp).end += dice.randint(1, 3)
        self.heard(tp)

    def all(self, topic: str) -> Iterator[Record]:
        """Every record of a topic, partition by partition."""
        for partition in range(self.count):
            yield from self.at(TP(topic, partition)).records
