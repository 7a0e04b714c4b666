"""Schedules: one seed, one floor, some hours of faults, then quiet, then the checks."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from faust.types import TP

from streams.core import dead_letter, deal_desk, loading, scoreboard, segment
from streams.core.alerts import checkpoint, part
from streams.engine import agents, outbox, pace, publisher, state, writing
from streams.engine.lane import drain, membership, rebalance, recovery
from tests.simulation import checks
from tests.simulation.faults import Faults, draw_faults, strike
from tests.simulation.loop import SimLoop
from tests.simulation.world import World

START_S = 1_790_283_600.0
"""A Thursday, 21:00 UTC: most schedules cross midnight."""
DAY_S = 86_400.0
COMMITS_AN_HOUR = 80.0
"""About."""
CALM_S = 600.0
QUIET_S = 20 * 60.0
"""After the last event: every rep is shown again within 15 minutes."""
PATIENCE_S = 3 * 3600.0
"""A floor that has not settled by then never will."""


@dataclass
class Outcome:
    """What one schedule came to. `trace` is the same whenever the same seed is run."""

    seed: str
    hours: int
    counts: Counter[str]
    findings: list[str]
    trace: str = ""


@dataclass
class Summary:
    """What a number of schedules came to."""

    hours: int = 0
    schedules: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Add one schedule."""
        self.hours += outcome.hours
        self.schedules += 1
        self.counts += outcome.counts
        if outcome.findings:
            self.failed.append(outcome)


Progress = Callable[[Summary], None]


def simulate(
    hours: int, seed: int, progress: Progress | None = None, *, only: int | None = None
) -> Summary:
    """Run schedules `seed`.0, `seed`.1, ... until `hours` logical hours are over, or one of them.

    `progress` is called after each. Schedules of the same seed are the same on every machine.
    """
    summary = Summary()
    number = only or 0
    while summary.hours < hours:
        summary.add(run_schedule(f"{seed}.{number}"))
        if progress is not None:
            progress(summary)
        if only is not None:
            break
        number += 1
    return summary


def run_schedule(
    seed: str, faults: Faults | None = None, broken: Sequence[tuple[Any, str, Any]] = ()
) -> Outcome:
    """Live through one schedule; `broken` replaces parts of the shipped code."""
    dice = Random(seed)
    drawn = draw_faults(dice)
    faults = faults or drawn
    loop = SimLoop(Random(dice.random()), START_S)
    with closing(loop), _edges(loop, Random(dice.random()), broken):
        world = World(loop, dice, faults)
        loop.run_until_complete(_live(world))
    return Outcome(seed, faults.hours, world.counts, world.findings, _trace(world))


@contextmanager
def _edges(loop: SimLoop, dice: Random, broken: Sequence[tuple[Any, str, Any]]) -> Iterator[None]:
    """The clock, the dice and the sizes that the shipped modules look up for themselves."""
    clock = SimpleNamespace(monotonic=loop.time)
    sizes: list[tuple[Any, str, Any]] = [
        (state, "time", clock),
        (publisher, "time", clock),
        (agents, "time", SimpleNamespace(perf_counter=loop.time)),
        (state, "os", SimpleNamespace(urandom=dice.randbytes)),
        (membership, "boot_time_s", loop.time),
        (rebalance, "boot_time_s", loop.time),
        (recovery, "boot_time_s", loop.time),
        # Small, so that a short floor fills segments, queues and limits.
        (segment, "SEGMENT", 3),
        (segment, "BIG", 300),
        (deal_desk, "RESIDENT", 2),
        (outbox, "MOST_UNACKNOWLEDGED", 3),
        (pace, "MOST", 3),
        (writing, "REMOVED_A_COMMIT", 2),
        (scoreboard, "STEP_REPS", 1),
        (loading, "STEP_TOTALS", 2),
        (part, "RECORDS_A_CHECKPOINT", 12),
        (checkpoint, "PART_BYTES", 300),
        (drain, "SLICE_RECORDS", 5),
        (dead_letter, "MAX_IN_A_ROW", 4),
    ]
    with ExitStack() as stack:
        for module, name, value in [*sizes, *broken]:
            stack.enter_context(patch.object(module, name, value))
        level = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        gc_was_on = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            logging.disable(level)
            if gc_was_on:
                gc.enable()


