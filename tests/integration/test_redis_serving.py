"""Redis as the layer boards and APIs are served from."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from sinks.redis import RedisSink
from sinks.redis_client import connect, shown, text
from sinks.redis_keys import KINDS, RedisKeys
from sinks.redis_reader import RedisReader, Update
from sinks.wallboard.model import BoardModel, follow
from streams.core.clock import SystemClock
from streams.core.errors import SinkUnavailable
from streams.core.snapshot import RepSnapshot, SnapshotBatch
from streams.core.tally import Tally
from tests.services.redis import RedisServer

MakeRedis = Callable[..., RedisServer]


def rep(rep_id: str, version: int, today: Tally | None) -> RepSnapshot:
    return RepSnapshot(
        rep_id=rep_id,
        partition=0,
        version=(version, 1),
        date="2026-03-02",
        zone="UTC",
        team_id="north",
        site="default",
        windows={} if today is None else {"today": today},
    )


def reps(**dials: int) -> SnapshotBatch:
    return SnapshotBatch(reps=[rep(name, n, Tally(dials=n)) for name, n in dials.items()])


def dials(update: Update) -> dict[str, int]:
    return {one.rep_id: one.windows["today"].dials for one in update.batch.reps}


class Place:
    """A server with a prefix of the test's own."""

    def __init__(self, server: RedisServer, prefix: str) -> None:
        self.server = server
        self.prefix = prefix
        self.keys = RedisKeys(prefix)
        self.sink = RedisSink(server.url, prefix)
        self.reader = RedisReader(server.url, prefix)
        self.client: Redis = connect(server.url)


@pytest_asyncio.fixture
async def place(make_redis: MakeRedis) -> AsyncIterator[Place]:
    made = Place(make_redis(), f"test-{secrets.token_hex(4)}")
    await made.sink.start()
    yield made
    await made.sink.close()
    await made.reader.close()
    await made.client.aclose()


async def news(updates: AsyncIterator[Update]) -> Update:
    """The next update that has something in it, or is a new beginning."""
    async with asyncio.timeout(5):
        async for update in updates:
            if update.complete or update.batch.reps:
                return update
    msg = "the reader has no end"
    raise AssertionError(msg)


async def test_a_reader_gets_everything_then_each_change(place: Place) -> None:
    await place.sink.write(reps(ana=3, bo=5))
    async with aclosing(place.reader.follow()) as updates:
        first = await news(updates)
        assert (first.complete, dials(first)) == (True, {"ana": 3, "bo": 5})

        await place.sink.write(reps(ana=4, bo=5))

        change = await news(updates)
        assert (change.complete, dials(change)) == (False, {"ana": 4})


async def test_a_reader_may_come_before_the_first_write(place: Place) -> None:
    async with aclosing(place.reader.follow()) as updates:
        assert dials(await news(updates)) == {}
        await place.sink.write(reps(ana=3))
        assert dials(await news(updates)) == {"ana": 3}


async def test_a_reader_begins_again_when_redis_was_emptied(place: Place) -> None:
    await place.sink.write(reps(ana=3, bo=5))
    async with aclosing(place.reader.follow()) as updates:
        await news(updates)
        await place.client.flushall()
        again = await news(updates)
        assert (again.complete, dials(again)) == (True, {})

        await place.sink.write(reps(bo=5))
        assert dials(await news(updates)) == {"bo": 5}


async def test_a_reader_that_missed_changes_begins_again(place: Place) -> None:
    await place.sink.write(reps(ana=3))
    async with aclosing(place.reader.follow()) as updates:
        await news(updates)
        for n in range(4, 9):
            await place.sink.write(reps(ana=n))
        await place.client.xtrim(place.keys.changes, maxlen=1, approximate=False)

        again = await news(updates)
        assert (again.complete, dials(again)) == (True, {"ana": 8})


