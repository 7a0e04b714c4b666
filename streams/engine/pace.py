"""How many events are applied in one step, so that a step never holds up the worker for long."""

from __future__ import annotations

MOST, FEWEST = 1_000, 10
STEP_S = 0.03
"""How long a step may take: in it no snapshot is made and no other topic is read."""


class Pace:
    """The size of an agent's next step, from how long its last one took.

    An event for a resident day costs microseconds, one for a cold day a hundred times as much, and
    how many of a slice are for cold days shows only when they have been read.
    """

    def __init__(self) -> None:
        self.most = MOST

    def took(self, records: int, seconds: float) -> None:
        """A step of `records` took that long."""
        if seconds > STEP_S:
            self.most = max(FEWEST, int(records * STEP_S / seconds))
        elif records >= self.most:
            self.most = min(MOST, self.most * 2)
