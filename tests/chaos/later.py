"""What is to be done later, by the thread that asked for it."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from itertools import count


class Later:
    """Actions by their time, for one thread: servers die with the thread that started them."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._over = False

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do this in so many seconds; not at all once it is over."""
        if not self._over:
            due_s = time.monotonic() + seconds
            heapq.heappush(self._waiting, (due_s, next(self._numbers), act))

    def tick(self) -> None:
        """Do what is due."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            heapq.heappop(self._waiting)[2]()

    def quiet(self) -> bool:
        """Whether nothing is left."""
        return not self._waiting

    def finish(self) -> None:
        """Do all of it now; what that asks for is not done any more."""
        self._over = True
        for _, _, act in sorted(self._waiting):
            act()
        self._waiting.clear()
        self._over = False
