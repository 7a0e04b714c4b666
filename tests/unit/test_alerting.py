"""What a worker says for alerts, without a worker: records in, records out."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from streams.core.alerts.clocks import STAGES, PartitionClock, StageClock, encode_clock
from streams.core.clock import SystemClock
from streams.core.plan import parse_plan
from streams.engine.alerting import Alerting
from streams.engine.inputs import Inputs
from streams.engine.outbox import Outbox, Outgoing
from streams.engine.stores import MemorySegments
from streams.engine.telemetry import Telemetry
from streams.settings import Settings
from streams.topics import kinds_by_topic
from tests.builders import NOON_MS


class Floor:
    """The alert side of a worker that owns the only partition; `sent` is what it wrote."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.settings = Settings(partitions=1)
        self.telemetry = Telemetry(CollectorRegistry())
        clock = SystemClock()
        inputs = Inputs(self.settings, self.telemetry, clock, kinds_by_topic(self.settings))
        plan = parse_plan("", "UTC")
        self.outbox = Outbox(self._send)
        self.alerting = Alerting(self.settings, plan, clock, self.outbox, inputs=inputs)
        self.alerting.own(0, MemorySegments())

    async def _send(self, record: Outgoing) -> asyncio.Future[object]:
        self.sent.append(record)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


@pytest.mark.parametrize("raw", [None, b"\xff", b'{"x":"\xff"}', b'{"x":' + b"[" * 200_000])
def test_a_clock_that_nobody_understands_stops_no_other(raw: bytes | None) -> None:
    floor = Floor()
    floor.alerting.hear(b"0", raw)
    assert floor.alerting.floor.lowest_ms("calls", 0, 10) < 0
    said = PartitionClock(0, **{stage: StageClock(NOON_MS, [0]) for stage in STAGES})
    floor.alerting.hear(*encode_clock(said))
    assert floor.alerting.floor.lowest_ms("calls", 0, 10) == NOON_MS
