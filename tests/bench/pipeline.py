"""The whole pipeline on real Kafka: events per CPU-second of one worker that has much to read.

Fetch, decode, validate, dedupe, merge, changelog, acknowledgements, RocksDB, offsets, snapshots.
"""

from __future__ import annotations

import time

from streams.core.events import CALL_ENDED
from tests.bench.calls import calls
from tests.bench.fetch import measure_fetch
from tests.bench.floor import BenchWorker, bench_floor
from tests.bench.report import Figure, Report

DAY_MS = 86_400_000
DAYS = 8
"""The events lie on so many days up to now: 125 calls a rep and day with a million."""

CONSUMED, RECORDS = "floorcast_events_consumed_total", "floorcast_changelog_records_total"
BYTES = "floorcast_changelog_bytes_total"


class _At:
    """A worker's clocks at one moment, with what it had consumed by then."""

    def __init__(self, worker: BenchWorker, consumed: float) -> None:
        self.consumed = consumed
        self.cpu_s = worker.cpu_s()
        self.wall_s = time.perf_counter()


def measure_pipeline(events: int, reps: int, **settings: str) -> Report:
    """Fill a topic, let a worker read it, and fetch and decode the same topic before and after."""
    with bench_floor(**settings) as (floor, _):
        now_ms = time.time_ns() // 1_000_000
        size = floor.fill(CALL_ENDED, calls(events, reps, now_ms - DAYS * DAY_MS, now_ms))
        floors = [measure_fetch(floor.brokers, CALL_ENDED, events)]
        worker = floor.worker
        worker.start()
        first = _At(worker, worker.wait_for(CONSUMED, 1, 0.05))
        last = _At(worker, worker.wait_for(CONSUMED, events, 0.5))
        # Everything is committed when each entity has been written at least once; the commit after
        # the last event may be on its way still, so wait until records no longer grow.
        written = -1.0
        while written < (written := worker.metric(RECORDS)):
            time.sleep(1.5)
        done = _At(worker, events)
        rss_mb, size_out = worker.rss_mb(), worker.metric(BYTES)
        floors.append(measure_fetch(floor.brokers, CALL_ENDED, events))
    floor_rate = sum(floors) / len(floors)
    rate, rate_done = _rate(first, last), _rate(first, done)
    title = f"pipeline: {events:,} calls of {size:.0f} bytes, {reps:,} reps"
    figures = [
        Figure("events per CPU-second, to the last event", f"{rate:,.0f}", "110,000"),
        Figure("  the same, to the last commit and snapshot", f"{rate_done:,.0f}"),
        Figure("fetch + decode per CPU-second, before", f"{floors[0]:,.0f}"),
        Figure("fetch + decode per CPU-second, after", f"{floors[1]:,.0f}"),
        Figure("ratio to fetch + decode", f"{rate / floor_rate:.2f}", "0.35 - 0.40"),
        Figure("events per second of wall clock", f"{_wall(first, last):,.0f}"),
        Figure("changelog per event", f"{size_out / events:.0f} B, {written / events:.3f} records"),
        Figure("resident memory", f"{rss_mb:,.0f} MiB"),
    ]
    return Report(title, figures, "fetch + decode: aiokafka and msgspec alone, the same topic")


def _rate(first: _At, last: _At) -> float:
    return (last.consumed - first.consumed) / max(0.01, last.cpu_s - first.cpu_s)


def _wall(first: _At, last: _At) -> float:
    return (last.consumed - first.consumed) / (last.wall_s - first.wall_s)
