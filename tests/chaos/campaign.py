"""Rounds after rounds: floors one after the other on one cluster, until time or rounds are up."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from tests.chaos.disk import give_back
from tests.chaos.floor import Floor, Pace, Round, Servers
from tests.chaos.people import ROUNDS_A_FLOOR
from tests.services.kafka_cluster import KafkaCluster
from tests.services.redis import RedisServer

_FOLDER = "floorcast-chaos-"
STUCK = "stuck"
"""What a finding begins with that says nothing about numbers: the floor did not come to rest."""


class Arena(NamedTuple):
    """The servers every floor of a campaign uses, and the folder everything is in."""

    cluster: KafkaCluster
    redis: RedisServer
    folder: Path


class Tally:
    """What a campaign adds up to."""

    def __init__(self) -> None:
        self.rounds = 0
        self.events = 0
        self.stale = 0
        self.faults: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.cells: Counter[str] = Counter()
        self.differing: Counter[str] = Counter()
        self.classes: Counter[str] = Counter()
        self.exits: Counter[str] = Counter()
        self.last_words: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self.recoveries_s: list[float] = []
        self.settled_s: list[float] = []
        self.healed_s: list[float] = []
        self.wipes = 0
        self.looks = 0
        self.wrong: list[str] = []

    def found(self) -> list[str]:
        """What is wrong about numbers, and not only that a floor did not come to rest."""
        return [line for line in self.wrong if not line.startswith(STUCK)]

    def add_round(self, one: Round) -> None:
        """Take in a round."""
        self.rounds += 1
        self.events += one.events
        self.stale += one.stale
        self.faults += one.faults
        self.skipped += one.skipped
        self.cells += one.result.cells
        self.differing += one.result.differing
        self.recoveries_s += one.recoveries_s
        self.settled_s.append(one.settled_s)
        self.healed_s.append(one.result.redis_healed_s)
        self.wrong += one.result.wrong

    def add_floor(self, floor: Floor) -> None:
        """Take in what belongs to a floor as a whole."""
        self.classes += floor.classes
        self.exits += floor.crew.exits
        self.last_words += floor.crew.last_words
        self.points += floor.crew.points()
        self.wipes += sum(hand.wipes for hand in floor.crew.hands)
        self.looks += floor.versions_looked_at


@contextmanager
def arena() -> Iterator[Arena]:
    """Three brokers and a Redis in a temporary folder; all of it is gone afterwards."""
    _sweep()
    with _signals_as_exceptions():
        folder = Path(tempfile.mkdtemp(prefix=_FOLDER))
        (folder / "pid").write_text(str(os.getpid()), "utf-8")
        cluster = KafkaCluster(folder / "kafka")
        redis = RedisServer(folder / "redis")
        try:
            cluster.start()
            redis.start()
            yield Arena(cluster, redis, folder)
        finally:
            redis.kill()
            cluster.kill()
            shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Clear away what a run left behind that was killed, or aborted by a library."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        pid = folder / "pid"
        if pid.exists() and not Path(f"/proc/{pid.read_text('utf-8')}").exists():
            for disk in folder.glob("floor-*/data/*"):
                give_back(disk)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, so that everything is cleaned up."""

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Limits(NamedTuple):
    """When a campaign ends: after so many seconds, or so many rounds; 0: no limit."""

    seconds: float
    rounds: int


class Plan(NamedTuple):
    """What a campaign does: `without` a rule, `only` these faults, `until_wrong`: and no longer."""

    pace: Pace
    limits: Limits
    without: str = ""
    only: tuple[str, ...] = ()
    until_wrong: bool = False


def campaign(
    place: Arena,
    seed: int,
    plan: Plan,
    say: Callable[[str], None],
    on_round: Callable[[Round, Tally], None],
) -> Tally:
    """Run floors until a limit is reached; the first floor has that seed, the next ones others."""
    tally = Tally()
    limits = plan.limits
    began_s = time.monotonic()

    def over() -> bool:
        spent = limits.seconds and time.monotonic() - began_s >= limits.seconds
        return bool(
            spent
            or (limits.rounds and tally.rounds >= limits.rounds)
            or (plan.until_wrong and tally.found())
        )

    while not over():
        floor_seed = seed + tally.rounds
        folder = place.folder / f"floor-{floor_seed}"
        floor = Floor(folder, Servers(place.cluster, place.redis), floor_seed, say, plan.without)
        try:
            floor.open()
            for _ in range(ROUNDS_A_FLOOR):
                if over():
                    break
                done = floor.round(plan.pace, plan.only)
                tally.add_round(done)
                on_round(done, tally)
        except TimeoutError as error:
            tally.wrong.append(f"{STUCK}: {error}")
            tally.rounds += 1
            if not plan.without and not limits.seconds:
                break
        finally:
            tally.add_floor(floor)
            floor.close()
            if not tally.wrong or plan.without:
                shutil.rmtree(folder, ignore_errors=True)
    return tally
