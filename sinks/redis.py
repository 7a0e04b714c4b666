"""The serving layer for boards and APIs across workers: the latest snapshots in Redis.

`REDIS.md` describes the keys. One script takes snapshots, leaderboard places and change
entry together and refuses lower versions, so workers need not know of each other.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import islice

from redis.asyncio import Redis

from sinks.latest import version_of
from sinks.redis_client import connect, shown, text, unavailable
from sinks.redis_keys import CHANGES_KEPT, LAYOUT, TTL_S, RedisKeys
from sinks.redis_ranks import Ranks, ranks_of
from streams.core.errors import SinkUnavailable
from streams.core.snapshot import (
    Partial,
    PartitionStatus,
    RepSnapshot,
    SnapshotBatch,
    SourceFreshness,
    encode_snapshot,
)

PER_SCRIPT = 100
"""Snapshots per call of the script: Redis serves nobody else while it runs (about 2 ms)."""
SCRIPTS_AT_ONCE = 10
"""Calls per round trip; each round trip has the client's time-out."""

SWEEP_S = 60.0
LEFT_MS = 30 * 60_000
"""Twice as long as an owner takes to say everything again."""

_Args = list[str | bytes | int | float]
_Item = tuple[_Args, Ranks]
_Snapshot = RepSnapshot | Partial | SourceFreshness | PartitionStatus


class RedisSink:
    """Writes to the Redis at `url` under `prefix`; raises SinkUnavailable while it is away.

    Released partitions stay: their new owner overwrites them. `ttl_s` is in seconds.
    """

    name = "redis"

    def __init__(self, url: str, prefix: str = "floorcast", *, ttl_s: int = TTL_S) -> None:
        self.where = shown(url)
        self._url = url
        self._keys = RedisKeys(prefix)
        self._ttl_s = ttl_s
        self._client: Redis | None = None
        self._script = files("sinks").joinpath("lua/put.lua").read_text("utf-8")
        self._forget = files("sinks").joinpath("lua/forget.lua").read_text("utf-8")
        self._drop_left = files("sinks").joinpath("lua/drop_left.lua").read_text("utf-8")
        self._swept_s = 0.0
        self._epoch: str | None = None
        self._lost = False

    async def start(self) -> None:
        """Make the client; it connects with the first write."""
        if self._client is None:
            self._client = connect(self._url)

    async def write(self, batch: SnapshotBatch) -> None:
        """Take a batch; raises SinkUnavailable, and then any part of it may have been taken."""
        items = _items(batch)
        forgotten: Sequence[str] = batch.forgotten
        while (part := list(islice(items, PER_SCRIPT * SCRIPTS_AT_ONCE))) or forgotten:
            with unavailable(self._url):
                await self._send(part, forgotten)
            forgotten = ()

    async def _send(self, part: Sequence[_Item], forgotten: Sequence[str]) -> None:
        keys = self._keys.for_script()
        head: _Args = [LAYOUT, secrets.token_hex(8), self._ttl_s, CHANGES_KEPT]
        # Together: nobody reads a sum in which a rep is missing, or there under both ids.
        async with self._opened().pipeline(transaction=bool(forgotten)) as pipe:
            if forgotten:
                named = self._keys.for_forgetting()
                pipe.eval(self._forget, len(named), *named, self._ttl_s, *forgotten)
            for start in range(0, len(part), PER_SCRIPT):
                argv = _argv(part[start : start + PER_SCRIPT])
                # The text, not its hash: it is small beside the snapshots, and a Redis that was
                # restarted in between needs no second round.
                pipe.eval(self._script, len(keys), *keys, *head, *argv)
            answers = await pipe.execute()
            for epoch, _ in answers[1:] if forgotten else answers:
                self._seen(text(epoch))

    async def needs_resync(self) -> bool:
        """True once after Redis lost its keys; False while it is away, for then `write` raises."""
        try:
            with unavailable(self._url):
                found = await self._opened().get(self._keys.layout)
                await self._sweep()
        except SinkUnavailable:
            return False
        self._seen(text(found).partition(" ")[2] if found else None)
        lost, self._lost = self._lost, False
        return lost

    async def _sweep(self) -> None:
        """Now and then take out partials that nobody says any more."""
        now_s = time.monotonic()
        if now_s - self._swept_s >= SWEEP_S:
            named = self._keys.for_dropping()
            await self._opened().eval(self._drop_left, len(named), *named, str(LEFT_MS))
            self._swept_s = now_s

    def _seen(self, epoch: str | None) -> None:
        # Another worker may have been first to write after the loss, so it is the epoch that tells,
        # not whether there is one.
        if self._epoch is not None and epoch != self._epoch:
            self._lost = True
        self._epoch = epoch

    async def close(self) -> None:
        """Close the connections; what was written stays."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    def _opened(self) -> Redis:
        if self._client is None:
            msg = "start() comes before anything else"
            raise RuntimeError(msg)
        return self._client


def _items(batch: SnapshotBatch) -> Iterator[_Item]:
    """The arguments of the script for each snapshot of a batch, and where a rep is ranked."""
    for rep in batch.reps:
        yield _item(0, rep.rep_id, rep), ranks_of(rep)
    for one in batch.partials:
        yield _item(1, f"{one.level}:{one.partition}:{one.id}", one), {}
    for fresh in batch.freshness:
        yield _item(2, f"{fresh.partition}:{fresh.topic}:{fresh.source}", fresh), {}
    for status in batch.status:
        yield _item(3, str(status.partition), status), {}


def _item(kind: int, field: str, one: _Snapshot) -> _Args:
    return [kind, field, *version_of(one), encode_snapshot(one)]


def _argv(items: Sequence[_Item]) -> _Args:
    """Arguments of one call; names of leaderboards stand in front once, for they are most of it."""
    numbers: dict[str, int] = {}
    told: _Args = []
    for args, ranks in items:
        told += args
        told.append(len(ranks))
        for name, score in ranks.items():
            told += (numbers.setdefault(name, len(numbers) + 1), score)
    return [len(numbers), *numbers, *told]
