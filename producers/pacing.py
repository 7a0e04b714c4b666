"""When to send the next event: at its own time, at a multiple of it, or at once."""

from __future__ import annotations

from collections.abc import Callable

from streams.core.clock import Clock

_LONGEST_SLEEP_MS = 200
"""Short enough that delivery reports are served while waiting."""


class Pacer:
    """Holds events back so that they flow as they once did, `speed` times as fast.

    The first event sets the origin: it goes at once, and every other when its distance from the
    first, divided by `speed`, has passed. An event that lies before its predecessors goes at once.
    `speed` None means no waiting. With `never_ahead`, nothing goes before its own time has come by
    the clock: a backlog goes at `speed`, and what is still to happen goes when it happens.
    """

    def __init__(
        self,
        clock: Clock,
        sleep: Callable[[float], object],
        speed: float | None,
        *,
        never_ahead: bool = False,
    ) -> None:
        if speed is not None and speed <= 0:
            msg = f"speed must be above 0, not {speed}"
            raise ValueError(msg)
        self._clock = clock
        self._sleep = sleep
        self._speed = speed
        self._never_ahead = never_ahead
        self._origin: tuple[int, int] | None = None

    @property
    def waits(self) -> bool:
        """Whether it ever holds an event back."""
        return self._speed is not None or self._never_ahead

    def wait_for(self, event_ms: int) -> None:
        """Return when the event of that time (UTC ms) may go."""
        due_ms = event_ms if self._never_ahead else 0
        if self._speed is not None:
            if self._origin is None:
                self._origin = (self._clock.now_ms(), event_ms)
            began_ms, first_ms = self._origin
            due_ms = max(due_ms, began_ms + int((event_ms - first_ms) / self._speed))
        while (left_ms := due_ms - self._clock.now_ms()) > 0:
            self._sleep(min(left_ms, _LONGEST_SLEEP_MS) / 1000)
