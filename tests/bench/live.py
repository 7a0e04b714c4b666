"""How fresh boards are: from the call of produce() to the number in Redis and on the page.

Real Kafka, real Redis, one worker process with the page in it, events at a steady rate. Each event
is an outbound call of its own, so `dials` of a rep counts how many of its events have arrived.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiokafka import AIOKafkaConsumer
from msgspec import json

from sinks.redis_reader import RedisReader
from streams.core.events import CALL_ENDED
from streams.core.snapshot import decode_rep_snapshot
from streams.topics import REP_SCOREBOARD
from tests.bench.calls import call, rep_ids
from tests.bench.floor import BenchFloor, bench_floor
from tests.bench.report import Figure, Report, spread
from tests.services.ports import free_port
from tests.services.redis import RedisServer

WARM_UP_S = 5
"""Events of the first seconds are not measured: the worker has just started."""
STEP_S = 0.02
BATCH_MS = 100
"""Events are at most so old when they are produced, as a source would send them."""


class Load(NamedTuple):
    """Events a second over so many seconds, over so many reps."""

    reps: int
    rate: int
    seconds: int


class Arrivals:
    """When each event of a rep was produced, and how long it took to be seen."""

    def __init__(self) -> None:
        self.measured_from_s = float("inf")
        self.took_ms: list[float] = []
        self._sent: dict[str, deque[float]] = {}
        self._seen: dict[str, int] = {}

    def produced(self, rep_id: str) -> None:
        """An event was given to the producer."""
        self._sent.setdefault(rep_id, deque()).append(time.perf_counter())

    def seen(self, rep_id: str, dials: int) -> None:
        """A board has shown this count."""
        now_s = time.perf_counter()
        waiting = self._sent.get(rep_id, deque())
        for _ in range(min(len(waiting), dials - self._seen.get(rep_id, 0))):
            sent_s = waiting.popleft()
            if sent_s >= self.measured_from_s:
                self.took_ms.append((now_s - sent_s) * 1000)
        self._seen[rep_id] = max(dials, self._seen.get(rep_id, 0))

    def waiting(self) -> int:
        """Events that were not seen yet."""
        return sum(map(len, self._sent.values()))


async def watch_redis(url: str, arrivals: Arrivals) -> None:
    """Note every count of today that Redis gets, until it is cancelled."""
    reader = RedisReader(url)
    async with aclosing(reader.follow()) as updates:
        async for update in updates:
            for rep in update.batch.reps:
                today = rep.windows.get("today")
                if today is not None:
                    arrivals.seen(rep.rep_id, today.dials)


async def watch_topic(brokers: str, arrivals: Arrivals) -> None:
    """Note every count of today in the snapshots' topic, until it is cancelled."""
    consumer = AIOKafkaConsumer(
        REP_SCOREBOARD, bootstrap_servers=brokers, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        async for record in consumer:
            shot = decode_rep_snapshot(record.value)
            today = shot.windows.get("today")
            if today is not None:
                arrivals.seen(shot.rep_id, today.dials)
    finally:
        await consumer.stop()


async def _frames(url: str) -> AsyncGenerator[tuple[str, Any], None]:
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout, read_bufsize=1 << 22) as session,
        session.get(f"{url}events?window=today") as answer,
    ):
        event = ""
        async for line in answer.content:
            if line.startswith(b"event: "):
                event = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield event, json.decode(line[6:])


async def _watch_page(url: str, arrivals: Arrivals) -> None:
    async with aclosing(_frames(url)) as frames:
        async for event, data in frames:
            floor = data.get("floor") if event != "pulse" else None
            if floor:
                arrivals.seen("floor", floor["kpis"]["dials"]["value"])


class Watched(NamedTuple):
    """What was seen where."""

    redis: Arrivals
    page: Arrivals
    topic: Arrivals


