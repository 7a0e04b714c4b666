"""What two hundred viewers of the page cost, and how soon each of them sees an event.

Real Kafka, real Redis, one worker with the page in its process, events at a steady rate. The same
is measured with one viewer first: the difference is what the others cost.
"""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from streams.core.events import CALL_ENDED
from tests.bench.calls import call, rep_ids
from tests.bench.floor import BenchFloor, bench_floor
from tests.bench.live import BATCH_MS, STEP_S, WARM_UP_S, Arrivals, watch_redis
from tests.bench.report import Figure, Report, spread
from tests.bench.watching import Seen, watching
from tests.services.ports import free_port
from tests.services.redis import RedisServer

VIEWERS = 200
SETTLE_S = 5.0
"""After the last event: by then it has to be seen."""


class _Run(NamedTuple):
    """Of one number of viewers: what each event took to each of them, in ms, and at what cost."""

    page_ms: list[float]
    redis_ms: list[float]
    unseen: int
    seen: Seen
    rate: float
    busy: float
    lasted_s: float


class _Sender:
    """Sends events, numbered through all runs, and keeps when each was produced."""

    def __init__(self, floor: BenchFloor, reps: int, rate: int) -> None:
        self.at_s: list[float] = []
        self._floor = floor
        self._random = random.Random(3)
        self._ids = rep_ids(reps)
        self._rate = rate

    async def send(self, seconds: float, arrivals: Arrivals) -> float:
        """Send for so long; returns the rate that was kept up."""
        producer = self._floor.producer()  # of this run: none is left when the broker ends
        began_s, before = time.perf_counter(), len(self.at_s)
        while (passed_s := time.perf_counter() - began_s) < seconds:
            while len(self.at_s) - before < passed_s * self._rate:
                rep_id = self._random.choice(self._ids)
                at_ms = time.time_ns() // 1_000_000 - self._random.randrange(BATCH_MS)
                one = call(self._random, rep_id, len(self.at_s), at_ms)
                producer.produce(CALL_ENDED, one.value, key=one.rep_id)
                arrivals.produced(rep_id)
                self.at_s.append(time.perf_counter())
            producer.poll(0)
            await asyncio.sleep(STEP_S)
        lasted_s = time.perf_counter() - began_s
        await asyncio.to_thread(producer.flush)
        return (len(self.at_s) - before) / lasted_s


class _Bench(NamedTuple):
    """What all runs share."""

    floor: BenchFloor
    sender: _Sender
    redis_url: str
    page: str
    seconds: float


def measure_viewers(reps: int, rate: int = 1_000, seconds: int = 20) -> Report:
    """Latencies at `rate` events a second over `seconds`, for one viewer and for 200."""
    port = free_port()
    # Midnight would set the counts back: a zone in which it is far away.
    zone = "UTC" if time.gmtime().tm_hour in range(1, 22) else "Etc/GMT+12"
    with bench_floor(page="yes", page_port=str(port), zone=zone) as (floor, folder):
        redis = RedisServer(Path(folder) / "redis")
        redis.start()
        try:
            floor.worker.start(FLOORCAST_REDIS_URL=redis.url)
            floor.worker.wait_for("floorcast_partitions_owned", 1, 0.2)
            sender, page = _Sender(floor, reps, rate), f"http://127.0.0.1:{port}/"
            # The first events are not measured: the worker has just started.
            asyncio.run(sender.send(WARM_UP_S, Arrivals()))
            bench = _Bench(floor, sender, redis.url, page, seconds)
            one, all_ = (asyncio.run(_run(bench, count)) for count in (1, VIEWERS))
            rss_mb = floor.worker.rss_mb()
        finally:
            redis.kill()
    each = (all_.busy - one.busy) / (VIEWERS - 1)
    figures = [
        Figure(f"event -> page, {VIEWERS} viewers", spread(all_.page_ms), "p99 500 ms"),
        Figure("event -> page, one viewer", spread(one.page_ms)),
        Figure("event -> Redis meanwhile", spread(all_.redis_ms), "p99 250 ms"),
        Figure("ratio of the p99s, 200 viewers to one", f"{_late(all_) / _late(one):.1f}"),
        Figure("never seen, all viewers", f"{all_.unseen:,}", "0"),
        Figure("CPU of the worker, one viewer", f"{one.busy:.0%} of a core"),
        Figure(f"CPU of the worker, {VIEWERS} viewers", f"{all_.busy:.0%} of a core"),
        Figure("  for each of them", f"{each:.2%} of a core"),
        Figure("messages for each, a second", f"{_a_second(all_, all_.seen.messages):.1f}"),
        Figure("gzip for each, a second", f"{_a_second(all_, all_.seen.wire_bytes) / 1e3:.1f} kB"),
        Figure("CPU of the viewers' process", f"{all_.seen.cpu_s / all_.lasted_s:.0%} of a core"),
        Figure("memory of the worker", f"{rss_mb:,.0f} MiB"),
    ]
    title = f"viewers: {all_.rate:,.0f} events/s, {reps:,} reps, page in the worker"
    return Report(title, figures, "from the call of produce() to the number at each viewer")


async def _run(bench: _Bench, count: int) -> _Run:
    floor, sender = bench.floor, bench.sender
    await asyncio.sleep(SETTLE_S)
    first = len(sender.at_s)
    arrivals = Arrivals()
    arrivals.measured_from_s = time.perf_counter()
    following = asyncio.create_task(watch_redis(bench.redis_url, arrivals))
    with watching(bench.page, count) as watch:
        await asyncio.sleep(1)  # Redis is read through
        cpu_s, began_s = floor.worker.cpu_s(), time.perf_counter()
        rate = await sender.send(bench.seconds, arrivals)
        lasted_s = time.perf_counter() - began_s
        busy = (floor.worker.cpu_s() - cpu_s) / lasted_s
        await asyncio.sleep(SETTLE_S)
        seen = await asyncio.to_thread(watch.end)
    if following.done():
        following.result()  # a watcher that failed must not pass for silence
    following.cancel()
    took = [list(_took_ms(counts, sender.at_s, first)) for counts in seen.counts]
    unseen = sum(len(sender.at_s) - first - len(each) for each in took)
    page_ms = [each for viewer in took for each in viewer]
    return _Run(page_ms, arrivals.took_ms, unseen, seen, rate, busy, lasted_s)


def _took_ms(counts: list[tuple[float, float]], sent_s: list[float], first: int) -> Iterator[float]:
    """How long each event from the `first` on took to a viewer that was told these counts.

    The n-th event that is counted is taken for the n-th that was sent, as partitions differ little.
    """
    done = first
    for at_s, dials in counts:
        # A count cannot hold what was not sent yet: what it is ahead by would be a fault.
        known = min(int(dials), bisect_right(sent_s, at_s))
        for number in range(done, known):
            yield (at_s - sent_s[number]) * 1000
        done = max(done, known)


def _a_second(run: _Run, amount: float) -> float:
    return amount / VIEWERS / (run.lasted_s + SETTLE_S + 1)


def _late(run: _Run) -> float:
    return sorted(run.page_ms)[round((len(run.page_ms) - 1) * 0.99)]
