"""The consumer group: members, generations, and whose commits count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from random import Random

from faust.types import TP

from tests.simulation.loop import SimLoop

SESSION_S = 30.0
HEARTBEAT_S = 8.0
REBALANCE_S = 60.0


class Member:
    """One member: what it holds, and when it was last heard of."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard_s = 0.0
        self.partitions: frozenset[int] = frozenset()
        self.waiting: asyncio.Future[tuple[int, frozenset[int]]] | None = None


class Group:
    """A coordinator as Kafka's: the eager protocol, with every partition dealt anew each time."""

    def __init__(self, loop: SimLoop, partitions: int, dice: Random) -> None:
        self.loop = loop
        self.partitions = partitions
        self.dice = dice
        self.generation = 0
        self.rebalancing = False
        self.members: dict[str, Member] = {}
        self.committed: dict[TP, int] = {}
        self.refused = 0
        self.on_commit: Callable[[], None] = lambda: None

    def watch(self) -> None:
        """Expel who was not heard of for too long; called again and again."""
        now_s = self.loop.time()
        for member in list(self.members.values()):
            if member.waiting is None and now_s - member.heard_s > SESSION_S:
                self._expel(member)
        self.loop.outside(1.0 + self.dice.random(), self.watch)

    async def join(self, name: str) -> tuple[int, frozenset[int]]:
        """Join, or join again; the generation and the partitions dealt to this member."""
        member = self.members.setdefault(name, Member(name))
        member.heard_s = self.loop.time()
        waiting: asyncio.Future[tuple[int, frozenset[int]]] = self.loop.create_future()
        member.waiting = waiting
        self.rebalance()
        self._complete()
        return await waiting

    def rebalance(self) -> None:
        """Deal the partitions anew, once all members are here or the time is up."""
        if not self.rebalancing:
            self.rebalancing = True
            self.loop.outside(REBALANCE_S, self._too_late, self.generation)

    def _too_late(self, generation: int) -> None:
        if self.rebalancing and generation == self.generation:
            for member in list(self.members.values()):
                if member.waiting is None:
                    del self.members[member.name]
            self._complete()

    def leave(self, name: str) -> None:
        """A member says good-bye."""
        if name in self.members:
            self._expel(self.members[name])

    def _expel(self, member: Member) -> None:
        del self.members[member.name]
        self.rebalance()
        self._complete()

    def _complete(self) -> None:
        members = list(self.members.values())
        if not self.rebalancing or any(member.waiting is None for member in members):
            return
        self.rebalancing = False
        self.generation += 1
        dealt: list[list[int]] = [[] for _ in members]
        order = list(range(self.partitions))
        self.dice.shuffle(order)
        self.dice.shuffle(members)
        for turn, partition in enumerate(order if members else ()):
            dealt[turn % len(members)].append(partition)
        for member, partitions in zip(members, dealt, strict=True):
            member.partitions = frozenset(partitions)
            member.heard_s = self.loop.time()
            waiting, member.waiting = member.waiting, None
            if waiting is not None and not waiting.done():
                waiting.set_result((self.generation, member.partitions))

    def heartbeat(self, name: str, generation: int) -> str:
        """`ok`, `rebalance` or `unknown`."""
        member = self.members.get(name)
        if member is None or generation != self.generation:
            return "unknown"
        member.heard_s = self.loop.time()
        return "rebalance" if self.rebalancing else "ok"

    def owner(self, partition: int) -> str | None:
        """Who holds a partition by the latest deal."""
        names = (m.name for m in self.members.values() if partition in m.partitions)
        return next(names, None)

    def commit(self, name: str, generation: int, offsets: Mapping[TP, int]) -> bool:
        """Note offsets, unless they come from outside the present generation."""
        if name not in self.members or generation != self.generation:
            self.refused += 1
            return False
        self.committed.update(offsets)
        self.on_commit()
        return True
