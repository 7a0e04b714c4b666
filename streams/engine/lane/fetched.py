"""What a fetch brought, as records that cost little to make: aiokafka's take twice as long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from msgspec import Struct


class FetchedRecord(Struct, gc=False):
    """A record as it was read from Kafka: a `LogRecord`; timestamp in ms, -1 when unknown."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class FetchedRecords(fetcher.PartitionRecords):  # type: ignore[misc] # aiokafka is not typed
    """One partition's part of a fetch: batches from the wire to `FetchedRecord`s, in offset order.

    Iterating gives what aiokafka's own gives, without its four calls and its garbage-collected
    object for each. What was aborted in a transaction is sorted out where that is asked for
    (`read_committed`), by aiokafka itself.
    """

    next_fetch_offset: int

    def __iter__(self) -> Iterator[FetchedRecord]:
        # The generator as it is: a call of `__next__` in Python for each record is spared.
        records: Iterator[FetchedRecord] = self._records_iterator
        return records

    def _unpack_records(self) -> Iterator[FetchedRecord]:
        if self._isolation_level == fetcher.READ_COMMITTED:
            yield from super()._unpack_records()
            return
        topic, partition = self._tp
        record_of, records = FetchedRecord, self._records
        while records.has_next():
            batch = records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                msg = f"Invalid CRC - {self._tp}"
                raise CorruptRecordException(msg)
            if not batch.is_control_batch:
                # A fetch that begins inside a batch brings the batch's beginning too.
                first = self.next_fetch_offset
                for one in batch:
                    offset = one.offset
                    if offset >= first:
                        # Before it is handed out: whoever stops here goes on behind it.
                        self.next_fetch_offset = offset + 1
                        yield record_of(
                            topic,
                            partition,
                            offset,
                            one.timestamp,
                            one.key,
                            one.value,
                            one.headers or (),  # an empty list would be one more object to collect
                        )
            # Of a compacted batch the end is kept, whatever of it is left.
            self.next_fetch_offset = batch.next_offset


def install() -> None:
    """Make aiokafka's fetchers of this process hand out `FetchedRecord`s."""
    fetcher.PartitionRecords = FetchedRecords
