"""The sinks under contract, each with a way to read back what a reader of it would see."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from sinks.latest import Latest
from sinks.memory import MemorySink
from sinks.prometheus import PrometheusSink
from sinks.redis import RedisSink
from sinks.redis_reader import RedisReader
from sinks.wallboard.model import BoardModel, WallboardSink
from streams.core.clock import ManualClock
from streams.core.ports import Sink
from tests.services.redis import RedisServer


class Seen(Struct):
    """Dials today, by rep and by team, as somebody who reads the sink sees them."""

    reps: dict[str, int]
    teams: dict[str, int]


class Backend(Protocol):
    """A sink with its backend; `owned_only`: released partitions are dropped."""

    @property
    def sink(self) -> Sink: ...
    @property
    def owned_only(self) -> bool: ...
    async def seen(self) -> Seen: ...


class Whole(Backend, Protocol):
    """A backend out of which everything that was written can be read."""

    async def latest(self) -> Latest: ...


class Memory:
    def __init__(self, *, owned_only: bool) -> None:
        self.owned_only = owned_only
        self.sink = MemorySink(owned_only=owned_only)

    async def seen(self) -> Seen:
        return _seen(self.sink.latest)

    async def latest(self) -> Latest:
        return self.sink.latest


class Prometheus:
    owned_only = True

    def __init__(self) -> None:
        self.sink = PrometheusSink()

    async def seen(self) -> Seen:
        text = b"".join([chunk async for chunk in self.sink.render_chunks()]).decode()
        assert text == self.sink.render().decode()
        samples = {family.name: family.samples for family in text_string_to_metric_families(text)}
        return Seen(
            {
                one.labels["rep"]: int(one.value)
                for one in samples.get("floorcast_rep_today_dials", ())
            },
            {
                one.labels["team"]: int(one.value)
                for one in samples.get("floorcast_team_today_dials", ())
            },
        )


class Redis:
    owned_only = False

    def __init__(self, server: RedisServer) -> None:
        self._url = server.url
        self._prefix = f"test-{secrets.token_hex(4)}"
        self.sink = self.another()

    def another(self) -> RedisSink:
        """The sink of a second worker on the same keys."""
        return RedisSink(self._url, self._prefix)

    def reader(self) -> RedisReader:
        """A reader of what is written."""
        return RedisReader(self._url, self._prefix)

    async def seen(self) -> Seen:
        return _seen(await self.latest())

    async def latest(self) -> Latest:
        reader = self.reader()
        try:
            latest = Latest()
            latest.take(await reader.load())
            return latest
        finally:
            await reader.close()


def _seen(latest: Latest) -> Seen:
    teams: dict[str, int] = defaultdict(int)
    for one in latest.partials.values():
        if one.level == "team":
            teams[one.id] += one.windows["today"].dials
    return Seen({rep: one.windows["today"].dials for rep, one in latest.reps.items()}, dict(teams))


class Wallboard:
    """The page in a worker's own process."""

    owned_only = True

    def __init__(self) -> None:
        self._model = BoardModel(ManualClock())
        self.sink = WallboardSink(self._model)

    async def seen(self) -> Seen:
        return _seen(self._model.latest)


WITHOUT_SERVER: Mapping[str, Callable[[], Backend]] = {
    "memory": lambda: Memory(owned_only=False),
    "memory-owned": lambda: Memory(owned_only=True),
    "prometheus": Prometheus,
    "wallboard": Wallboard,
}


@asynccontextmanager
async def started(backend: Backend) -> AsyncIterator[Backend]:
    """The backend with its sink started, closed in the end."""
    await backend.sink.start()
    try:
        yield backend
    finally:
        await backend.sink.close()
