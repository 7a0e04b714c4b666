"""sinks/REDIS.md tells the truth: keys, types, TTLs, leaderboards, and the rights of users."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from msgspec import structs
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from sinks import redis as redis_sink
from sinks.redis import LEFT_MS, RedisSink
from sinks.redis_alerts import RedisAlerts
from sinks.redis_client import connect, text
from sinks.redis_keys import TTL_S, RedisKeys
from sinks.redis_older import drop_older
from sinks.redis_ranks import KPIS, PERIODS
from sinks.redis_reader import RedisReader
from streams.core.alerts.known import KnownAlerts
from streams.core.errors import SinkUnavailable
from streams.core.kpis import Ratio, compute
from streams.core.snapshot import Partial, RepSnapshot, SnapshotBatch
from streams.core.tally import Tally
from tests.browser.floor import news, rep
from tests.services.redis import RedisServer

PAGE = (Path(__file__).parents[2] / "sinks" / "REDIS.md").read_text("utf-8")
PREFIX = "floorcast"
NOW = 1_800_000_000_000
KEYS = RedisKeys(PREFIX)

MakeRedis = Callable[..., RedisServer]


class Row(NamedTuple):
    """A line of the page's table of keys."""

    key: re.Pattern[str]
    type: str
    ttl: str


def rows() -> list[Row]:
    lines = re.findall(r"^\| `(\{floorcast\}:\S+)` \| (\w+) \| .* \| (.+?) \| .* \|$", PAGE, re.M)
    return [
        Row(re.compile(re.sub(r"<\w+>", "[^ ]+", re.escape(key))), kind, ttl)
        for key, kind, ttl in lines
    ]


def users() -> dict[str, list[str]]:
    """The page's users by name: the words of ACL SETUSER."""
    return {name: words.split() for name, words in re.findall(r"^user (\S+) (.+)$", PAGE, re.M)}


def part(team: str, at_ms: int, partition: int = 0) -> Partial:
    return Partial(level="team", id=team, partition=partition, version=(at_ms, at_ms), reps=1)


def everything() -> SnapshotBatch:
    batch = news(NOW, *(rep(number) for number in range(12)))
    batch.partials = [part("north", NOW), part("south", NOW, 1)]
    return batch


@pytest_asyncio.fixture
async def server(make_redis: MakeRedis) -> RedisServer:
    return make_redis()


@pytest_asyncio.fixture
async def client(server: RedisServer) -> AsyncIterator[Redis]:
    made = connect(server.url)
    yield made
    await made.aclose()


@pytest_asyncio.fixture
async def sink(server: RedisServer) -> AsyncIterator[RedisSink]:
    made = RedisSink(server.url, PREFIX)
    await made.start()
    await made.write(everything())
    alerts = RedisAlerts(server.url, PREFIX)
    await alerts.start()
    await alerts.write(KnownAlerts(position=90_211, moment_ms=NOW))
    yield made
    await made.close()
    await alerts.close()


async def test_every_key_is_on_the_page_with_its_type_and_ttl(
    sink: RedisSink, client: Redis
) -> None:
    found = [text(key) async for key in client.scan_iter()]
    seen = []
    for key in found:
        (row,) = [one for one in rows() if one.key.fullmatch(key)]
        assert text(await client.type(key)) == row.type, key
        assert row.ttl == "24 h"
        assert TTL_S - 60 < await client.ttl(key) <= TTL_S == 24 * 3600, key
        seen.append(row.key.pattern)
    assert set(seen) == {row.key.pattern for row in rows()}


async def test_the_commands_of_the_page_run(sink: RedisSink, client: Redis) -> None:
    commands = re.findall(r"^redis-cli (.+)$", PAGE, re.M)
    assert len(commands) == 4
    await sink.write(SnapshotBatch(reps=[structs.replace(rep(3, version=2), rep_id="ana")]))

    for command in commands:
        assert await client.execute_command(*shlex.split(command)), command  # type: ignore[no-untyped-call] # redis-py leaves it untyped


async def test_every_period_has_a_leaderboard_of_every_kpi(sink: RedisSink, client: Redis) -> None:
    wanted = {f"{period}:{kpi}" for period in PERIODS for kpi in (*KPIS, "revenue:EUR")}
    assert {text(name) for name in await client.smembers(KEYS.ranks)} == wanted

    for period in PERIODS:
        for kpi in KPIS:
            found: Any = await client.zrange(KEYS.rank(period, kpi), 0, -1, withscores=True)
            assert {text(one): score for one, score in found} == scores(period, kpi)


def scores(period: Any, kpi: str) -> dict[str, float]:
    """What boards show, of all who have a value."""
    name = "deals_net" if kpi == "deals" else kpi
    out = {}
    for one in (rep(number) for number in range(12)):
        value = compute(one.windows[period], window=period, only=[name])[name]
        value = value.value if isinstance(value, Ratio) else value
        if value is not None:
            out[one.rep_id] = float(value)
    return out


async def test_a_rep_without_a_period_is_in_none_of_its_leaderboards(
    sink: RedisSink, client: Redis
) -> None:
    whole = rep(3, version=2)
    today: dict[Any, Tally] = {"today": whole.windows["today"]}
    await sink.write(SnapshotBatch(reps=[structs.replace(whole, windows=today, loading=True)]))
    assert await client.zscore(KEYS.rank("today", "contacts"), "r-0003") == 75
    assert await client.zscore(KEYS.rank("week", "contacts"), "r-0003") is None

    await sink.write(SnapshotBatch(reps=[rep(3, version=3)]))
    assert await client.zscore(KEYS.rank("week", "contacts"), "r-0003") == 75


