"""The alerts as a worker knows them last, for whoever asks: senders, and `/metrics/reps`."""

from __future__ import annotations

from collections.abc import Callable

from streams.core.alerts.book import Entry
from streams.core.alerts.known import KnownAlerts

UNHEARD_S = 120.0
"""Who has not heard from Kafka for so long does not know what has ended meanwhile."""


class HeldAlerts:
    """Keeps what is written to it. Before the first word nobody knows anything, and nothing fires.

    The first word comes when all there is was read, and while this worker's numbers are the live
    ones; so whoever asks here never tells half of it. Nor is told what may be over: nobody knows
    anything while `unheard_s`, the seconds since Kafka was heard last, are more than `UNHEARD_S`.
    """

    name = "held"

    def __init__(self, unheard_s: Callable[[], float] = lambda: 0.0) -> None:
        self.known: KnownAlerts | None = None
        self._unheard_s = unheard_s

    async def start(self) -> None:
        """Nothing to open."""

    async def write(self, known: KnownAlerts) -> None:
        """Take all there is in place of what was there."""
        if self.known is None or known.version > self.known.version:
            self.known = known

    async def close(self) -> None:
        """Nothing to close."""

    def entries(self) -> tuple[Entry, ...] | None:
        """All alerts; None while nobody knows."""
        if self.known is None or self._unheard_s() > UNHEARD_S:
            return None
        return self.known.entries

    def firing(self) -> list[Entry] | None:
        """Those that somebody has to be told of; None while nobody knows."""
        entries = self.entries()
        return None if entries is None else [one for one in entries if one.firing]

    def shown(self) -> tuple[Entry, ...]:
        """All alerts as they were heard last, for who cannot wait."""
        return () if self.known is None else self.known.entries
