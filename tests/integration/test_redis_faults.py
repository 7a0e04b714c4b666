"""Redis is emptied, restarted, full, frozen or slow: counting goes on, boards say so, all heals."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import pytest_asyncio
from msgspec import json, structs
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from sinks.redis import RedisSink
from sinks.redis_client import connect
from sinks.redis_keys import RedisKeys
from sinks.wallboard.model import BoardModel
from streams.core.clock import ManualClock
from streams.core.snapshot import RepSnapshot, WindowName
from streams.core.tally import Tally
from streams.engine import sink_pump
from streams.engine.sink_pump import SinkPump
from streams.engine.telemetry import Telemetry
from tests.browser.floor import news, rep
from tests.browser.reading_page import page_of
from tests.services.redis import RedisServer
from tests.services.slow_link import slow_link

MakeRedis = Callable[..., RedisServer]
NOW = 1_800_000_000_000
KEYS = RedisKeys("floorcast")


class Owner:
    """A worker's sink and pump over `reps` reps, whose snapshots all carry the same count."""

    def __init__(self, url: str, reps: int, *, large: bool) -> None:
        self.registry = CollectorRegistry()
        self.pump = SinkPump(RedisSink(url), Telemetry(self.registry), self.show_all)
        self.clock = ManualClock(NOW)
        self.at = 0
        self._large = large
        self._numbers = range(reps)

    def show_all(self) -> None:
        """Offer every rep once more, and the status; as a worker does it when asked to."""
        self.clock.set(self.clock.now_ms() + 1)
        batch = news(self.clock.now_ms(), *(self.shot(number) for number in self._numbers))
        held = [sum(1 for n in self._numbers if n % 2 == each) for each in range(2)]
        batch.status = [structs.replace(one, reps=held[one.partition]) for one in batch.status]
        self.pump.offer(batch)

    def count(self) -> None:
        """Something has happened to everybody."""
        self.at += 1
        self.show_all()

    def shot(self, number: int) -> RepSnapshot:
        """A rep's snapshot now; its contacts say which count it is."""
        one = rep(number, version=self.at, extra=self.at, reps=len(self._numbers))
        windows: dict[WindowName, Tally] = {w: one.windows[w] for w in ("today", "week")}
        return structs.replace(
            one,
            version=(self.at, self.clock.now_ms()),
            windows=one.windows if self._large else windows,
        )

    def metric(self, name: str) -> float:
        """Of the sink's."""
        return self.registry.get_sample_value(f"floorcast_sink_{name}", {"sink": "redis"}) or 0.0


@asynccontextmanager
async def owner_of(url: str, reps: int, *, large: bool = False) -> AsyncIterator[Owner]:
    """An owner that has shown everybody once; `large`: with all windows."""
    owner = Owner(url, reps, large=large)
    await owner.pump.start()
    owner.count()
    try:
        yield owner
    finally:
        await owner.pump.close()


@pytest_asyncio.fixture
async def server(make_redis: MakeRedis) -> RedisServer:
    return make_redis(options={"enable-debug-command": "yes"})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, but for the longest pause between two attempts, 10 s."""
    monkeypatch.setattr(sink_pump, "LAST_RETRY_S", 0.5)


def contacts(model: BoardModel) -> set[int]:
    """The counts on show, each rep's less its own share."""
    return {
        one.windows["today"].contacts - 25 * int(one.rep_id[2:])
        for one in model.latest.reps.values()
    }


