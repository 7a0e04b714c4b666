"""The whole pipeline on real Kafka: events per CPU-second of one worker that has much to read.

Fetch, decode, validate, dedupe, merge, changelog, acknowledgements, RocksDB, offsets, snapshots.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from streams.core.events import CALL_ENDED
from tests.bench.calls import calls
from tests.bench.fetch import measure_fetch
from tests.bench.floor import bench_floor
from tests.bench.reading import Reading, read_all
from tests.bench.report import Figure, Report

DAY_MS = 86_400_000
DAYS = 8
"""The events lie on so many days up to now: 125 calls a rep and day with a million."""


class Pipeline(NamedTuple):
    """A worker that read a full topic, and the limit measured on the same topic around it."""

    events: int
    bytes_an_event: float
    read: Reading
    limit_before: float
    limit_after: float
    as_the_lane: float
    """Fetch and decode with the records that the lane makes, events per CPU-second."""

    @property
    def rate(self) -> float:
        """Events per CPU-second, from the first event to the last."""
        return self.read.first.to(self.read.last).per_cpu_s

    @property
    def limit(self) -> float:
        """Events per CPU-second of fetch and decode alone."""
        return (self.limit_before + self.limit_after) / 2


def run_pipeline(events: int, reps: int, **settings: str) -> Pipeline:
    """Fill a topic, let a worker read it, and fetch and decode the same topic before and after."""
    with bench_floor(**settings) as (floor, _):
        now_ms = time.time_ns() // 1_000_000
        size = floor.fill(CALL_ENDED, calls(events, reps, now_ms - DAYS * DAY_MS, now_ms))
        before = measure_fetch(floor.brokers, CALL_ENDED, events)
        floor.worker.start()
        read = read_all(floor.worker, events)
        after = measure_fetch(floor.brokers, CALL_ENDED, events)
        lane = measure_fetch(floor.brokers, CALL_ENDED, events, "lane")
    limits = (one.per_cpu_s(events) for one in (before, after, lane))
    return Pipeline(events, size, read, *limits)


def measure_pipeline(events: int, reps: int, **settings: str) -> Report:
    """The figures of `run_pipeline`."""
    done = run_pipeline(events, reps, **settings)
    read = done.read
    rate_done = read.first.to(read.done).per_cpu_s
    wall = read.first.to(read.last).per_s
    out = f"{read.changelog_bytes / events:.0f} B, {read.changelog_records / events:.3f} records"
    title = f"pipeline: {events:,} calls of {done.bytes_an_event:.0f} bytes, {reps:,} reps"
    figures = [
        Figure("events per CPU-second, to the last event", f"{done.rate:,.0f}", "130,000"),
        Figure("  the same, to the last commit and snapshot", f"{rate_done:,.0f}"),
        Figure("fetch + decode per CPU-second, before", f"{done.limit_before:,.0f}"),
        Figure("fetch + decode per CPU-second, after", f"{done.limit_after:,.0f}"),
        Figure("  with the lane's own records", f"{done.as_the_lane:,.0f}"),
        Figure("ratio to fetch + decode", f"{done.rate / done.limit:.2f}", "0.35 - 0.40"),
        Figure("events per second of wall clock", f"{wall:,.0f}"),
        Figure("changelog per event", out),
        Figure("resident memory", f"{read.rss_mb:,.0f} MiB"),
    ]
    return Report(title, figures, "fetch + decode: aiokafka and msgspec alone, the same topic")
