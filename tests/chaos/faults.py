"""Doing the faults, and undoing those that end."""

from __future__ import annotations

import heapq
import signal
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

from streams.core.events import CALL_ENDED
from streams.settings import Settings
from tests.chaos.clock import FloorClock
from tests.chaos.crew import Crew, Hand
from tests.chaos.damage import Vandal
from tests.chaos.schedule import Fault
from tests.chaos.sender import Sender
from tests.services.kafka import KafkaServer
from tests.services.kafka_cluster import KafkaCluster
from tests.services.redis import RedisServer

MOST_WORKERS = 4
HOUR_MS = 3_600_000
JUMP_HOURS = (-3, -1, 1, 2)
_YOUNG_S = 5.0
"""A worker younger than this is still starting: it comes to no commit."""
_ORDER_S = 8.0
"""How long a worker may take to come to the point it was told to stop at."""
_REST_S = 4.0
"""Metadata about a broker that was just killed are those from before."""


class Site(NamedTuple):
    """Everything there is to break."""

    crew: Crew
    cluster: KafkaCluster
    redis: RedisServer
    clock: FloorClock
    sender: Sender
    settings: Settings
    folder: Path


class Saboteur:
    """Carries out faults. All from one thread: what it starts dies with the thread (see leash)."""

    def __init__(self, site: Site, dice: Random, say: Callable[[str], None]) -> None:
        self._site = site
        self._dice = dice
        self._say = say
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._broker_busy_s = 0.0
        self._vandal = Vandal(site.folder / "copies", dice)
        self.done: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

    def tick(self) -> None:
        """Do what is due."""
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()

    def quiet(self) -> bool:
        """Whether nothing is left to be undone."""
        return not self._later

    def do(self, fault: Fault) -> None:
        """Carry out a fault, or note that there is nobody whom it could hit."""
        name, _, where = fault.kind.partition(" ")
        if name in ("stop", "die"):
            hit = self._at_point(name, where, fault)
        else:
            hit = _WAYS[fault.kind](self, fault)
        if hit is None:
            self.skipped[fault.kind] += 1
            return
        self.done[fault.kind] += 1
        self._say(f"{fault.kind}: {hit}")

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._numbers), act))

    # -- workers

    def _someone(self, fault: Fault, *, leave: int = 0, older_s: float = 0.0) -> Hand | None:
        """A worker that is up; None when no more than `leave` are."""
        up = self._site.crew.up()
        if len(up) <= leave:
            return None
        old = [one for one in up if time.monotonic() - one.born_s >= older_s]
        return old[int(fault.pick * len(old))] if old else None

    def _kill(self, fault: Fault) -> str | None:
        hand = self._someone(fault)
        if hand is None:
            return None
        hand.signal(signal.SIGKILL)
        return hand.name

    def _pause(self, fault: Fault) -> str | None:
        hand = self._someone(fault, leave=1)
        if hand is None:
            return None
        hand.paused = True
        hand.signal(signal.SIGSTOP)
        self._wake(hand, fault.length_s)
        return f"{hand.name} for {fault.length_s:.1f} s"

    def _wake(self, hand: Hand, seconds: float) -> None:
        born_s = hand.born_s

        def wake() -> None:
            if hand.born_s == born_s:
                hand.signal(signal.SIGCONT)
                hand.paused = False

        self._after(seconds, wake)

    def _at_point(self, what: str, where: str, fault: Fault) -> str | None:
        hand = self._someone(fault, leave=1, older_s=_YOUNG_S)
        if hand is None:
            return None
        hand.order(what, where)
        if what == "stop":
            born_s, give_up_s = hand.born_s, time.monotonic() + _ORDER_S

            def look() -> None:
                if hand.born_s != born_s or not hand.running:
                    return
                if hand.stopped:
                    hand.paused = True
                    self._wake(hand, fault.length_s)
                elif time.monotonic() < give_up_s:
                    self._after(0.05, look)
                else:
                    hand.rest()

            self._after(0.05, look)
        return hand.name

    def _slow(self, fault: Fault) -> str | None:
        hand = self._someone(fault, older_s=_YOUNG_S)
        if hand is None:
            return None
        hand.order("slow", f"{fault.length_s:.2f}")
        return f"{hand.name} for {fault.length_s:.1f} s"

    def _join(self, _: Fault) -> str | None:
        crew = self._site.crew
        for hand in crew.hands:
            if hand.back_s > time.monotonic():
                hand.back_s = 0.0
                return hand.name
        return crew.join().name if len(crew.hands) < MOST_WORKERS else None

    def _leave(self, fault: Fault) -> str | None:
        hand = self._someone(fault, leave=1, older_s=_YOUNG_S)
        if hand is None:
            return None
        hand.leaving = True
        hand.back_s = time.monotonic() + fault.length_s
        hand.signal(signal.SIGTERM)
        return f"{hand.name} for {fault.length_s:.1f} s"

    def _storm(self, _: Fault) -> str | None:
        names = []
        for number, hand in enumerate(self._site.crew.up()):

            def go(hand: Hand = hand) -> None:
                hand.leaving = True
                hand.signal(signal.SIGTERM)

            self._after(0.7 * number, go)
            names.append(hand.name)
        return " ".join(names) or None

    def _clock(self, fault: Fault) -> str | None:
        hand = self._someone(fault)
        if hand is None:
            return None
        hours = self._dice.choice(JUMP_HOURS)
        self._site.clock.shift(hand.name, hours * HOUR_MS)
        self._after(fault.length_s, lambda: self._site.clock.shift(hand.name, 0))
        return f"{hand.name} by {hours} h"

    # -- local stores

    def _disk_full(self, fault: Fault) -> str | None:
        hand = self._someone(fault)
        if hand is None or not hand.disk.can_fill:
            return None
        hand.disk.fill()
        self._after(fault.length_s, hand.disk.free)
        return f"{hand.name} for {fault.length_s:.1f} s"

    def _store(self, fault: Fault) -> str | None:
        hand = self._someone(fault)
        if hand is None or not (stores := hand.stores()):
            return None
        hand.kill()
        way = fault.kind.removeprefix("store ")
        return f"{hand.name}, {self._vandal.damage(way, hand.name, stores)}"

    # -- servers

    def _broker(self, node: KafkaServer | None) -> KafkaServer | None:
        """That broker, when the cluster can do without it."""
        busy = time.monotonic() < self._broker_busy_s
        if node is None or busy or not self._site.cluster.in_sync():
            return None
        return node

    def _leader(self, fault: Fault) -> KafkaServer | None:
        settings = self._site.settings
        partition = int(fault.pick * settings.partitions)
        return self._site.cluster.leader(settings.topic(CALL_ENDED), partition)

    def _kill_leader(self, fault: Fault) -> str | None:
        return self._kill_broker(self._broker(self._leader(fault)), fault)

    def _kill_coordinator(self, fault: Fault) -> str | None:
        found = self._site.cluster.coordinator(self._site.settings.group)
        return self._kill_broker(self._broker(found), fault)

    def _kill_broker(self, node: KafkaServer | None, fault: Fault) -> str | None:
        if node is None:
            return None
        node.kill()
        away_s = min(fault.length_s, 3.0)
        self._broker_busy_s = time.monotonic() + away_s + _REST_S
        self._after(away_s, lambda: node.start(wait=False))
        return f"broker {node.node_id}"

    def _freeze(self, fault: Fault) -> str | None:
        node = self._broker(self._leader(fault))
        if node is None:
            return None
        cluster = self._site.cluster
        cluster.freeze(node)
        self._broker_busy_s = time.monotonic() + fault.length_s + _REST_S
        self._after(fault.length_s, lambda: cluster.thaw(node))
        return f"broker {node.node_id} for {fault.length_s:.1f} s"

    def _redis_flush(self, _: Fault) -> str | None:
        redis = self._site.redis
        if not redis.running:
            return None
        redis.flush()
        return "all"

    def _redis_restart(self, fault: Fault) -> str | None:
        redis = self._site.redis
        if not redis.running:
            return None
        redis.kill()
        self._after(min(fault.length_s, 3.0), redis.start)
        return f"after {min(fault.length_s, 3.0):.1f} s"

    # -- inputs

    def _poison(self, fault: Fault) -> str:
        """Some are too few to stop the input, some are enough."""
        partition = int(fault.pick * self._site.settings.partitions)
        records = self._dice.randrange(20, 90)
        self._site.sender.burst(records, partition)
        return f"{records} into {CALL_ENDED}:{partition}"

    def end(self) -> None:
        """Undo everything that is not undone yet."""
        while self._later:
            heapq.heappop(self._later)[2]()
        site = self._site
        site.crew.wake_all()
        for hand in site.crew.hands:
            hand.back_s = 0.0
            hand.disk.free()
            site.clock.shift(hand.name, 0)
        for node in site.cluster.nodes:
            site.cluster.thaw(node)
            if not node.running:
                node.start(wait=False)
        if not site.redis.running:
            site.redis.start()


def _shown(path: Path) -> str:
    return "/".join(path.parts[-4:])


_WAYS: dict[str, Callable[[Saboteur, Fault], str | None]] = {
    "kill": Saboteur._kill,
    "pause": Saboteur._pause,
    "slow outbox": Saboteur._slow,
    "join": Saboteur._join,
    "leave": Saboteur._leave,
    "storm": Saboteur._storm,
    "clock": Saboteur._clock,
    "disk full": Saboteur._disk_full,
    "store corrupt": Saboteur._store,
    "store cut": Saboteur._store,
    "store gone": Saboteur._store,
    "store old": Saboteur._store,
    "kill leader": Saboteur._kill_leader,
    "kill coordinator": Saboteur._kill_coordinator,
    "freeze broker": Saboteur._freeze,
    "redis flush": Saboteur._redis_flush,
    "redis restart": Saboteur._redis_restart,
    "poison": Saboteur._poison,
}
