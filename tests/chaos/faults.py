"""Doing the faults, and undoing those that end."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.chaos.crew import Hand
from tests.chaos.damage import Vandal
from tests.chaos.later import Later
from tests.chaos.schedule import Fault
from tests.chaos.server_faults import ServerFaults
from tests.chaos.site import Site

MOST_WORKERS = 4
HOUR_MS = 3_600_000
JUMP_HOURS = (-3, -1, 1, 2)
_YOUNG_S = 5.0
"""A worker younger than this is still starting: it comes to no commit."""
_ORDER_S = 8.0
"""How long a worker may take to come to the point it was told to stop at."""
_TAKE_OVER_S = 15.0
"""How long others may take to own what a paused worker owned."""
_TIMED = 0.25
"""Share of the pauses at a point that last a fixed time."""


class Saboteur:
    """Carries out faults. `later` holds what ends them; somebody has to call its `tick`."""

    def __init__(self, site: Site, dice: Random, say: Callable[[str], None]) -> None:
        self._site = site
        self._dice = dice
        self._say = say
        self.later = Later()
        self._servers = ServerFaults(site, self.later, dice)
        self._vandal = Vandal(site.folder / "copies", dice)
        self.done: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

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

        self.later.after(seconds, wake)

    def _at_point(self, what: str, where: str, fault: Fault) -> str | None:
        hand = self._someone(fault, leave=1, older_s=_YOUNG_S)
        if hand is None:
            return None
        hand.order(what, where)
        if what == "stop":
            self._follow(hand, fault)
        return hand.name

    def _follow(self, hand: Hand, fault: Fault) -> None:
        """Wait until a worker has come to the point where it pauses itself, and see to its waking.

        Most are woken when others have taken over and written something, however long that takes
        here: what they do then is what the point is for. The rest sleep for a fixed time.
        """
        born_s, ordered_s = hand.born_s, time.monotonic()
        timed = fault.pick * 10 % 1 < _TIMED

        def look() -> None:
            if hand.born_s != born_s or not hand.running:
                return
            if not hand.stopped:
                if time.monotonic() < ordered_s + _ORDER_S:
                    self.later.after(0.05, look)
                else:
                    hand.rest()
                return
            hand.paused = True
            if timed:
                self._wake(hand, fault.length_s)
            else:
                self._wake_later(hand, fault)

        self.later.after(0.05, look)

    def _wake_later(self, hand: Hand, fault: Fault) -> None:
        """Wake a worker some time after the group has dealt its partitions to others."""
        crew = self._site.crew
        before, give_up_s = (crew.generation(), crew.recovered()), time.monotonic() + _TAKE_OVER_S

        def look() -> None:
            if crew.generation() > before[0] and crew.recovered() > before[1]:
                self._wake(hand, fault.length_s / 2)
            elif time.monotonic() > give_up_s:
                self._wake(hand, 0.0)
            else:
                self.later.after(0.2, look)

        self.later.after(0.2, look)

    def _slow(self, fault: Fault) -> str | None:
        hand = self._someone(fault, older_s=_YOUNG_S)
        if hand is None:
            return None
        hand.order("slow", f"{fault.length_s:.2f}")
        return f"{hand.name} for {fault.length_s:.1f} s"

    def _lose(self, fault: Fault) -> str | None:
        hand = self._someone(fault, older_s=_YOUNG_S)
        if hand is None:
            return None
        hand.order("lose", "fetch")
        return hand.name

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

            self.later.after(0.7 * number, go)
            names.append(hand.name)
        return " ".join(names) or None

    def _clock(self, fault: Fault) -> str | None:
        hand = self._someone(fault)
        if hand is None:
            return None
        hours = self._dice.choice(JUMP_HOURS)
        self._site.clock.shift(hand.name, hours * HOUR_MS)
        self.later.after(fault.length_s, lambda: self._site.clock.shift(hand.name, 0))
        return f"{hand.name} by {hours} h"

    # -- local stores

    def _disk_full(self, fault: Fault) -> str | None:
        hand = self._someone(fault)
        if hand is None or not hand.disk.can_fill:
            return None
        hand.disk.fill()
        self.later.after(fault.length_s, hand.disk.free)
        return f"{hand.name} for {fault.length_s:.1f} s"

    def _store(self, fault: Fault) -> str | None:
        hand = self._someone(fault)
        if hand is None or not (stores := hand.stores()):
            return None
        hand.kill()
        hand.damaged = True
        way = fault.kind.removeprefix("store ")
        return f"{hand.name}, {self._vandal.damage(way, hand.name, stores)}"

    def end(self) -> None:
        """Undo everything that is not undone yet."""
        self.later.finish()
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


_WAYS: dict[str, Callable[[Saboteur, Fault], str | None]] = {
    "kill": Saboteur._kill,
    "pause": Saboteur._pause,
    "slow outbox": Saboteur._slow,
    "lost fetch": Saboteur._lose,
    "join": Saboteur._join,
    "leave": Saboteur._leave,
    "storm": Saboteur._storm,
    "clock": Saboteur._clock,
    "disk full": Saboteur._disk_full,
    "store corrupt": Saboteur._store,
    "store cut": Saboteur._store,
    "store gone": Saboteur._store,
    "store old": Saboteur._store,
    "kill leader": lambda self, fault: self._servers.kill_leader(fault),
    "kill coordinator": lambda self, fault: self._servers.kill_coordinator(fault),
    "freeze broker": lambda self, fault: self._servers.freeze(fault),
    "redis flush": lambda self, fault: self._servers.redis_flush(fault),
    "redis restart": lambda self, fault: self._servers.redis_restart(fault),
    "poison": lambda self, fault: self._servers.poison(fault),
}