async def test_leaderboards_follow_the_latest_snapshot(place: Place) -> None:
    def tally(contacts: int, deals: int, **net: int) -> Tally:
        money = {currency: {"plan": (amount, 0)} for currency, amount in net.items()}
        return Tally(contacts=contacts, deals_gross_bp=deals * 10_000, money=money)

    async def rank(name: str) -> list[tuple[str, float]]:
        found: Any = await place.client.zrange(
            place.keys.rank("today", name), 0, -1, desc=True, withscores=True
        )
        return [(one.decode(), score) for one, score in found]

    await place.sink.write(
        SnapshotBatch(
            reps=[
                rep("ana", 2, tally(20, 3, EUR=900)),
                rep("bo", 2, tally(40, 4, EUR=700, USD=50)),
                rep("cleo", 2, tally(0, 0)),
            ]
        )
    )
    assert await rank("deals") == [("bo", 4), ("ana", 3), ("cleo", 0)]
    assert await rank("conversion") == [("ana", 0.15), ("bo", 0.1)]
    assert await rank("revenue:EUR") == [("ana", 900), ("bo", 700)]

    # A new day: bo has sold nothing yet; a stale owner of ana's partition still says otherwise.
    await place.sink.write(
        SnapshotBatch(reps=[rep("bo", 3, tally(1, 0)), rep("ana", 1, tally(99, 9, EUR=9_999))])
    )
    assert await rank("conversion") == [("ana", 0.15), ("bo", 0)]
    assert await rank("revenue:EUR") == [("ana", 900)]
    assert await rank("revenue:USD") == []

    await place.sink.write(SnapshotBatch(reps=[rep("ana", 3, None)]))
    assert sorted(await rank("deals")) == [("bo", 0), ("cleo", 0)]


async def test_every_key_goes_away_on_its_own(place: Place) -> None:
    await place.sink.write(reps(ana=3))

    found = [key async for key in place.client.scan_iter()]
    assert {place.keys.held("reps").encode(), place.keys.layout.encode()} <= set(found)
    assert all(key.startswith(b"{%s}:" % place.prefix.encode()) for key in found)
    for key in found:
        assert await place.client.ttl(key) > 3_600, key


async def test_anybody_can_read_a_rep_as_json(place: Place) -> None:
    await place.sink.write(reps(ana=3))

    value = await place.client.hget(place.keys.held(KINDS[0]), "ana")

    assert value is not None
    assert json.loads(value)["windows"]["today"] == {"dials": 3}


async def test_another_layout_is_neither_written_nor_read(place: Place) -> None:
    await place.client.set(place.keys.layout, "99 some-epoch")

    with pytest.raises(SinkUnavailable, match="99"):
        await place.sink.write(reps(ana=3))
    with pytest.raises(SinkUnavailable, match="redis_prefix"):
        await place.reader.load()


async def test_foreign_values_are_named_not_shown(place: Place) -> None:
    await place.sink.write(reps(ana=3))
    await place.client.hset(place.keys.held("reps"), "ana", "not json")

    with pytest.raises(SinkUnavailable, match="did not write"):
        await place.reader.load()


def test_a_url_is_shown_without_its_secrets() -> None:
    url = "rediss://writer:p%40ss@redis.example:6380/2?ssl_ca_certs=/etc/ca.pem"

    assert shown(url) == "rediss://redis.example:6380/2"


async def test_the_page_goes_on_when_redis_comes_back(place: Place) -> None:
    model = BoardModel(SystemClock())
    following = asyncio.create_task(follow(place.reader, model))
    try:
        await place.sink.write(reps(ana=3))
        await until(lambda: "ana" in model.latest.reps)

        place.server.kill()
        await until(lambda: model.pulse().why == "Redis is away")
        assert "ana" in model.latest.reps

        place.server.start()
        await place.sink.write(reps(ana=4))
        await until(lambda: model.latest.reps["ana"].windows["today"].dials == 4)
        assert model.pulse().why != "Redis is away"
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


async def test_nothing_in_redis_names_who_was_forgotten_and_readers_hear_of_it(
    place: Place,
) -> None:
    await place.sink.write(SnapshotBatch(reps=[rep("ana", 2, Tally(dials=3, contacts=30))]))
    await place.sink.write(reps(bo=5))
    model = BoardModel(SystemClock())
    following = asyncio.create_task(follow(place.reader, model))
    while model.latest.reps.keys() != {"ana", "bo"}:
        await asyncio.sleep(0.02)
    gone = SnapshotBatch(reps=[rep("gone-1", 2, Tally(dials=3, contacts=30))], forgotten=["ana"])

    await place.sink.write(gone)
    await place.sink.write(reps(cleo=9))  # changes go on behind it

    async with asyncio.timeout(5):
        while model.latest.reps.keys() != {"gone-1", "bo", "cleo"}:
            await asyncio.sleep(0.02)
    following.cancel()
    for held in await everything(place.client):
        assert "ana" not in held
    ranked: Any = await place.client.zrange(place.keys.rank("today", "contacts"), 0, -1)
    assert b"gone-1" in ranked


async def everything(client: Redis) -> list[str]:
    """Every key with all that is in it, as text."""
    read: dict[str, Callable[[bytes], Any]] = {
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "zset": lambda key: client.zrange(key, 0, -1),
        "stream": client.xrange,
    }
    return [
        f"{key!r} {await read[text(await client.type(key))](key)!r}"
        async for key in client.scan_iter()
    ]
