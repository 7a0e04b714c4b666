"""Races of the lane that a simulation has found, each told by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from random import Random
from typing import Any, cast

from faust.types import TP

from streams.core.events import CALL_ENDED
from tests.simulation.faults import HARD
from tests.simulation.loop import SimLoop
from tests.simulation.run import START_S, _edges
from tests.simulation.worker import Worker
from tests.simulation.world import World

Story = Callable[[World, Worker], Coroutine[Any, Any, None]]


def tell(story: Story) -> None:
    """Let a story happen to one worker that owns everything, has read it and is left alone."""
    loop = SimLoop(Random(1), START_S)

    async def live(world: World) -> None:
        world.boot(0)
        world.group.watch()
        for sending in [s for _ in range(12) for s in world.floor.draw(world.now_ms())]:
            world.send(sending)
        await asyncio.sleep(300.0)
        try:
            await story(world, world.workers[0])
        finally:
            for worker in world.every:
                worker.process.on_end = _nothing
                worker.process.bury()

    with closing(loop), _edges(loop, Random(2), ()):
        loop.run_until_complete(live(World(loop, Random(3), HARD)))


def _nothing() -> None:
    return None


def first_input(worker: Worker) -> tuple[TP, int]:
    """An input that was read, and up to where."""
    applied = worker.lane.positions.applied
    return next((tp, at) for tp, at in sorted(applied.items()) if tp.topic == CALL_ENDED and at)


def test_records_dropped_at_the_end_of_a_log_are_fetched_again() -> None:
    async def story(world: World, worker: Worker) -> None:
        tp, at = first_input(worker)
        consumer, positions = worker.consumer, worker.lane.positions
        # Fetched, and dropped before a position was known; nothing follows it.
        consumer.dealt[tp] = at + 1
        record = world.log.append(tp.topic, b"anybody", b"{}", partition=tp.partition)
        consumer._ends[tp] = record.offset + 1
        delivered = positions.delivered.pop(tp)
        await consumer._drain_input(tp, [record], positions.session)
        positions.delivered[tp] = delivered
        await asyncio.sleep(300.0)
        assert positions.applied[tp] == at + 1

    tell(story)


def test_a_log_that_ends_in_markers_counts_as_read() -> None:
    async def story(world: World, worker: Worker) -> None:
        tp, _ = first_input(worker)
        world.log.mark(tp, Random(1))
        await asyncio.sleep(300.0)
        assert worker.lane.lag()[tp] == 0

    tell(story)


def test_a_slice_whose_queue_was_emptied_meanwhile_is_still_due() -> None:
    async def story(world: World, worker: Worker) -> None:
        tp, at = first_input(worker)
        consumer, positions = worker.consumer, worker.lane.positions
        record = world.log.append(tp.topic, b"anybody", b"{}", partition=tp.partition)

        async def emptied(message: Any) -> None:
            worker.app.flow_control.resume()
            positions.redeliver()

        consumer.callback = emptied  # type: ignore[method-assign] # the queue, seen from the drain
        await consumer._drain_input(tp, [record], positions.session)
        assert positions.delivered[tp] == at

    tell(story)


def test_a_recovery_without_an_answer_ends_the_worker() -> None:
    async def story(world: World, worker: Worker) -> None:
        async def silence(*partitions: TP) -> Any:
            await asyncio.sleep(10_000)

        worker.consumer.highwaters = silence  # type: ignore[method-assign] # a broker that is away
        worker.process.on_end = _nothing
        world.group.rebalance()
        await asyncio.sleep(600.0)
        assert worker.process.dead
        assert "recovery had no answer from Kafka" in worker.process.reason

    tell(story)


def test_a_recovery_that_stands_still_ends_the_worker() -> None:
    async def story(world: World, worker: Worker) -> None:
        async def nowhere(*_: Any) -> None:
            return None

        # Faust stops half-way without a word, as it has done when a broker went away in a seek.
        cast(Any, worker.app.tables.recovery).on_rebalance = nowhere
        worker.process.on_end = _nothing
        world.group.rebalance()
        await asyncio.sleep(800.0)
        assert worker.process.dead
        assert "stands still since" in worker.process.reason

    tell(story)
