"""A ledger of many deals: what an event costs when its deal is new, in memory, or on disk.

The core and RocksDB in this process. The deals are written straight into the store, in the form a
worker gives them; then come slices of events, with a commit after each.
"""

from __future__ import annotations

import gc
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import json
from rich.progress import track

from streams.core.deal_desk import NO_DAY, PRESENT, RESIDENT, DealDesk
from streams.core.events import DEAL_CLOSED
from streams.core.segment import parse_segment_key, segment_key, total_key
from streams.engine.stores import RocksMemory, RocksSegments
from tests.bench.calls import instant
from tests.bench.days import FIRST_MS, WRITER, Record
from tests.bench.report import Figure, Report

SLICE, BATCH = 1_000, 10_000
EVENTS = 20_000
HOT = 2_000
"""Deals that have all their events one after the other."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class _Cost(NamedTuple):
    """Of one kind of event: microseconds of CPU in all, and in the store's `get` alone."""

    event_us: float
    get_us: float


def measure_ledger(deals: int) -> Report:
    """Cost of events and memory beside that many deals on disk."""
    gc.collect()
    with tempfile.TemporaryDirectory(prefix="floorcast-bench-") as place:
        store = RocksSegments(Path(place) / "ledger", RocksMemory())
        desk = DealDesk(0, 1, store, "restate")
        desk.new_writer(WRITER)
        stored = _fill(store, deals)
        before = _rss_mb()
        random_ = random.Random(3)
        known = [random_.randrange(deals) for _ in range(EVENTS)]
        fresh = _cost(desk, range(deals, deals + EVENTS))
        cold = _cost(desk, known)
        hot = _cost(desk, [known[-1 - number % HOT] for number in range(EVENTS)])
        after = _rss_mb()
        disk = sum(file.stat().st_size for file in Path(place).rglob("*") if file.is_file())
        store.close()
    figures = [
        Figure("event of a new deal", _words(fresh), "get 0.2 - 0.4 us"),
        Figure("event of a deal on disk", _words(cold), "get 1 - 6 us"),
        Figure("event of a deal in memory", _words(hot)),
        Figure("ratio of on disk to in memory", f"{cold.event_us / hot.event_us:.1f}"),
        Figure("memory before, after the events", f"{before:,.0f}, {after:,.0f} MiB", "bounded"),
        Figure("deals in memory at most, a partition", f"{RESIDENT:,} and a commit's"),
        Figure("a deal's segment, on disk", f"{stored / deals:.0f} B, {disk / deals:.0f} B"),
    ]
    title = f"ledger: {deals:,} deals of one partition, on disk"
    return Report(title, figures, "CPU time of one process; each event makes its deal's postings")


def _words(cost: _Cost) -> str:
    return f"{cost.event_us:.0f} us, get {cost.get_us:.1f} us"


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20


def _event(number: int, status: str, at_ms: int) -> bytes:
    return json.encode(
        {
            "event_id": f"ev-{number}-{status}",
            "source": "crm",
            "occurred_at": instant(at_ms),
            "closed_at": instant(FIRST_MS),
            "rep_id": f"rep-{number % 10_000:05d}",
            "deal_id": f"deal-{number:08d}",
            "status": status,
            "currency": "EUR",
            "amount_minor": 4_900,
            "lines": [{"product_id": "mobile-l", "quantity": 1, "amount_minor": 4_900}],
            "customer_id": f"customer-{number:08d}",
        }
    )


def _fill(store: RocksSegments, deals: int) -> int:
    """Write so many deals of one event each; bytes of their segments."""
    sample = DealDesk(0, 1, store, "restate")
    sample.new_writer(WRITER)
    sample.apply([Record(DEAL_CLOSED, 0, FIRST_MS + 1, _event(0, "won", FIRST_MS))])
    (((key, value),), _) = sample.take()
    owner = parse_segment_key(key)[0]
    number = owner.rpartition(b"-")[2]
    size = 0
    batches = range(0, deals, BATCH)
    for first in track(batches, description="writing deals", transient=True):
        items: list[tuple[bytes, bytes | None]] = []
        for deal in range(first, min(first + BATCH, deals)):
            digits = b"%08d" % deal
            name = owner.replace(number, digits)
            segment = value.replace(number, digits)
            items.append((segment_key(name, NO_DAY, b"earlier.", 0), segment))
            items.append((total_key(name, NO_DAY), PRESENT))
            size += len(items[-2][0]) + len(segment)
        store.write(items, first)
    return size


def _cost(desk: DealDesk, deals: Iterator[int] | range | list[int]) -> _Cost:
    """An event for each of these deals, in slices; a commit after each slice is not counted."""
    numbers = list(deals)
    keys = [total_key(f"crm\x1fdeal-{number:08d}".encode(), NO_DAY) for number in numbers]
    began_s = time.process_time()
    for key in keys:
        desk.store.get(key)
    get_s = time.process_time() - began_s
    apply_s = 0.0
    for at in range(0, len(numbers), SLICE):
        records = [
            Record(DEAL_CLOSED, 10**6 + at + i, FIRST_MS + 2, _event(number, "amended", FIRST_MS))
            for i, number in enumerate(numbers[at : at + SLICE])
        ]
        began_s = time.process_time()
        desk.apply(records)
        apply_s += time.process_time() - began_s
        segments, marks = desk.take()
        desk.store.write([*segments, *marks], desk.store.offset() + len(segments))
        desk.evict()
    return _Cost(apply_s / len(numbers) * 1e6, get_s / len(numbers) * 1e6)
