"""The alerts as a worker knows them last, for whoever asks: senders, and `/metrics/reps`."""

from __future__ import annotations

from streams.core.alerts.book import Entry
from streams.core.alerts.known import KnownAlerts


class HeldAlerts:
    """Keeps what is written to it. Before the first word nobody knows anything, and nothing fires.

    The first word comes when all there is was read, and while this worker's numbers are the live
    ones; so whoever asks here never tells half of it.
    """

    name = "held"

    def __init__(self) -> None:
        self.known: KnownAlerts | None = None

    async def start(self) -> None:
        """Nothing to open."""

    async def write(self, known: KnownAlerts) -> None:
        """Take all there is in place of what was there."""
        if self.known is None or known.version > self.known.version:
            self.known = known

    async def close(self) -> None:
        """Nothing to close."""

    def entries(self) -> tuple[Entry, ...] | None:
        """All alerts; None before the first word."""
        return None if self.known is None else self.known.entries

    def firing(self) -> list[Entry] | None:
        """Those that somebody has to be told of; None before the first word."""
        return None if self.known is None else [one for one in self.known.entries if one.firing]

    def shown(self) -> tuple[Entry, ...]:
        """All alerts, for who cannot wait."""
        return self.entries() or ()
