"""A sink's pump keeps the latest of everything until the sink has it."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from sinks.memory import MemorySink
from streams.core.errors import SinkUnavailable
from streams.core.snapshot import RepSnapshot, SnapshotBatch
from streams.engine import sink_pump
from streams.engine.sink_pump import SinkPump
from streams.engine.telemetry import Telemetry


class Moody(MemorySink):
    """A memory sink that fails as often as it is told to, and may have lost everything."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__()
        self.failures = list(failures)
        self.lost = False

    async def write(self, batch: SnapshotBatch) -> None:
        if self.failures:
            raise self.failures.pop(0)
        await super().write(batch)

    async def needs_resync(self) -> bool:
        return self.lost


def shot(rep_id: str, position: int) -> RepSnapshot:
    return RepSnapshot(
        rep_id=rep_id,
        partition=0,
        version=(position, position),
        date="2026-09-24",
        zone="UTC",
        team_id="north",
        site="default",
    )


async def until(told: asyncio.Event) -> None:
    await asyncio.wait_for(told.wait(), 10)


async def pump_of(sink: Moody, resend: asyncio.Event) -> SinkPump:
    pump = SinkPump(sink, Telemetry(CollectorRegistry()), resend.set)
    await pump.start()
    return pump


async def test_what_a_sink_refused_comes_again_with_what_came_meanwhile(monkeypatch) -> None:  # type: ignore[no-untyped-def] # pytest's fixture
    monkeypatch.setattr(sink_pump, "FIRST_RETRY_S", 0.01)
    monkeypatch.setattr(sink_pump, "LAST_RETRY_S", 0.01)
    sink = Moody(SinkUnavailable("away"), ValueError("a defect"))
    pump = await pump_of(sink, asyncio.Event())
    pump.offer(SnapshotBatch(reps=[shot("ana", 1), shot("bo", 1)]))
    await asyncio.sleep(0)
    pump.offer(SnapshotBatch(reps=[shot("ana", 2)]))
    while len(sink.latest.reps) < 2:
        await asyncio.sleep(0.005)
    await pump.close()
    assert {rep: one.version[0] for rep, one in sink.latest.reps.items()} == {"ana": 2, "bo": 1}


async def test_a_busy_floor_notices_that_a_sink_is_empty_too(monkeypatch) -> None:  # type: ignore[no-untyped-def] # pytest's fixture
    monkeypatch.setattr(sink_pump, "RESYNC_CHECK_S", 0.02)
    sink, told = Moody(), asyncio.Event()
    pump = await pump_of(sink, told)
    sink.lost = True
    while not told.is_set():
        pump.offer(SnapshotBatch(reps=[shot("ana", 1)]))
        await asyncio.sleep(0.002)
    await pump.close()


async def test_what_is_forgotten_while_a_sink_is_away_never_reaches_it(monkeypatch) -> None:  # type: ignore[no-untyped-def] # pytest's fixture
    monkeypatch.setattr(sink_pump, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(sink_pump, "LAST_RETRY_S", 0.05)
    sink = Moody(SinkUnavailable("away"), SinkUnavailable("away"))
    sink.latest.take(SnapshotBatch(reps=[shot("ana", 1)]))
    pump = await pump_of(sink, asyncio.Event())
    pump.offer(SnapshotBatch(reps=[shot("ana", 2), shot("bo", 2)]))
    while len(sink.failures) == 2:  # the first write was refused: it waits to be written again
        await asyncio.sleep(0)

    pump.offer(SnapshotBatch(reps=[shot("gone-1", 3)], forgotten=["ana"]))

    while len(sink.latest.reps) != 2 or "ana" in sink.latest.reps:
        await asyncio.sleep(0.01)
    await pump.close()
    assert sink.latest.reps.keys() == {"gone-1", "bo"}
