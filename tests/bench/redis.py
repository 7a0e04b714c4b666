"""How soon Redis holds everything again: after FLUSHALL, a restart, a minute away, full memory.

Real Kafka, real Redis, one worker process; the reader is the one boards have. Events go on while
Redis is in trouble, and what is waited for is every rep's count of all of them.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import redis

from sinks.wallboard.model import BoardModel
from streams.core.clock import SystemClock
from streams.core.events import CALL_ENDED
from tests.bench.calls import call, rep_ids
from tests.bench.floor import PARTITIONS, BenchFloor, bench_floor
from tests.bench.report import Figure, Report
from tests.browser.reading_page import page_of
from tests.services.redis import RedisServer

REPS, CALLS = 10_000, 10
AWAY_S = 60.0
WHILE_AWAY = 5_000
POLL_S = 0.1
GIVE_UP_S = 300.0
GOAL = "60 s"


class Floor(NamedTuple):
    """What is sent, what a board shows of it, and by whom."""

    bench: BenchFloor
    server: RedisServer
    model: BoardModel
    sent: Counter[str]
    random: random.Random

    def send(self, events: int) -> None:
        """Calls of random reps, now."""
        producer = self.bench.producer()
        ids = list(self.sent)
        for _ in range(events):
            rep_id = self.random.choice(ids)
            at_ms = time.time_ns() // 1_000_000
            one = call(self.random, rep_id, self.sent.total(), at_ms)
            producer.produce(CALL_ENDED, one.value, key=rep_id)
            self.sent[rep_id] += 1
            if events > len(ids):
                producer.poll(0)
        producer.flush()

    def right(self) -> bool:
        """Whether the board is live and shows every call of every rep."""
        held = self.model.latest.reps
        if len(held) < len(self.sent) or self.model.pulse().state != "live":
            return False
        return all(
            rep_id in held and held[rep_id].windows["today"].dials == dials
            for rep_id, dials in self.sent.items()
        )

    async def until_right(self) -> float:
        """Seconds until then; raises TimeoutError."""
        began_s = time.perf_counter()
        while not self.right():
            if time.perf_counter() - began_s > GIVE_UP_S:
                pulse = self.model.pulse()
                msg = f"not all there: {len(self.model.latest.reps)} reps, {pulse.why}"
                raise TimeoutError(msg)
            await asyncio.sleep(POLL_S)
        return time.perf_counter() - began_s


def measure_redis(away_s: float = AWAY_S) -> Report:
    """Seconds until all of 10,000 reps are there again, after each kind of trouble."""
    # Midnight would set the counts back: a zone in which it is far away.
    zone = "UTC" if time.gmtime().tm_hour in range(1, 22) else "Etc/GMT+12"
    with bench_floor(zone=zone) as (bench, folder):
        server = RedisServer(Path(folder) / "redis")
        server.start()
        try:
            bench.worker.start(FLOORCAST_REDIS_URL=server.url)
            bench.worker.wait_for("floorcast_partitions_owned", PARTITIONS, 0.2)
            figures = asyncio.run(_run(bench, server, away_s))
        finally:
            server.kill()
    title = f"redis: all of {REPS:,} reps there again, events go on"
    return Report(
        title, figures, "from the moment Redis can be written again to the reader's board"
    )


async def _run(bench: BenchFloor, server: RedisServer, away_s: float) -> list[Figure]:
    async with page_of(server.url, SystemClock(), PARTITIONS) as model:
        floor = Floor(
            bench, server, model, Counter(dict.fromkeys(rep_ids(REPS), 0)), random.Random(5)
        )
        # Every rep once at least: who has no event is on no board.
        for rep_id in list(floor.sent):
            floor.sent[rep_id] += 1
        now_ms = time.time_ns() // 1_000_000
        first = (call(floor.random, rep, number, now_ms) for number, rep in enumerate(floor.sent))
        bench.fill(CALL_ENDED, first)
        await asyncio.to_thread(floor.send, REPS * (CALLS - 1))
        first_s = await floor.until_right()
        size = _used(server)
        flushed_s = await _after(floor, server.flush)
        restarted_s = await _after(floor, lambda: _restart(server))
        before_mb = bench.worker.rss_mb()
        server.kill()
        went_s, away_mb = time.perf_counter(), 0.0
        while time.perf_counter() - went_s < away_s:
            await asyncio.to_thread(floor.send, WHILE_AWAY // 50)
            away_mb = max(away_mb, bench.worker.rss_mb())
            await asyncio.sleep(away_s / 50)
        away_again_s = await _after(floor, server.start)
        _configure(server, "1mb")
        await asyncio.to_thread(floor.send, WHILE_AWAY)
        await asyncio.sleep(away_s / 4)
        full_s = await _after(floor, lambda: _configure(server, "0"))
    return [
        Figure("first fill, counting included", f"{first_s:.1f} s"),
        Figure("FLUSHALL", f"{flushed_s:.1f} s", GOAL),
        Figure("restart, empty", f"{restarted_s:.1f} s", GOAL),
        Figure(f"{away_s:.0f} s away, empty", f"{away_again_s:.1f} s", GOAL),
        Figure(f"memory full for {away_s / 4:.0f} s", f"{full_s:.1f} s", GOAL),
        Figure("ratio of FLUSHALL to the first fill", f"{flushed_s / first_s:.2f}"),
        Figure("memory of Redis", f"{size / 1e6:,.0f} MB, {size / REPS / 1e3:.1f} kB a rep"),
        Figure("worker before and while away", f"{before_mb:,.0f} and {away_mb:,.0f} MiB"),
    ]


async def _after(floor: Floor, heal: Callable[[], object]) -> float:
    """Seconds to a right board from the moment that `heal` returns."""
    await asyncio.to_thread(heal)
    # What the board held before must not pass for what comes now.
    await asyncio.to_thread(floor.send, 100)
    return await floor.until_right()


def _configure(server: RedisServer, maxmemory: str) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", maxmemory)


def _used(server: RedisServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        return int(client.info("memory")["used_memory"])


def _restart(server: RedisServer) -> None:
    server.kill()
    server.start()
