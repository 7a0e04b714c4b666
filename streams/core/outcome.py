"""What became of a slice of events: values with their reasons; the effects happen at the edge."""

from __future__ import annotations

from streams.core.dead_letter import DeadLetterLimits
from streams.core.errors import MalformedEvent
from streams.core.ports import LogRecord


class Applied:
    """The outcomes of one slice. Each event that was dealt with is in exactly one of the counts.

    `expired`: older than what is kept. `misrouted`: (record, kind, right key), to be produced again
    under that key. `dead`: (record, why), to become dead letters. `cold` counts days that had to be
    read from the local store and is beside the other counts. `newest_ms` is the newest event time
    per source among what was good. `stopped`: (index of the first event not dealt with, why), when
    so many events were bad that the rest of the slice must wait for a person. `late_deals` are
    postings that changed something after the contacts of their time were handed on to be scored.
    """

    __slots__ = (
        "_limits",
        "_seen",
        "accepted",
        "cold",
        "dead",
        "duplicate",
        "expired",
        "late_deals",
        "misrouted",
        "newest_ms",
        "revised",
        "stopped",
    )

    def __init__(self, limits: DeadLetterLimits | None = None) -> None:
        self.accepted = 0
        self.revised = 0
        self.duplicate = 0
        self.expired = 0
        self.cold = 0
        self.late_deals = 0
        self.misrouted: list[tuple[LogRecord, str, str]] = []
        self.dead: list[tuple[LogRecord, MalformedEvent]] = []
        self.newest_ms: dict[str, int] = {}
        self.stopped: tuple[int, str] | None = None
        self._limits = limits
        self._seen = 0

    def consumed(self) -> int:
        """How many events were dealt with."""
        counted = self.accepted + self.revised + self.duplicate + self.expired
        return counted + len(self.misrouted) + len(self.dead)

    def add(self, other: Applied) -> None:
        """Add the counts of a part of this slice."""
        self.accepted += other.accepted
        self.revised += other.revised
        self.duplicate += other.duplicate
        self.expired += other.expired
        self.cold += other.cold
        self.late_deals += other.late_deals
        self.misrouted += other.misrouted
        for source, at_ms in other.newest_ms.items():
            self.saw(source, at_ms)

    def saw(self, source: str, at_ms: int) -> None:
        """Note the event time of a good event."""
        if at_ms > self.newest_ms.get(source, -1):
            self.newest_ms[source] = at_ms

    def reject(self, index: int, record: LogRecord, error: MalformedEvent) -> bool:
        """Note a bad event, the slice's `index`-th; True when the rest must not be dealt with."""
        self.dead.append((record, error))
        if self._limits is None:
            return False
        why = self._limits.observe_good(index - self._seen)
        why = why or self._limits.observe_bad(record.offset)
        self._seen = index + 1
        if why is not None:
            self.stopped = (index + 1, str(why))
        return why is not None

    def finish(self, events: int) -> None:
        """All `events` of the slice were dealt with, or the slice was stopped."""
        if self._limits is not None and self.stopped is None:
            why = self._limits.observe_good(events - self._seen)
            if why is not None:
                self.stopped = (events, str(why))