async def until(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while not holds():
            await asyncio.sleep(0.02)


def shows(model: BoardModel, owner: Owner, reps: int) -> Callable[[], bool]:
    """Whether the page is live with everybody's newest count."""
    return lambda: (
        model.pulse().state == "live"
        and len(model.latest.reps) == reps
        and contacts(model) == {owner.at}
    )


@contextmanager
def never_wrong(model: BoardModel, reps: int) -> Iterator[list[str]]:
    """Looks at the page all the time; gives what it said, and fails if it was live too early."""
    said: list[str] = []

    async def watch() -> None:
        while True:
            pulse = model.pulse()
            if pulse.state == "live" and len(model.latest.reps) != reps:
                said.append("live too early")
            if not said or said[-1] != pulse.reason:
                said.append(pulse.reason)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(watch())
    yield said
    task.cancel()
    assert "live too early" not in said


@pytest.mark.parametrize("loss", ["FLUSHALL", "restart"])
async def test_while_redis_fills_again_the_page_says_that_reps_are_missing(
    server: RedisServer, loss: str
) -> None:
    reps = 1_500
    async with (
        slow_link(server.port, bytes_per_s=1_000_000) as link,
        owner_of(f"redis://127.0.0.1:{link.port}", reps) as owner,
        page_of(server.url, owner.clock, 2) as model,
    ):
        await until(shows(model, owner, reps))
        with never_wrong(model, reps) as said:
            if loss == "FLUSHALL":
                await asyncio.to_thread(server.flush)
            else:
                await asyncio.to_thread(server.kill)
                await until(lambda: model.pulse().why == "Redis is away")
                await asyncio.to_thread(server.start)
            await until(lambda: "filling" in said)
            owner.count()
            await until(shows(model, owner, reps))
        assert said[-1] == ""


async def test_a_full_redis_refuses_whole_and_heals_when_there_is_room(
    server: RedisServer,
) -> None:
    reps = 200
    async with (
        owner_of(server.url, reps) as owner,
        page_of(server.url, owner.clock, 2) as model,
        connect(server.url) as client,
    ):
        await until(shows(model, owner, reps))
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1mb")
        failures = owner.metric("write_failures_total")
        for _ in range(50):
            owner.count()
            await asyncio.sleep(0.02)
        await until(lambda: owner.metric("write_failures_total") >= failures + 3)
        assert contacts(model) == {1}
        assert owner.metric("pending_reps") <= reps
        await whole(client)

        owner.clock.set(owner.clock.now_ms() + 10_001)
        assert (model.pulse().state, model.pulse().reason) == ("stale", "no_word")

        await client.config_set("maxmemory", "0")
        owner.show_all()
        await until(shows(model, owner, reps))
        await whole(client)


async def test_a_redis_that_becomes_full_on_the_way_holds_nothing_by_halves(
    make_redis: MakeRedis,
) -> None:
    server = make_redis(options={"maxmemory": "3mb", "maxmemory-policy": "noeviction"})
    reps = 1_500
    async with (
        owner_of(server.url, reps) as owner,
        page_of(server.url, owner.clock, 2) as model,
        connect(server.url) as client,
    ):
        await until(lambda: owner.metric("write_failures_total") >= 2)
        held = await whole(client)
        assert 0 < held < reps
        with never_wrong(model, reps) as said:
            await asyncio.sleep(0.5)
        assert said != [""]

        await client.config_set("maxmemory", "0")
        await until(shows(model, owner, reps))
        assert await whole(client) == reps


async def whole(client: Redis) -> int:
    """Snapshots, versions and leaderboards say the same; how many reps there are."""
    async with client.pipeline(transaction=False) as pipe:  # a full Redis takes no MULTI
        pipe.hgetall(KEYS.held("reps"))
        pipe.hgetall(KEYS.versions("reps"))
        pipe.zrange(KEYS.rank("week", "contacts"), 0, -1, withscores=True)
        held, versions, ranked = await pipe.execute()
    shots = {one: json.decode(value, type=RepSnapshot) for one, value in held.items()}
    assert {one: b"%d %d" % shot.version for one, shot in shots.items()} == versions
    places = {one: float(shot.windows["week"].contacts) for one, shot in shots.items()}
    assert {one: score for one, score in ranked} == places  # noqa: C416 # the newer protocol gives lists
    return len(shots)


@pytest.mark.parametrize("how", ["frozen", "CLIENT PAUSE", "DEBUG SLEEP"])
async def test_a_redis_that_does_not_answer_holds_up_nobody(server: RedisServer, how: str) -> None:
    reps = 300
    async with (
        owner_of(server.url, reps) as owner,
        page_of(server.url, owner.clock, 2) as model,
        connect(server.url) as client,
    ):
        await until(shows(model, owner, reps))
        asleep = await stop_answering(server, client, how)
        longest_s, before_s, said = 0.0, time.monotonic(), set()
        while owner.at < 200 or "Redis is away" not in said:
            owner.count()
            began_s = time.monotonic()
            await asyncio.sleep(0.02)
            longest_s = max(longest_s, time.monotonic() - began_s)
            said.add(model.pulse().why)
            assert owner.metric("pending_reps") <= reps
            assert time.monotonic() - before_s < 60
        assert longest_s < 1.0  # of a machine that others use too: the sink never blocks the loop
        assert len(model.latest.reps) == reps

        if how == "frozen":
            server.thaw()
        await until(asleep.done)
        owner.show_all()
        await until(shows(model, owner, reps))
        assert contacts(model) == {owner.at}


async def stop_answering(server: RedisServer, client: Redis, how: str) -> asyncio.Future[Any]:
    """Make it silent for some seconds; gives what ends when it is over."""
    if how == "frozen":
        server.freeze()
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done
    if how == "CLIENT PAUSE":
        await client.client_pause(5_000)
        return asyncio.create_task(asyncio.sleep(5))

    async def sleep() -> None:
        own = Redis(port=server.port, socket_timeout=None)
        await own.execute_command("DEBUG", "SLEEP", "5")  # type: ignore[no-untyped-call] # redis-py leaves it untyped
        await own.aclose()

    task = asyncio.create_task(sleep())
    await asyncio.sleep(0.2)
    return task


async def test_memory_does_not_grow_while_redis_is_away(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    # pytest keeps what is logged: the errors, and with them the batches that were not taken.
    caplog.set_level("ERROR", sink_pump.__name__)
    async with owner_of(server.url, 300) as owner:
        await until(lambda: owner.metric("writes_total") > 0 and owner.metric("pending_reps") == 0)
        server.kill()
        used = []
        tracemalloc.start()
        for _ in range(120):
            owner.count()
            await asyncio.sleep(0.02)  # attempts go on meanwhile
            used.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert owner.metric("pending_reps") == 300
        # The least of each third: between two attempts, which hold what they send.
        assert min(used[80:]) < min(used[40:80]) * 1.2


async def test_a_far_away_redis_is_written_in_few_round_trips(server: RedisServer) -> None:
    reps = 1_000
    async with (
        slow_link(server.port, delay_s=0.2) as link,
        owner_of(f"redis://127.0.0.1:{link.port}", reps) as owner,
        page_of(server.url, owner.clock, 2) as model,
    ):
        await until(shows(model, owner, reps), timeout_s=15)  # one by one it would be 200 s
        assert owner.metric("write_failures_total") == 0


async def test_a_narrow_way_to_redis_is_wide_enough_at_a_megabyte_a_second(
    server: RedisServer,
) -> None:
    reps = 1_000
    async with (
        slow_link(server.port, bytes_per_s=1_000_000) as link,
        owner_of(f"redis://127.0.0.1:{link.port}", reps, large=True) as owner,
        page_of(server.url, owner.clock, 2) as model,
    ):
        await until(shows(model, owner, reps))
        assert link.passed > reps * 4_000  # so it was narrow
