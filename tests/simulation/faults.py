"""How often what happens: drawn anew for every schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from tests.simulation.group import SESSION_S

if TYPE_CHECKING:
    from tests.simulation.worker import Worker
    from tests.simulation.world import World


@dataclass(frozen=True)
class Faults:
    """Sizes and rates of one schedule; times in seconds.

    `blind` is the share of workers that go on although the group has gone on without them, `slow`
    the share of long delays, `checks` about how many commits are looked at as if everything but
    Kafka were lost then.
    """

    hours: int
    partitions: int
    workers: int
    reps: int
    detail_days: int
    events_an_hour: float
    faults_an_hour: float
    commit_s: float
    tick_s: float
    blind: float
    slow: float
    checks: int


def draw_faults(dice: Random) -> Faults:
    """A schedule's sizes and rates."""
    return Faults(
        hours=dice.randint(2, 6),
        partitions=dice.choice((1, 2, 2, 3)),
        workers=dice.choice((1, 2, 2, 3)),
        reps=dice.randint(2, 6),
        detail_days=dice.choice((3, 5)),
        events_an_hour=dice.choice((40.0, 80.0, 160.0)),
        faults_an_hour=dice.choice((4.0, 8.0, 16.0, 30.0)),
        commit_s=dice.choice((10.0, 25.0, 60.0)),
        tick_s=dice.choice((20.0, 60.0)),
        blind=dice.choice((0.0, 0.3, 0.8)),
        slow=dice.choice((0.03, 0.1, 0.1, 0.3)),
        checks=3,
    )


HARD = Faults(
    hours=2,
    partitions=2,
    workers=2,
    reps=3,
    detail_days=3,
    events_an_hour=60.0,
    faults_an_hour=40.0,
    commit_s=15.0,
    tick_s=60.0,
    blind=0.5,
    slow=0.1,
    checks=30,
)
"""A short schedule in which much goes wrong."""
SLOW = replace(HARD, slow=0.4, checks=150)
"""The same where answers are often late, and nearly every commit is looked at."""
CROWDED = replace(
    HARD, workers=3, events_an_hour=160.0, commit_s=5.0, blind=1.0, slow=0.3, checks=0
)
"""The same with more workers, of which none notices that the group has gone on without it."""


def strike(world: World) -> None:
    """Let one fault happen now, or within the next steps of one process."""
    dice = world.dice
    kinds = [kind for kind, weight in _WEIGHTS for _ in range(weight)]
    dice.choice(kinds)(world)


def _some(world: World) -> Worker | None:
    running = [w for _, w in sorted(world.workers.items()) if not w.process.paused]
    return world.dice.choice(running) if running else None


def _within_steps(world: World, then: Callable[[Worker], None]) -> None:
    """Do something to a worker between two of its next steps."""
    worker = _some(world)
    if worker is None or worker.process.fuse >= 0:
        return
    state, process, dice = worker.state, worker.process, world.dice

    def arm() -> None:
        state.arm = _disarmed
        process.blown = lambda: then(worker)
        process.fuse = dice.choice((0, 1, 2, 5, 10, 20, 60))

    if dice.random() < 0.5:
        state.arm = arm  # in the midst of the next commit that has something to write
    else:
        arm()


def _disarmed() -> None:
    return None


def _crash(world: World) -> None:
    _within_steps(world, lambda worker: worker.process.kill("crash"))


def _pause(world: World) -> None:
    def hold(worker: Worker) -> None:
        worker.process.pause()
        world.counts["pauses"] += 1
        world.loop.outside(world.dice.expovariate(1 / (2 * SESSION_S)), worker.process.unpause)

    _within_steps(world, hold)


def _cut_off(world: World) -> None:
    worker = _some(world)
    if worker is not None:
        world.counts["cut off"] += 1
        length_s = world.dice.expovariate(1 / (2 * SESSION_S))
        worker.deaf_until_s = world.loop.now_s + length_s


def _leave(world: World) -> None:
    worker = _some(world)
    if worker is not None and not worker.leaving and worker.consumer.member.generation >= 0:
        worker.process.spawn(worker.leave())


def _rebalance(world: World) -> None:
    world.counts["rebalances asked for"] += 1
    world.group.rebalance()


def _spare(world: World) -> None:
    """One more worker, for good."""
    if len(world.disks) < world.faults.workers + 2:
        world.boot(len(world.disks))


def _compact(world: World) -> None:
    world.compact()


def _back_up(world: World) -> None:
    world.back_up(world.dice.randrange(len(world.disks)))


def _storm(world: World) -> None:
    world.counts["storms"] += 1
    world.weather.storm = world.dice.choice((5.0, 20.0))
    world.weather.ack_loss = world.dice.choice((0.0, 0.0, 0.03))
    world.loop.outside(world.dice.expovariate(1 / 90.0), _calm, world)


def _calm(world: World) -> None:
    world.weather.storm, world.weather.ack_loss = 1.0, 0.0


def _marker(world: World) -> None:
    """A transaction's end in an input or a changelog: an offset without a record."""
    tps = sorted(tp for tp in world.log.partitions if tp.topic != "input-stops")
    if tps:
        world.log.mark(world.dice.choice(tps), world.dice)


_WEIGHTS: tuple[tuple[Callable[[World], None], int], ...] = (
    (_crash, 6),
    (_pause, 6),
    (_cut_off, 4),
    (_leave, 3),
    (_rebalance, 4),
    (_spare, 1),
    (_compact, 4),
    (_back_up, 3),
    (_storm, 2),
    (_marker, 2),
)
