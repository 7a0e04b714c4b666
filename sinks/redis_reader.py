"""Reads what `RedisSink` writes: everything once, then what changes, as batches of snapshots."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, json
from redis.asyncio import Redis

from sinks.redis_client import connect, shown, text, unavailable
from sinks.redis_keys import KINDS, LAYOUT, Kind, RedisKeys
from streams.core.errors import SinkUnavailable
from streams.core.snapshot import (
    Partial,
    PartitionStatus,
    RepSnapshot,
    SnapshotBatch,
    SourceFreshness,
)

PER_READ = 500
"""Snapshots, or entries of the change stream, per answer of Redis."""
WAIT_MS = 1_000
"""How long one read waits for changes; below the client's time-out."""

_DECODERS: dict[Kind, json.Decoder[Any]] = {
    "reps": json.Decoder(RepSnapshot),
    "partials": json.Decoder(Partial),
    "freshness": json.Decoder(SourceFreshness),
    "status": json.Decoder(PartitionStatus),
}
_names = json.Decoder(list[str]).decode


class Update(Struct, frozen=True):
    """What a reader hands over; `complete`: the batch is all there is, forget what was before."""

    batch: SnapshotBatch
    complete: bool


class _Gap(Exception):
    """The change stream does not continue where it was left."""


class RedisReader:
    """Follows the Redis at `url` under `prefix`; every method raises SinkUnavailable."""

    def __init__(self, url: str, prefix: str = "floorcast") -> None:
        self.where = shown(url)
        self._url = url
        self._keys = RedisKeys(prefix)
        self._client: Redis = connect(url)

    async def load(self) -> SnapshotBatch:
        """Everything that is held now; empty when nothing was ever written."""
        with unavailable(self._url):
            await self._check_layout()
            return self._batch({kind: await self._scan(kind) for kind in KINDS})

    async def follow(self) -> AsyncGenerator[Update, None]:
        """Everything, then changes as they come, without end.

        A change carries the latest state of what changed, so changes may be left out but never
        wrong. After a gap (a reader too slow, an emptied Redis) comes everything again. At least
        once a second comes an update, empty when nothing changed: Redis is there.
        """
        while True:
            with unavailable(self._url):
                at, count = await self._newest()
            yield Update(await self.load(), complete=True)
            try:
                while True:
                    with unavailable(self._url):
                        at, count, batch = await self._next(at, count)
                    yield Update(batch, complete=False)
            except _Gap:
                continue

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _check_layout(self) -> None:
        found = await self._client.get(self._keys.layout)
        layout = text(found).split(" ")[0] if found is not None else None
        if layout is not None and layout != str(LAYOUT):
            msg = (
                f"redis at {self.where} holds layout {layout}, this floorcast reads "
                f"{LAYOUT}: give each release a redis_prefix of its own"
            )
            raise SinkUnavailable(msg)

    async def _scan(self, kind: Kind) -> list[bytes]:
        values: dict[bytes, bytes] = {}
        scan = self._client.hscan_iter(self._keys.held(kind), count=PER_READ)
        async for field, value in scan:
            values[field] = value  # a scan may give a field twice
        return list(values.values())

    async def _newest(self) -> tuple[str, int]:
        found: Any = await self._client.xrevrange(self._keys.changes, count=1)
        return _place(found[0]) if found else ("0-0", 0)

    async def _next(self, at: str, count: int) -> tuple[str, int, SnapshotBatch]:
        answer = await self._client.xread({self._keys.changes: at}, count=PER_READ, block=WAIT_MS)
        entries = _entries(answer)
        if not entries and int(await self._client.get(self._keys.changes_count) or 0) != count:
            raise _Gap
        changed: dict[Kind, set[str]] = {kind: set() for kind in KINDS}
        for entry in entries:
            at, number = _place(entry)
            if number != count + 1:
                raise _Gap
            count = number
            for kind in KINDS:
                if names := entry[1].get(kind.encode()):
                    changed[kind].update(_names(names))
        return (
            at,
            count,
            self._batch({kind: await self._get(kind, changed[kind]) for kind in KINDS}),
        )

    async def _get(self, kind: Kind, fields: Iterable[str]) -> list[bytes | str]:
        wanted = sorted(fields)
        found: list[bytes | str] = []
        for start in range(0, len(wanted), PER_READ):
            part = wanted[start : start + PER_READ]
            values = await self._client.hmget(self._keys.held(kind), part)
            found += [value for value in values if value is not None]
        return found

    def _batch(self, values: Mapping[Kind, Sequence[bytes | str]]) -> SnapshotBatch:
        try:
            return SnapshotBatch(
                **{
                    kind: [_DECODERS[kind].decode(v) for v in found]
                    for kind, found in values.items()
                }
            )
        except msgspec.DecodeError as error:
            msg = f"redis at {self.where} holds what floorcast did not write: {error}"
            raise SinkUnavailable(msg) from error


def _place(entry: tuple[bytes, dict[bytes, bytes]]) -> tuple[str, int]:
    identity, fields = entry
    return identity.decode(), int(fields[b"n"])


def _entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """The entries of an XREAD of one stream, in the shape of either protocol version."""
    if not answer:
        return []
    if isinstance(answer, dict):
        (batches,) = answer.values()
        return [entry for batch in batches for entry in batch]
    return list(answer[0][1])
