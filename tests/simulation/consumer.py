"""The lane's consumer with Faust's and aiokafka's part of it replaced by a simulated client.

`FaustEdge` stands in the order of classes where Faust's consumer stands, so every method of the
lane (drain, commit, rebalance, membership) is the shipped one and calls these instead of Faust's.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Set
from random import Random
from typing import TYPE_CHECKING, Any, cast

from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.engine.lane.consumer import Consumer
from tests.simulation.group import Group
from tests.simulation.network import Weather, merged

if TYPE_CHECKING:
    from tests.simulation.app import SimApp

IDLE_S = 60.0
MOST_FETCHED = 12


class Membership:
    """What the lane asks of the consumer's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.generation = -1
        self.confirmed_s = loop.time()
        self.blind = False

    def membership(self) -> tuple[int, float]:
        """Generation and seconds since it was confirmed; a blind one believes in itself."""
        return self.generation, 0.0 if self.blind else self._loop.time() - self.confirmed_s

    def group_error(self) -> BaseException | None:
        """Nothing keeps a simulated member out."""
        return None


class FaustEdge(driver.Consumer):
    """What the lane uses of Faust's consumer, its thread and aiokafka's fetcher."""

    def __init__(self, app: SimApp, group: Group, weather: Weather, dice: Random) -> None:
        # Not Faust's: it would start a thread and a client.
        process = app.process
        self.app: Any = app
        self.process = process
        self.kafka = app.producer.kafka
        self.group = group
        self.weather = weather
        self.dice = dice
        self._loop = process.loop
        self._thread: Any = Membership(process.loop)
        self._stopped: Any = asyncio.Event()
        self._crashed: Any = asyncio.Event()
        self._committed_offset: Any = defaultdict(_unknown)
        self._read_offset: Any = defaultdict(_unknown)
        self._acked: Any = {}
        self._acked_index: Any = {}
        self._active_partitions: Any = None
        self._paused_partitions: Any = set()
        self._buffered_partitions: Any = set()
        self._commit_fut = None
        self.flow_active = True
        self.can_resume_flow: Any = asyncio.Event()
        self.suspend_flow: Any = asyncio.Event()
        self.wake = asyncio.Event()
        self.dealt: dict[TP, int] = {}
        """Where the fetcher stands in each partition of the present assignment."""
        self._ends: dict[TP, int] = {}

    # -- reading

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:
        if not self.flow_active:
            await self.can_resume_flow.wait()
        active = self._get_active_partitions()
        found: dict[TP, list[Any]] = {}
        for tp in sorted(active & self.dealt.keys()):
            log, at = self.kafka.at(tp), self.dealt[tp]
            self._ends[tp] = log.end
            if at < log.end and self.dice.random() < 0.8:
                records = log.read(at, self.dice.randint(1, MOST_FETCHED))
                self.dealt[tp] = records[-1].offset + 1 if records else log.end
                if records:
                    found[tp] = records
        if found:
            # From the fetcher to this loop: whatever happens meanwhile, these are on their way.
            await self.weather.pass_by()
        else:
            await self._idle(active)
        return found, active

    async def _idle(self, active: Set[TP]) -> None:
        behind = any(self.dealt[tp] < self.kafka.at(tp).end for tp in active & self.dealt.keys())
        self.wake.clear()
        timer = self.process.loop.call_later(0.05 if behind else IDLE_S, self.wake.set)
        await self.wake.wait()
        timer.cancel()

    def _set_active_tps(self, tps: Any) -> Any:
        self.wake.set()
        return super()._set_active_tps(tps)

    def on_buffer_drop(self, tp: TP) -> None:
        """A queue has room again."""
        super().on_buffer_drop(tp)
        self.wake.set()

    async def callback(self, message: Any) -> None:
        """Hand a slice to the agent of its topic."""
        await self.app.flow_control.put(self, message.value)

    async def wait_first(self, *work: Any, timeout: Any = None) -> Any:
        """Run these until the first is done; cancel the others."""
        tasks = [asyncio.ensure_future(one) for one in work]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                if not task.done():
                    task.cancel()
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()

    # -- positions

    def assignment(self) -> Any:
        """What is dealt to this member."""
        return Ordered(self.dealt)

    def highwater(self, tp: Any) -> int:
        """The end of a partition as last heard of."""
        return self._ends.get(tp, 0)

    async def position(self, tp: Any) -> int | None:
        """Where the fetcher stands."""
        await self.weather.pass_by()
        self._require(tp)
        return self.dealt[tp]

    async def seek_wait(self, partitions: Mapping[Any, int]) -> None:
        """Move the fetcher."""
        await self.weather.pass_by()
        for tp, offset in merged(partitions).items():
            self._require(tp)
            self.dealt[tp] = offset
            if offset > 0:
                self._read_offset[tp] = offset
            else:
                self._read_offset.pop(tp, None)
        self.wake.set()
        await self.weather.pass_by()

    def _require(self, tp: TP) -> None:
        if tp not in self.dealt:
            msg = f"{tp} is not assigned"
            raise IllegalStateError(msg)

    async def earliest_offsets(self, *partitions: Any) -> Any:
        """Every log begins at 0."""
        await self.weather.pass_by()
        return dict.fromkeys(partitions, 0)

    async def highwaters(self, *partitions: Any) -> Any:
        """The ends of these partitions."""
        await self.weather.pass_by()
        return {tp: self.kafka.at(tp).end for tp in partitions}

    async def perform_seek(self) -> None:
        """Where the group has committed to."""
        await self.weather.pass_by()
        committed = {tp: self.group.committed.get(tp) for tp in self.dealt}
        self._read_offset.update(committed)
        self._committed_offset.update({tp: at for tp, at in committed.items() if at})
        await self.weather.pass_by()

    # -- commits

    async def _commit_offsets(self, offsets: Any, start_new_transaction: bool = True) -> bool:
        mine = {tp: at for tp, at in offsets.items() if tp in self.dealt}
        if not mine:
            return False
        generation = self._thread.generation
        await self.weather.pass_by()
        done = self.group.commit(self.process.name, generation, mine)
        await self.weather.pass_by()
        self._committed_offset.update(mine)
        return done

    # -- rebalances

    async def on_partitions_revoked(self, revoked: Set[TP]) -> None:
        """What Faust does when partitions go."""
        if self._active_partitions is not None:
            self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)
        for tp in revoked:
            self._read_offset.pop(tp, None)
            self._committed_offset.pop(tp, None)
        if self.dealt:
            self.stop_flow()
            self.app.flow_control.suspend()
            self.pause_partitions(self.dealt)
            self.app.flow_control.clear()
            await self.app.producer.flush()

    async def on_partitions_assigned(self, assigned: Set[TP], generation_id: int = 0) -> None:
        """What Faust does when partitions come."""
        self._paused_partitions.intersection_update(assigned)
        self._set_active_tps(assigned)
        await asyncio.sleep(0)
        self.pause_partitions(assigned)
        await self.app.tables.on_rebalance(assigned, generation_id)
        self.app.rebalancing = False

    def resume_flow(self) -> None:
        """Let records through."""
        super().resume_flow()
        self.wake.set()

    def add_future(self, work: Awaitable[Any]) -> Any:
        """Run something beside."""

        async def run() -> None:
            await work

        self.process.spawn(run())

    async def on_stop(self) -> None:
        """The last commit."""
        await self.commit_and_end_transactions()


