"""A book that a test writes in, beside the senders of a worker that read it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from streams.core.alerts.actions import AlertAction
from streams.core.alerts.book import AlertBook, Entry
from streams.core.alerts.told import RepAlert
from streams.core.clock import SystemClock


class Book:
    """What a worker's senders are given; `whole` is false until all was read."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.whole = True
        self._book = AlertBook()

    def hear(self, *told: RepAlert | AlertAction) -> None:
        """Take records."""
        for one in told:
            if isinstance(one, AlertAction):
                self._book.act(one)
            else:
                self._book.hear(one)

    def firing(self) -> Sequence[Entry] | None:
        """What fires now."""
        return self._book.firing(self.clock.now_ms()) if self.whole else None

    def entries(self) -> Sequence[Entry] | None:
        """All there is now."""
        return self._book.entries(self.clock.now_ms()) if self.whole else None


class Tried:
    """How often a post went through, and did not."""

    def __init__(self) -> None:
        self.sent = 0
        self.failed = 0

    def __call__(self, went_through: bool) -> None:
        self.sent += went_through
        self.failed += not went_through


async def until(there: Callable[[], bool], what: str, *, within_s: float = 20.0) -> None:
    """Wait until something is so; `what` is the failure's words."""
    try:
        async with asyncio.timeout(within_s):
            while not there():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(what) from None
