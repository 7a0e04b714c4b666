"""What the lane makes of a fetch is what aiokafka makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.lane.fetched import FetchedRecords, install

STOCK: Any = FetchedRecords.__base__
TP = TopicPartition("calls", 3)
CODECS = {"none": 0, "gzip": 1}
FIRST = 61

records = st.tuples(
    st.none() | st.binary(max_size=5),
    st.none() | st.binary(max_size=20),
    st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=3)), max_size=2),
)
batches = st.lists(st.lists(records, min_size=1, max_size=4), min_size=1, max_size=4)


def _wire(made: Sequence[Sequence[Any]], codec: int = 0, gap: int = 0) -> bytes:
    """Batches as they lie in a log from offset `FIRST` on, `gap` offsets missing between them."""
    out, base = b"", FIRST
    for batch in made:
        builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, 0, 1 << 20)
        for number, (key, value, headers) in enumerate(batch):
            builder.append(number, 1_000 + number, key, value, headers)
        # The base offset is the broker's to set, and no part of the checksum.
        out += base.to_bytes(8, "big") + bytes(builder.build())[8:]
        base += len(batch) + gap
    return out


def _records(kind: Callable[..., Any], wire: bytes, begin: int, isolation: int = 0) -> Any:
    return kind(TP, MemoryRecords(wire), None, begin, None, None, True, isolation)


def _seen(record: Any) -> tuple[Any, ...]:
    place = record.topic, record.partition, record.offset, record.timestamp
    return *place, record.key, record.value, tuple(record.headers)


def _read(made: Any, most: int) -> list[tuple[list[tuple[Any, ...]], int]]:
    """What comes in runs of at most `most`, and where the next fetch begins after each."""
    runs = []
    while True:
        run = []
        for record in made:
            run.append(_seen(record))
            if len(run) == most:
                break
        runs.append((run, made.next_fetch_offset))
        if len(run) < most:
            return runs


@given(
    batches,
    st.sampled_from(sorted(CODECS)),
    st.integers(0, 2),
    st.integers(0, 9),
    st.integers(1, 5),
)
def test_a_fetch_is_read_as_aiokafka_reads_it(
    made: list[list[Any]], codec: str, gap: int, behind: int, most: int
) -> None:
    wire = _wire(made, CODECS[codec], gap)
    ours, theirs = (_records(k, wire, FIRST + behind) for k in (FetchedRecords, STOCK))
    assert _read(ours, most) == _read(theirs, most)


@pytest.mark.parametrize("isolation", [fetcher.READ_UNCOMMITTED, fetcher.READ_COMMITTED])
def test_a_damaged_batch_is_refused_and_read_again_from_its_beginning(isolation: int) -> None:
    whole = _wire([[(b"k", b"value", [])], [(b"k", b"another", [])]])
    damaged = whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:]
    made = _records(FetchedRecords, damaged, FIRST, isolation)
    run = iter(made)
    assert next(run).value == b"value"
    with pytest.raises(CorruptRecordException):
        next(run)
    assert made.next_fetch_offset == FIRST + 1


@pytest.mark.parametrize("isolation", [fetcher.READ_UNCOMMITTED, fetcher.READ_COMMITTED])
def test_marks_of_transactions_are_passed_over(isolation: int) -> None:
    wire = _wire([[(b"\0\0\0\1", b"", [])]])
    # Control batch and transactional: bits 5 and 4 of the attributes, which the checksum covers.
    mark = bytearray(wire)
    mark[22] |= 0b110000
    wire = bytes(mark) + _wire([[(b"k", b"v", [])]])
    ours, theirs = (_records(kind, wire, 0, isolation) for kind in (FetchedRecords, STOCK))
    for made in (ours, theirs):
        made._check_crcs = False
    assert _read(ours, 5) == _read(theirs, 5)


def test_a_fetcher_hands_out_the_lanes_records_once_installed() -> None:
    install()
    assert fetcher.PartitionRecords is FetchedRecords
