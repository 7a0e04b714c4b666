"""The only place that asks what time it is."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time; passed to whatever needs it."""

    def now_ms(self) -> int:
        """The time now, UTC milliseconds since 1970."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """The time now, UTC milliseconds since 1970."""
        return time.time_ns() // 1_000_000


class ManualClock:
    """A clock that stands still until it is moved, and refuses to go back."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """The time it was last set to, UTC milliseconds since 1970."""
        return self._now_ms

    def set(self, now_ms: int) -> None:
        """Move to `now_ms`; raises ValueError when that lies in the past."""
        if now_ms < self._now_ms:
            msg = f"a clock cannot go back from {self._now_ms} to {now_ms}"
            raise ValueError(msg)
        self._now_ms = now_ms

    def advance(self, by_ms: int) -> None:
        """Move on by `by_ms` milliseconds."""
        self.set(self._now_ms + by_ms)
