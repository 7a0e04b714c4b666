"""What everybody who takes alerts promises: the page's own process, and Redis."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import pytest

from sinks.held_alerts import HeldAlerts
from sinks.redis_alerts import RedisAlerts, RedisAlertsReader
from sinks.wallboard.model import BoardModel, WallboardAlerts, follow_alerts
from streams.core.alerts.book import Entry, Happened
from streams.core.alerts.known import KnownAlerts
from streams.core.alerts.told import RepAlert
from streams.core.clock import ManualClock
from streams.core.errors import SinkUnavailable
from streams.core.ports import AlertsTo
from tests.services.redis import RedisServer


class Backend(Protocol):
    """Where alerts go, and what whoever looks there sees."""

    def writer(self) -> AlertsTo: ...
    async def seen(self) -> KnownAlerts | None: ...


class Page:
    def __init__(self) -> None:
        self._model = BoardModel(ManualClock(0))

    def writer(self) -> AlertsTo:
        return WallboardAlerts(self._model)

    async def seen(self) -> KnownAlerts | None:
        return self._model.alerts


class Held:
    def __init__(self) -> None:
        self._held = HeldAlerts()

    def writer(self) -> AlertsTo:
        return self._held

    async def seen(self) -> KnownAlerts | None:
        return self._held.known


class InRedis:
    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.prefix = f"test-{secrets.token_hex(4)}"

    def writer(self) -> AlertsTo:
        return RedisAlerts(self.server.url, self.prefix)

    async def seen(self) -> KnownAlerts | None:
        reader = RedisAlertsReader(self.server.url, self.prefix)
        try:
            return await reader.load()
        finally:
            await reader.close()


@pytest.fixture(params=["page", "held", "redis"])
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "page":
        return Page()
    if request.param == "held":
        return Held()
    return InRedis(request.getfixturevalue("make_redis")())


@pytest.fixture
async def writer(backend: Backend) -> AsyncIterator[AlertsTo]:
    made = backend.writer()
    await made.start()
    yield made
    await made.close()


def entry(alert_id: str = "a-1", rep_id: str = "ana") -> Entry:
    alert = RepAlert(
        alert_id=alert_id,
        kind="conversion_drop",
        state="red",
        site_id="s",
        team_id="north",
        rep_id=rep_id,
        at_ms=1_000,
        evidence=8_100.5,
        text={"en": "Ana: 7 sales", "zh": "成交 7 单"},
    )
    life = (Happened(1_000, "red"), Happened(2_000, "ack", "mia", "on it"))
    return Entry(alert=alert, state="acknowledged", muted_until_ms=9_000, life=life)


def known(position: int, moment_ms: int = 0, *entries: Entry) -> KnownAlerts:
    return KnownAlerts(position=position, moment_ms=moment_ms, entries=entries)


async def test_there_is_nothing_before_somebody_writes(backend: Backend, writer: AlertsTo) -> None:
    assert await backend.seen() is None


async def test_what_is_written_is_seen_whole(backend: Backend, writer: AlertsTo) -> None:
    whole = known(5, 10_000, entry(), entry("b-1", "ben"))
    await writer.write(whole)
    assert await backend.seen() == whole
    await writer.write(whole)
    assert await backend.seen() == whole


async def test_what_is_written_takes_the_place_of_all_there_was(
    backend: Backend, writer: AlertsTo
) -> None:
    await writer.write(known(5, 0, entry()))
    await writer.write(known(6, 0, entry("b-1")))
    seen = await backend.seen()
    assert seen is not None
    assert [one.alert.alert_id for one in seen.entries] == ["b-1"]


async def test_whoever_has_heard_less_changes_nothing(backend: Backend, writer: AlertsTo) -> None:
    slow = backend.writer()
    await slow.start()
    await writer.write(known(50, 0, entry()))
    await slow.write(known(9, 70_000))
    await slow.write(known(50, 0))
    assert await backend.seen() == known(50, 0, entry())
    await slow.write(known(50, 10_000))
    assert await backend.seen() == known(50, 10_000)
    await slow.close()


async def test_an_emptied_redis_has_all_again_with_the_next_write(
    make_redis: Callable[..., RedisServer],
) -> None:
    there = InRedis(make_redis())
    writer = RedisAlerts(there.server.url, there.prefix)
    await writer.start()
    await writer.write(known(5, 0, entry()))
    there.server.flush()
    assert await there.seen() is None
    await writer.write(known(5, 10_000, entry()))
    assert await there.seen() == known(5, 10_000, entry())
    await writer.close()


async def test_a_redis_that_is_away_is_told_to_the_caller(
    make_redis: Callable[..., RedisServer],
) -> None:
    there = InRedis(make_redis())
    writer = RedisAlerts(there.server.url, there.prefix)
    await writer.start()
    there.server.stop()
    with pytest.raises(SinkUnavailable):
        await writer.write(known(5, 0, entry()))
    with pytest.raises(SinkUnavailable):
        await there.seen()
    there.server.start()
    await writer.write(known(5, 0, entry()))
    assert await there.seen() == known(5, 0, entry())
    await writer.close()


async def test_a_reader_is_told_what_changed_and_only_then(
    make_redis: Callable[..., RedisServer],
) -> None:
    there = InRedis(make_redis())
    writer, reader = (
        RedisAlerts(there.server.url, there.prefix),
        RedisAlertsReader(there.server.url, there.prefix),
    )
    await writer.start()
    assert await reader.changed() is None
    await writer.write(known(5, 0, entry()))
    assert await reader.changed() == known(5, 0, entry())
    assert await reader.changed() is None
    there.server.flush()
    assert await reader.changed() is None
    await writer.write(known(6, 0))
    assert await reader.changed() == known(6, 0)
    await writer.close()
    await reader.close()


async def test_whoever_has_heard_less_keeps_nothing_alive(
    make_redis: Callable[..., RedisServer],
) -> None:
    there = InRedis(make_redis())
    # Topics were made anew: nobody will ever hear as much as the one who wrote last.
    before, after = (RedisAlerts(there.server.url, there.prefix, ttl_s=ttl_s) for ttl_s in (1, 60))
    for one in (before, after):
        await one.start()
    reader, model = RedisAlertsReader(there.server.url, there.prefix), BoardModel(ManualClock(0))
    following = asyncio.create_task(follow_alerts(reader, model))
    await before.write(known(50, 0, entry()))
    async with asyncio.timeout(20):
        while model.alerts != known(3, 0, entry("b-1")):
            await after.write(known(3, 0, entry("b-1")))
            await asyncio.sleep(0.1)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    for one in (before, after):
        await one.close()
    await reader.close()


async def test_a_forgotten_rep_is_taken_out_at_once(
    make_redis: Callable[..., RedisServer],
) -> None:
    there = InRedis(make_redis())
    writer = RedisAlerts(there.server.url, there.prefix)
    await writer.start()
    await writer.forget("ana")
    assert await there.seen() is None
    await writer.write(known(5, 0, entry(), entry("b-1", "ben")))
    await writer.forget("ana")
    assert await there.seen() == known(5, 0, entry("b-1", "ben"))
    await writer.close()