async def test_a_rep_twice_in_a_batch_is_ranked_as_it_is_in_the_end(
    sink: RedisSink, client: Redis
) -> None:
    def ana(version: int, **windows: Tally) -> RepSnapshot:
        return structs.replace(rep(1, version=version), rep_id="ana", windows=windows)

    euro, dollar = (
        Tally(contacts=1, money={currency: {"plan": (5, 0)}}) for currency in ("EUR", "USD")
    )
    await sink.write(SnapshotBatch(reps=[ana(2, today=euro), ana(3, today=dollar)]))

    assert await client.zscore(KEYS.rank("today", "revenue:USD"), "ana") == 5
    assert await client.zscore(KEYS.rank("today", "revenue:EUR"), "ana") is None


async def test_a_partial_that_nobody_says_any_more_is_taken_out(
    server: RedisServer, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_sink, "SWEEP_S", 0.0)
    sink, reader = RedisSink(server.url, PREFIX), RedisReader(server.url, PREFIX)
    await sink.start()
    late = NOW + LEFT_MS + 1
    # South was said last when north of its partition was not yet half an hour older; the owner of
    # partition 1 is away, and what it said last stays.
    left, away = part("south", NOW), part("south", NOW, 1)
    await sink.write(SnapshotBatch(partials=[part("north", late - 1), left, away]))
    assert not await sink.needs_resync()
    assert len((await reader.load()).partials) == 3

    async with aclosing(reader.follow()) as updates:
        await anext(updates)
        await sink.write(SnapshotBatch(partials=[part("north", late)]))
        assert not await sink.needs_resync()
        async for update in updates:
            if update.complete:  # readers hear of it
                break
        found = {(one.id, one.partition) for one in update.batch.partials}
    assert found == {("north", 0), ("south", 1)}

    # A worker that slept all the while says what it had to say then; its version is remembered.
    await sink.write(SnapshotBatch(partials=[part("south", NOW - 1)]))
    assert len((await reader.load()).partials) == 2
    await sink.write(SnapshotBatch(partials=[part("south", late)]))
    assert len((await reader.load()).partials) == 3
    await sink.close()
    await reader.close()


# -- users


async def as_user(server: RedisServer, name: str, prefix: str = PREFIX) -> str:
    """The URL of a user who may what the page says, and no more."""
    async with connect(server.url) as client:
        words = [word.replace(PREFIX, prefix) for word in users()[name]]
        await client.execute_command("ACL", "SETUSER", name, *words)  # type: ignore[no-untyped-call] # redis-py leaves it untyped
    return server.url.replace("redis://", f"redis://{name}:change-me@").replace("/0", "/1")


async def test_a_writer_needs_all_of_its_rights_and_no_more(
    server: RedisServer, client: Redis
) -> None:
    url = await as_user(server, "floorcast-writer")
    sink, reader = RedisSink(url, PREFIX), RedisReader(url, PREFIX)
    await sink.start()
    await sink.write(everything())
    assert not await sink.needs_resync()
    async with aclosing(reader.follow()) as updates:
        assert len((await anext(updates)).batch.reps) == 12
        # In a euro leaderboard no more, and under another id.
        one = rep(4, version=2)
        windows: dict[Any, Tally] = {"today": Tally(contacts=3)}
        await sink.write(SnapshotBatch(reps=[structs.replace(one, windows=windows)]))
        assert len((await anext(updates)).batch.reps) == 1
    gone = structs.replace(rep(5, version=2), rep_id="gone-1")
    await sink.write(SnapshotBatch(reps=[gone], forgotten=["r-0005"]))
    assert await drop_older(url, PREFIX, 1) == 2
    await sink.close()
    await reader.close()

    stats: Any = await client.info("commandstats")
    used = {name.removeprefix("cmdstat_") for name in stats}
    granted = {word[1:] for word in users()["floorcast-writer"] if word.startswith("+")}
    assert granted <= used
    assert [name for name, one in stats.items() if one["rejected_calls"]] == []


async def test_a_reader_reads_and_changes_nothing(server: RedisServer, sink: RedisSink) -> None:
    url = (await as_user(server, "floorcast-reader")).replace("/1", "/0")
    reader = RedisReader(url, PREFIX)
    async with aclosing(reader.follow()) as updates:
        assert len((await anext(updates)).batch.reps) == 12
        await sink.write(SnapshotBatch(reps=[rep(4, version=2)]))
        assert len((await anext(updates)).batch.reps) == 1
    await reader.close()
    own = RedisSink(url, PREFIX)
    await own.start()
    with pytest.raises(SinkUnavailable) as refused:
        await own.write(everything())
    assert "change-me" not in str(refused.value)
    await own.close()
    await refuse(url, "SET", KEYS.layout, "9 mine")
    await refuse(url, "DEL", KEYS.held("reps"))


@pytest.mark.parametrize("name", ["floorcast-writer", "floorcast-reader"])
async def test_nobody_reaches_what_is_not_floorcasts(server: RedisServer, name: str) -> None:
    url = await as_user(server, name)

    for command in ("GET other", "KEYS *", "FLUSHALL", "CONFIG GET maxmemory", "ACL LIST"):
        await refuse(url, *command.split())
    stranger = RedisReader(url, "other")
    with pytest.raises(SinkUnavailable):
        await stranger.load()
    await stranger.close()


async def test_the_rights_go_with_the_prefix(server: RedisServer) -> None:
    url = await as_user(server, "floorcast-writer", "north")
    sink = RedisSink(url, "north")
    await sink.start()
    await sink.write(everything())
    await sink.close()


async def refuse(url: str, *command: str) -> None:
    async with connect(url) as client:
        with pytest.raises(NoPermissionError):
            await client.execute_command(*command)  # type: ignore[no-untyped-call] # redis-py leaves it untyped