async def _live(world: World) -> None:
    try:
        await _hours(world)
    except Exception as error:
        world.findings.append(f"the simulation itself failed: {error!r}")
        raise
    finally:
        for worker in world.every:
            world.counts["refused commits"] += worker.lane.commits_refused
            world.counts["recoveries"] += worker.app.tables.recovery.completed_times
            positions = worker.lane.positions
            world.counts["void slices"] += positions.void_slices
            world.counts["seeks back"] += positions.seeks_back
            world.counts["real holes"] += positions.real_holes
        for worker in world.every:
            worker.process.on_end = lambda: None
            worker.process.bury()
        world.findings += [f"unexpected: {error!r}" for error in world.loop.unexpected]


async def _hours(world: World) -> None:
    faults, loop, dice = world.faults, world.loop, world.dice
    world.group.watch()
    for slot in range(faults.workers):
        world.boot(slot)
    world.operate()
    checks_left = faults.checks
    expected_commits = COMMITS_AN_HOUR * faults.hours

    def committed() -> None:
        nonlocal checks_left
        if checks_left and dice.random() < faults.checks / expected_commits:
            checks_left -= 1
            checks.at_commit(world)

    world.on_commit = committed
    end_s = START_S + faults.hours * 3600
    event_s, fault_s = loop.now_s, loop.now_s
    while min(event_s, fault_s) < end_s:
        await asyncio.sleep(max(0.0, min(event_s, fault_s) - loop.now_s))
        if event_s <= fault_s:
            for sending in world.floor.draw(world.now_ms()):
                world.send(sending)
            # In bursts, as a floor has them.
            mean_s = 3600.0 / faults.events_an_hour
            event_s += dice.expovariate(1 / mean_s) if dice.random() < 0.4 else 0.5 * dice.random()
            if dice.random() < 0.1:
                event_s += 4 * mean_s * dice.random()
        else:
            strike(world)
            fault_s += dice.expovariate(faults.faults_an_hour / 3600.0)
    await _settle(world)


async def _settle(world: World) -> None:
    """No more faults and events; wait until all is read, committed and shown."""
    loop = world.loop
    world.calm_s = loop.now_s + CALM_S
    world.weather.storm, world.weather.slow, world.weather.ack_loss = 1.0, 0.0, 0.0
    deadline_s = loop.now_s + PATIENCE_S
    for worker in list(world.workers.values()):
        worker.process.fuse, worker.state.arm = -1, _nothing
        worker.deaf_until_s = 0.0
        if worker.process.paused:
            worker.process.unpause()
    while not _all_read(world):
        if loop.now_s > deadline_s:
            world.findings.append(f"does not settle: {_what_is_left(world)}")
            return
        await asyncio.sleep(30.0)
    await asyncio.sleep(QUIET_S)
    while loop.now_s % DAY_S < 600:  # windows have just turned, and are being shown
        await asyncio.sleep(60.0)
    checks.when_settled(world)


def _all_read(world: World) -> bool:
    return not _what_is_left(world)


def _what_is_left(world: World) -> list[str]:
    """Partitions without an owner that has read, applied and committed everything."""
    left = [] if len(world.workers) == len(world.disks) else ["a worker is down"]
    if world.group.rebalancing:
        left.append("a rebalance goes on")
    for partition in range(world.log.count):
        name = world.group.owner(partition)
        worker = next((w for w in world.workers.values() if w.name == name), None)
        if worker is None or not worker.state.is_ready(partition):
            left.append(f"{partition} has no owner that is ready")
            continue
        for topic in worker.state.source_topics:
            tp = TP(topic, partition)
            log = world.log.at(tp)
            last = log.records[-1].offset + 1 if log.records else 0
            if world.group.committed.get(tp, 0) < last:
                left.append(f"{topic}:{partition} is committed to {world.group.committed.get(tp)}")
            elif tp in worker.lane.positions.held:
                left.append(f"{topic}:{partition} is stopped")
    return left


def _trace(world: World) -> str:
    """A digest of everything that lies in the log."""
    digest = blake2b(digest_size=8)
    for tp, log in sorted(world.log.partitions.items()):
        for record in log.records:
            digest.update(repr((tp, record)).encode())
    return digest.hexdigest()


def _nothing() -> None:
    return None
