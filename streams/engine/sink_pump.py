"""One pump a sink: the latest state waits for the sink, the worker never does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from streams.core.errors import SinkUnavailable
from streams.core.ports import Sink
from streams.core.snapshot import (
    Partial,
    PartitionStatus,
    RepSnapshot,
    SnapshotBatch,
    SourceFreshness,
)
from streams.engine.telemetry import Telemetry

log = logging.getLogger(__name__)

FIRST_RETRY_S, LAST_RETRY_S = 0.2, 10.0
RESYNC_CHECK_S = 1.0
MOST_AT_ONCE = 500
"""Reps in one write: bounds how long a sink may hold the event loop."""


_NOTHING = SnapshotBatch()


class SinkPump:
    """Keeps the latest of everything until the sink has taken it.

    Memory is bounded by what there is to show: a newer snapshot takes the place of one that waits.
    `resend` is called when the sink has lost its contents, and must offer everything again.
    """

    def __init__(self, sink: Sink, telemetry: Telemetry, resend: Callable[[], None]) -> None:
        self._sink = sink
        self._telemetry = telemetry
        self._resend = resend
        self._reps: dict[str, RepSnapshot] = {}
        self._partials: dict[tuple[str, str, int], Partial] = {}
        self._freshness: dict[tuple[str, str, int], SourceFreshness] = {}
        self._status: dict[int, PartitionStatus] = {}
        self._released: set[int] = set()
        self._forgotten: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._checked_s = 0.0

    async def start(self) -> None:
        """Start the sink and begin to write to it."""
        await self._sink.start()
        self._task = asyncio.create_task(self._run(), name=f"sink {self._sink.name}")

    async def close(self) -> None:
        """Write what waits, for a second at most, then close the sink."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=1.0)
            self._task.cancel()
        await self._sink.close()

    def offer(self, batch: SnapshotBatch) -> None:
        """Take a batch; never blocks, never fails."""
        for partition in batch.released:
            self._forget(partition)
        for rep_id in batch.forgotten:
            self._reps.pop(rep_id, None)
            self._forgotten.add(rep_id)
        for shot in batch.reps:
            self._reps[shot.rep_id] = shot
            self._forgotten.discard(shot.rep_id)
        for part in batch.partials:
            self._partials[part.level, part.id, part.partition] = part
        for fresh in batch.freshness:
            self._freshness[fresh.topic, fresh.source, fresh.partition] = fresh
        for status in batch.status:
            self._status[status.partition] = status
            self._released.discard(status.partition)
        self._telemetry.sink_pending.labels(self._sink.name).set(len(self._reps))
        self._wake.set()

    def _forget(self, partition: int) -> None:
        self._released.add(partition)
        self._status.pop(partition, None)
        self._reps = _without(self._reps, partition)
        self._partials = _without(self._partials, partition)
        self._freshness = _without(self._freshness, partition)

    def _take(self) -> SnapshotBatch | None:
        chosen = list(self._reps)[:MOST_AT_ONCE]
        batch = SnapshotBatch(
            reps=[self._reps.pop(rep_id) for rep_id in chosen],
            partials=list(self._partials.values()),
            freshness=list(self._freshness.values()),
            status=list(self._status.values()),
            released=sorted(self._released),
            forgotten=sorted(self._forgotten),
        )
        self._partials.clear()
        self._freshness.clear()
        self._status.clear()
        self._released.clear()
        self._forgotten.clear()
        return batch if batch != _NOTHING else None

    def _put_back(self, batch: SnapshotBatch) -> None:
        """What was not taken waits on, unless something newer has come meanwhile."""
        self._forgotten.update(one for one in batch.forgotten if one not in self._reps)
        for shot in batch.reps:
            if shot.rep_id not in self._forgotten:
                self._reps.setdefault(shot.rep_id, shot)
        for part in batch.partials:
            self._partials.setdefault((part.level, part.id, part.partition), part)
        for fresh in batch.freshness:
            self._freshness.setdefault((fresh.topic, fresh.source, fresh.partition), fresh)
        for status in batch.status:
            self._status.setdefault(status.partition, status)
        self._released.update(p for p in batch.released if p not in self._status)

    async def _run(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                retry_s = await self._round(retry_s)
            except Exception:
                # A defect of one sink must not stop the count; its failures are on /metrics.
                log.exception("sink %s failed; trying again", self._sink.name)
                self._telemetry.sink_failures.labels(self._sink.name).inc()
                await asyncio.sleep(LAST_RETRY_S)
            if self._stopping and not self._wake.is_set():
                return

    async def _check(self) -> None:
        try:
            lost = await self._sink.needs_resync()
        except SinkUnavailable:
            return  # the next write finds out and retries
        if lost:
            log.info("sink %s has lost its contents: sending everything again", self._sink.name)
            self._resend()

    async def _round(self, retry_s: float) -> float:
        # By time and not by silence: a busy floor would never ask whether the sink is empty.
        now_s = time.monotonic()
        if now_s - self._checked_s >= RESYNC_CHECK_S:
            self._checked_s = now_s
            await self._check()
        try:
            await asyncio.wait_for(self._wake.wait(), RESYNC_CHECK_S)
        except TimeoutError:
            return retry_s
        self._wake.clear()
        batch = self._take()
        if batch is None:
            return retry_s
        self._telemetry.sink_writes.labels(self._sink.name).inc()
        try:
            await self._sink.write(batch)
        except SinkUnavailable as error:
            self._put_back(batch)
            self._telemetry.sink_failures.labels(self._sink.name).inc()
            log.warning("sink %s is away (%s): again in %.1f s", self._sink.name, error, retry_s)
            await asyncio.sleep(retry_s)
            self._wake.set()
            return min(retry_s * 2, LAST_RETRY_S)
        except Exception:
            self._put_back(batch)
            self._wake.set()
            raise
        if self._reps:
            self._wake.set()
        self._telemetry.sink_pending.labels(self._sink.name).set(len(self._reps))
        return FIRST_RETRY_S


class _OfPartition(Protocol):
    partition: int


_K = TypeVar("_K")
_V = TypeVar("_V", bound=_OfPartition)


def _without(kept: dict[_K, _V], partition: int) -> dict[_K, _V]:
    return {key: one for key, one in kept.items() if one.partition != partition}
