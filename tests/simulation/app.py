"""The least app that a lane can live in: settings, tables, flow control and Faust's recovery."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

from faust.types import TP
from mode.utils.queues import FlowControlEvent, ThrowableQueue

from streams.engine.lane.batch import Slice
from streams.engine.lane.recovery import QUIET_S, FastRecovery
from streams.engine.lane.store import LaneStore
from streams.engine.stores import LocalSegments, MemorySegments
from tests.simulation.consumer import Ordered, SimConsumer
from tests.simulation.group import REBALANCE_S, SESSION_S
from tests.simulation.loop import Process
from tests.simulation.network import SimProducer

BUFFER = 4
"""Slices an agent's queue holds."""


class DiskSegments(MemorySegments):
    """Segments that outlive the process, as a folder does."""

    def close(self) -> None:
        """Let go of the folder; what is in it stays."""

    def copied(self) -> DiskSegments:
        """The same content, apart."""
        other = DiskSegments()
        other.write(self._items.items(), self._offset)
        return other

    def content(self) -> dict[bytes, bytes]:
        """Everything that is stored."""
        return dict(self._items)


Disk = dict[tuple[str, int], DiskSegments]
"""(table, partition) to its folder."""


class SimStore(LaneStore):
    """A table's stores on a simulated disk."""

    def __init__(self, name: str, disk: Disk) -> None:
        # Not Faust's: it would want an app and a URL.
        self.table_name = name
        self.disk = disk
        self.partitions = {}

    def new_segments(self, partition: int) -> LocalSegments:
        """The folder of one partition."""
        return self.disk.setdefault((self.table_name, partition), DiskSegments())


class SimTable:
    """A table, as recovery sees it."""

    recovery_buffer_size = 1000

    def __init__(self, name: str, disk: Disk) -> None:
        self.name = name
        self.data = SimStore(name, disk)

    def persisted_offset(self, tp: TP) -> int | None:
        """Where recovery begins."""
        return self.data.persisted_offset(tp)

    async def on_recovery_completed(self, active: Any, standby: Any) -> None:
        """Nothing, as the lane's store does."""


class SimTables(dict[str, SimTable]):
    """The table manager."""

    recovery: SimRecovery

    def __init__(self, changelogs: dict[str, str], disk: Disk) -> None:
        super().__init__({name: SimTable(name, disk) for name in changelogs})
        self._changelogs = {topic: self[name] for name, topic in changelogs.items()}

    @property
    def changelog_topics(self) -> set[str]:
        """The changelogs of all tables."""
        return set(self._changelogs)

    async def on_rebalance(self, assigned: Any, generation: int) -> None:
        """Tell recovery."""
        await asyncio.sleep(0)
        await self.recovery.on_rebalance(assigned, set(), set(), generation)

    def on_actives_ready(self) -> None:
        """Nothing waits for it."""

    def on_standbys_ready(self) -> None:
        """Nothing waits for it."""


class SimRecovery(FastRecovery):
    """The shipped recovery; walks its partitions in order, and says nothing."""

    completed_times = 0

    def __init__(self, app: Any, tables: SimTables) -> None:
        super().__init__(app, cast(Any, tables))
        self.active_tps = Ordered()
        self.active_offsets = cast(Any, Counter())

    def _highwater_logtable(self, highwaters: Any, *, title: str) -> str:
        return title

    def _start_offsets_logtable(self, offsets: Any, *, title: str) -> str:
        return title

    async def run(self) -> None:
        """The loop over recoveries."""
        await cast(Any, FastRecovery._restart_recovery)(self)

    async def tails(self) -> None:
        """The lane's look at ends that give no record; between recoveries nothing is to be seen."""
        while True:
            await asyncio.sleep(2 * QUIET_S if self.in_recovery else 10 * QUIET_S)
            if self._counts:
                await self._check_tails()

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Count, and go on."""
        await super().on_recovery_completed(generation_id)
        if generation_id == self.app.consumer_generation_id:
            self.completed_times += 1


class FlowControl:
    """Faust's flow control and queues, and the conductor's way of putting a slice into one."""

    def __init__(self, topics: list[str]) -> None:
        self._event = FlowControlEvent()
        self.queues: dict[str, ThrowableQueue[Slice]] = {
            topic: ThrowableQueue(BUFFER, flow_control=self._event, clear_on_resume=True)
            for topic in topics
        }
        self.suspend = self._event.suspend
        self.resume = self._event.resume

    async def put(self, consumer: SimConsumer, piece: Slice) -> None:
        """Give a slice to an agent, once the flow is on and there is room."""
        await self._event.acquire()
        queue, tp = self.queues[piece.topic], piece.tp
        if queue.full():
            # A putter that `clear` cancels does not show: its slice is gone all the same.
            await asyncio.wait([asyncio.ensure_future(queue.put(piece))])
            return
        queue.put_nowait_enhanced(
            piece,
            on_pressure_high=lambda: consumer.on_buffer_full(tp),
            on_pressure_drop=lambda: consumer.on_buffer_drop(tp),
        )

    async def stream(self, topic: str) -> Any:
        """What an agent reads."""
        while True:
            yield await self.queues[topic].get()

    def clear(self) -> None:
        """Empty the queues, in a fixed order."""
        for queue in self.queues.values():
            queue.clear()


class _Assignor:
    def __init__(self, app: SimApp) -> None:
        self._app = app

    def assigned_actives(self) -> Iterator[TP]:
        topics = self._app.tables.changelog_topics
        return iter([tp for tp in self._app.consumer.assignment() if tp.topic in topics])

    def assigned_standbys(self) -> tuple[TP, ...]:
        return ()


class SimApp:
    """What lane, consumer and recovery ask of a Faust app."""

    consumer: SimConsumer
    producer: SimProducer
    lane: Any
    tracer = None
    _rebalancing_span = None
    client_only = False
    in_transaction = False

    def __init__(self, process: Process, tables: SimTables, topics: list[str]) -> None:
        self.process = process
        self.tables = tables
        self.conf = SimpleNamespace(
            broker_session_timeout=SESSION_S,
            broker_rebalance_timeout=REBALANCE_S,
            broker_request_timeout=90.0,
            recovery_consistency_check=True,
            stream_recovery_delay=0.0,
            store=None,
        )
        self.flow_control = FlowControl(topics)
        self.consumer_generation_id = 0
        self.rebalancing = False
        self.should_stop = False
        self.in_recovery = False
        self.assignor = _Assignor(self)
        self.sensors = SimpleNamespace(on_commit_initiated=_say, on_commit_completed=_say)
        self.on_rebalance_complete = SimpleNamespace(send=_wait)
        self._fetcher = SimpleNamespace(maybe_start=_wait, should_stop=False)
        self.on_rebalance_end: Callable[[], None] = _say
        self.report: Callable[[str], None] = _say
        self.tables.recovery = SimRecovery(self, tables)

    @property
    def _producer(self) -> SimProducer:
        return self.producer

    async def crash(self, reason: BaseException) -> None:
        """What Faust does when a part fails, as the lane's app does it."""
        self.process.die(f"a part of the worker failed: {reason!r}")


def _say(*_: Any) -> None:
    return None


async def _wait(*_: Any) -> None:
    await asyncio.sleep(0)
