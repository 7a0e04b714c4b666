"""Events for days that are not in memory: history in order of time, and in the worst order.

Real Kafka, RocksDB, one worker. First a history is read in the order of time. Then come events that
are each for another rep and day of it, once as fast as they are read, and once at a steady rate
while live events arrive, whose way to Redis is timed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from streams.core.events import CALL_ENDED
from tests.bench.calls import Call, call, calls, rep_ids
from tests.bench.floor import BenchFloor, bench_floor
from tests.bench.live import WARM_UP_S, Arrivals, watch_redis
from tests.bench.report import Figure, Report, spread
from tests.services.redis import RedisServer

DAY_MS = 86_400_000
DAYS = 100
HISTORY = 500_000
RANDOM = 20_000
RATE, LIVE_RATE, SECONDS = 500, 100, 15
STEP_S = 0.02
CONSUMED, COLD = "floorcast_events_consumed_total", "floorcast_cold_day_reads_total"


class _Span(NamedTuple):
    """What a worker did between two moments."""

    events: float
    wall_s: float
    cpu_s: float
    cold: float

    def words(self) -> str:
        """Events a second of wall clock and of CPU."""
        return f"{self.events / self.wall_s:,.0f} /s, {self.events / self.cpu_s:,.0f} /CPU-s"


def measure_cold(reps: int) -> Report:
    """Rates of history in order and in random order, and what the latter does to live events."""
    with bench_floor() as (floor, folder):
        redis = RedisServer(Path(folder) / "redis")
        redis.start()
        try:
            return _measure(floor, reps, redis.url)
        finally:
            redis.kill()


def _measure(floor: BenchFloor, reps: int, redis_url: str) -> Report:
    now_ms = time.time_ns() // 1_000_000
    first_ms = now_ms - DAYS * DAY_MS
    ids = rep_ids(reps)
    random_ = random.Random(11)

    def scattered(first: int, count: int) -> Iterator[Call]:
        for number in range(first, first + count):
            at_ms = random_.randrange(first_ms, now_ms - 3 * DAY_MS)
            yield call(random_, random_.choice(ids), HISTORY + number, at_ms)

    floor.fill(CALL_ENDED, calls(HISTORY, reps, first_ms, now_ms))
    floor.worker.start(FLOORCAST_REDIS_URL=redis_url)
    floor.worker.wait_for(CONSUMED, 1, 0.05)
    ordered = _until(floor, HISTORY)
    rss_before = floor.worker.rss_mb()
    floor.fill(CALL_ENDED, scattered(0, RANDOM))
    shuffled = _until(floor, HISTORY + RANDOM)
    rss_after = floor.worker.rss_mb()
    alone = asyncio.run(_live(floor, redis_url, ids, iter(())))
    beside = asyncio.run(_live(floor, redis_url, ids, scattered(RANDOM, RATE * 60)))
    figures = [
        Figure("history in the order of time", ordered.words(), "5,000 /s"),
        Figure("history in random order", shuffled.words(), "500 /s"),
        Figure("  days read back for an event of it", f"{shuffled.cold / shuffled.events:.2f}"),
        Figure("ratio of the two, per CPU-second", f"{_ratio(ordered, shuffled):.0f}"),
        Figure("resident memory before, after", f"{rss_before:,.0f}, {rss_after:,.0f} MiB"),
        Figure("live event -> Redis, alone", spread(alone.took_ms)),
        Figure(f"  beside {RATE}/s in random order", spread(beside.took_ms), "as alone"),
        Figure("never seen", f"{alone.waiting() + beside.waiting():,}", "0"),
    ]
    title = f"cold days: {HISTORY:,} calls of {reps:,} reps on {DAYS} days, {RANDOM:,} at random"
    return Report(title, figures, f"live: {LIVE_RATE} events/s of today")


def _ratio(one: _Span, other: _Span) -> float:
    return (one.events / one.cpu_s) / (other.events / other.cpu_s)


def _until(floor: BenchFloor, consumed: float) -> _Span:
    """Wait until so many are consumed, counted from now on."""
    worker = floor.worker
    wall_s, cpu_s = time.perf_counter(), worker.cpu_s()
    before, cold = worker.metric(CONSUMED), worker.metric(COLD)
    worker.wait_for(CONSUMED, consumed, 0.1)
    took_s, busy_s = time.perf_counter() - wall_s, worker.cpu_s() - cpu_s
    return _Span(consumed - before, took_s, max(busy_s, 0.01), worker.metric(COLD) - cold)


async def _live(
    floor: BenchFloor, redis_url: str, ids: list[str], others: Iterator[Call]
) -> Arrivals:
    """Send live events, and `others` between them; how long the live ones took to Redis."""
    arrivals = Arrivals()
    watcher = asyncio.create_task(watch_redis(redis_url, arrivals))
    await asyncio.sleep(1)
    random_, producer = random.Random(time.time_ns()), floor.producer()
    began_s, sent, scattered = time.perf_counter(), 0, 0
    arrivals.measured_from_s = began_s + WARM_UP_S
    while (passed_s := time.perf_counter() - began_s) < WARM_UP_S + SECONDS:
        while sent < passed_s * LIVE_RATE:
            number = random_.randrange(10**9, 10**10)
            one = call(random_, random_.choice(ids), number, time.time_ns() // 1_000_000)
            producer.produce(CALL_ENDED, one.value, key=one.rep_id)
            arrivals.produced(one.rep_id)
            sent += 1
        while scattered < passed_s * RATE and (other := next(others, None)) is not None:
            producer.produce(CALL_ENDED, other.value, key=other.rep_id)
            scattered += 1
        producer.poll(0)
        await asyncio.sleep(STEP_S)
    await asyncio.to_thread(producer.flush)
    until_s = time.perf_counter() + 10
    while arrivals.waiting() and time.perf_counter() < until_s:
        await asyncio.sleep(0.1)
    watcher.cancel()
    with suppress(asyncio.CancelledError):
        await watcher
    return arrivals