async def _send(floor: BenchFloor, load: Load, watched: Watched) -> float:
    """Send at a steady rate; returns the rate that was kept up."""
    random_, ids, producer = random.Random(3), rep_ids(load.reps), floor.producer()
    began_s, sent = time.perf_counter(), 0
    for arrivals in watched:
        arrivals.measured_from_s = began_s + WARM_UP_S
    while (passed_s := time.perf_counter() - began_s) < WARM_UP_S + load.seconds:
        while sent < passed_s * load.rate:
            rep_id = random_.choice(ids)
            at_ms = time.time_ns() // 1_000_000 - random_.randrange(BATCH_MS)
            one = call(random_, rep_id, sent, at_ms)
            producer.produce(CALL_ENDED, one.value, key=one.rep_id)
            watched.redis.produced(rep_id)
            watched.topic.produced(rep_id)
            watched.page.produced("floor")
            sent += 1
        producer.poll(0)
        await asyncio.sleep(STEP_S)
    took_s = time.perf_counter() - began_s
    await asyncio.to_thread(producer.flush)
    until_s = time.perf_counter() + 10
    while any(one.waiting() for one in watched) and time.perf_counter() < until_s:
        await asyncio.sleep(0.1)
    return sent / took_s


async def _run(
    floor: BenchFloor, boards: tuple[str, str], load: Load
) -> tuple[Watched, float, float]:
    watched = Watched(Arrivals(), Arrivals(), Arrivals())
    tasks = [
        asyncio.create_task(watch_redis(boards[0], watched.redis)),
        asyncio.create_task(_watch_page(boards[1], watched.page)),
        asyncio.create_task(watch_topic(floor.brokers, watched.topic)),
    ]
    cpu_s, wall_s = floor.worker.cpu_s(), time.perf_counter()
    kept_up = await _send(floor, load, watched)
    busy = (floor.worker.cpu_s() - cpu_s) / (time.perf_counter() - wall_s)
    for task in tasks:
        if task.done():
            task.result()  # a watcher that failed must not pass for silence
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return watched, kept_up, busy


def measure_live(reps: int, rate: int = 1_000, seconds: int = 20) -> Report:
    """Latencies at `rate` events a second over `seconds`, after a warm-up."""
    port = free_port()
    # Midnight would set the counts back: a zone in which it is far away.
    zone = "UTC" if time.gmtime().tm_hour in range(1, 22) else "Etc/GMT+12"
    with bench_floor(page="yes", page_port=str(port), zone=zone) as (floor, folder):
        redis = RedisServer(Path(folder) / "redis")
        redis.start()
        try:
            floor.worker.start(FLOORCAST_REDIS_URL=redis.url)
            floor.worker.wait_for("floorcast_partitions_owned", 1, 0.2)
            page = f"http://127.0.0.1:{port}/"
            watched, kept_up, busy = asyncio.run(
                _run(floor, (redis.url, page), Load(reps, rate, seconds))
            )
        finally:
            redis.kill()
    in_redis, on_page, in_topic = watched
    ratio = 0.0
    if in_redis.took_ms and on_page.took_ms:
        ratio = _late(on_page.took_ms) / _late(in_redis.took_ms)
    figures = [
        Figure("event -> Redis", spread(in_redis.took_ms), "p99 250 ms"),
        Figure("event -> snapshot topic", spread(in_topic.took_ms), "p99 250 ms"),
        Figure("event -> page", spread(on_page.took_ms), "p99 500 ms"),
        Figure("ratio of the p99s, page to Redis", f"{ratio:.1f}"),
        Figure("events measured", " ".join(f"{len(one.took_ms):,}" for one in watched)),
        Figure("never seen", " ".join(f"{one.waiting():,}" for one in watched), "0"),
        Figure("CPU of the worker", f"{busy:.0%} of a core"),
    ]
    title = f"live: {kept_up:,.0f} events/s, {reps:,} reps, snapshots every 100 ms"
    return Report(title, figures, "from the call of produce() to the number at the reader")


def _late(took_ms: list[float]) -> float:
    return sorted(took_ms)[round((len(took_ms) - 1) * 0.99)]