class SimConsumer(Consumer, FaustEdge):
    """The shipped consumer over the simulated edge."""

    def __init__(self, *args: Any) -> None:
        FaustEdge.__init__(self, *args)
        self.lane.attach(self)

    @property
    def member(self) -> Membership:
        """What this consumer believes of its membership."""
        return cast(Membership, self._thread)

    async def on_partitions_revoked(self, revoked: Set[TP]) -> None:
        """The shipped way to give partitions up; nothing that was applied may stay uncommitted."""
        applied, refused = dict(self.lane.positions.applied), self.lane.commits_refused
        await super().on_partitions_revoked(revoked)
        self.require_committed(applied, refused)

    def require_committed(self, applied: Mapping[TP, int], refused: int) -> None:
        """Report what was given up in order and not committed."""
        if refused == self.lane.commits_refused:
            for tp, at in applied.items():
                committed = self.group.committed.get(tp, 0)
                if committed < at:
                    self.app.report(f"{tp} was given up at {at}, committed is {committed}")


class Ordered(set[TP]):
    """A set that is walked in order, so that a run does not depend on Python's hash seed."""

    def __iter__(self) -> Any:
        return iter(sorted(set.__iter__(self)))

    def __and__(self, other: Any) -> Any:
        return Ordered(set.__and__(self, other))

    def __sub__(self, other: Any) -> Any:
        return Ordered(set.__sub__(self, other))


def _unknown() -> None:
    return None
