"""Dead letters, and the rule that stops reading a partition of which too much is bad.

A few bad events are put aside and their neighbours go on. A bad release of a sender would drain the
whole topic into dead letters, so past these limits the partition is left unread until a person says
`floorcast resume` (the idea is that of `DlqLimit` in Sentry's arroyo).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from streams.core.codec import origin_headers, origin_of
from streams.core.errors import MalformedEvent, ReasonCode
from streams.core.ports import LogRecord

SUFFIX = ".dead-letter"
WINDOW = 1_000
"""Events that the ratio looks back on."""
MIN_SEEN = 200
"""Events before the ratio says anything: one bad event of three is no trend."""
MAX_PERCENT = 5
MAX_IN_A_ROW = 50

RESUBMITTED = "floorcast-resubmitted"
"""Header of what `floorcast dead-letters resubmit` sends: how often it was sent again by then, a
blank, and a name of that sending. It stays with the event, into its next dead letter too."""

_OURS = "floorcast-"
_MESSAGE_BYTES = 1_000
"""Messages are cut here, far below what a broker allows a record's headers."""


class DeadLetter(Struct, frozen=True):
    """A record for a dead-letter topic: key and value are the raw bytes of the bad one.

    `headers` say why (`floorcast-reason`, `-path`, `-message`) and where it was first written
    (`floorcast-origin-*`); the bad record's own headers follow.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    reason: ReasonCode


def dead_letter(record: LogRecord, error: MalformedEvent) -> DeadLetter:
    """What to write to `<topic>.dead-letter` for a record that cannot be counted."""
    message = error.message.encode(errors="replace")[:_MESSAGE_BYTES]
    headers = [
        ("floorcast-reason", error.code.encode()),
        ("floorcast-path", error.path.encode(errors="replace")[:_MESSAGE_BYTES]),
        ("floorcast-message", message.decode(errors="ignore").encode()),
        *origin_headers(origin_of(record)),
        # Ours on the bad record are of an earlier round: the origin stands above, the rest is past.
        *((name, content) for name, content in record.headers if _stays(name)),
    ]
    return DeadLetter(record.topic + SUFFIX, record.key, record.value, headers, error.code)


def _stays(name: str) -> bool:
    return name == RESUBMITTED or not name.startswith(_OURS)


class StopReason(Struct, frozen=True):
    """Why a partition is not read on: `bad` of the last `of` events, the latest at `offset`."""

    rule: Literal["ratio", "in_a_row"]
    bad: int
    of: int
    offset: int

    def __str__(self) -> str:
        if self.rule == "in_a_row":
            return f"{self.bad} events in a row are bad, up to offset {self.offset}"
        return (
            f"{self.bad} of the last {self.of} events are bad (more than {MAX_PERCENT} %), "
            f"up to offset {self.offset}"
        )


class DeadLetterLimits:
    """Says when one partition of one input topic has had too many bad events.

    It stops at `MAX_IN_A_ROW` bad events in a row, and at more than `MAX_PERCENT` of the last
    `WINDOW` events, or of all since the start or `resume` when those are fewer, but never before
    `MIN_SEEN`. How the events are sliced into calls changes nothing. Once stopped it stays so, and
    looks at nothing more, until `resume`. Good events cost nothing beyond a call per run of them.
    """

    def __init__(self) -> None:
        self.stopped: StopReason | None = None
        self.accept_until = 0
        self._start_over()

    def _start_over(self) -> None:
        self._seen = 0
        self._in_a_row = 0
        self._last_bad = -1
        self._bad: deque[int] = deque()  # the running numbers of bad events within the window

    def observe(self, good: bool, offset: int = -1) -> StopReason | None:
        """Take note of one event; the reason to stop, if there is one now."""
        return self.observe_good(1) if good else self.observe_bad(offset)

    def observe_good(self, count: int) -> StopReason | None:
        """Take note of `count` good events; the reason to stop, if there is one now."""
        if self.stopped is not None or count <= 0:
            return self.stopped
        before, self._seen = self._seen, self._seen + count
        self._in_a_row = 0
        if before < MIN_SEEN <= self._seen:
            # Good events only thin the bad ones out, save that with this one enough are seen.
            self._judge(MIN_SEEN)
        self._forget()
        return self.stopped

    def observe_bad(self, offset: int) -> StopReason | None:
        """Take note of a bad event; the reason to stop, if there is one now.

        A bad event below `accept_until` is passed over.
        """
        if self.stopped is not None or 0 <= offset < self.accept_until:
            return self.stopped
        self._seen += 1
        self._in_a_row += 1
        self._last_bad = offset
        self._bad.append(self._seen)
        self._forget()
        if self._in_a_row >= MAX_IN_A_ROW:
            row = self._in_a_row
            self._stop(StopReason(rule="in_a_row", bad=row, of=row, offset=offset))
        elif self._seen >= MIN_SEEN:
            self._judge(self._seen)
        return self.stopped

    def _judge(self, seen: int) -> None:
        of = min(seen, WINDOW)
        if len(self._bad) * 100 > MAX_PERCENT * of:
            bad = len(self._bad)
            self._stop(StopReason(rule="ratio", bad=bad, of=of, offset=self._last_bad))

    def _stop(self, reason: StopReason) -> None:
        self.stopped = reason
        self._start_over()

    def _forget(self) -> None:
        while self._bad and self._bad[0] <= self._seen - WINDOW:
            self._bad.popleft()

    def resume(self, accept_until: int = 0) -> None:
        """Read on, with fresh counters.

        Bad events at offsets below `accept_until` (for --accept-bad: the partition's end offset at
        the time of the command) still become dead letters, but count neither as bad nor as seen;
        from there on the limits hold again. With 0 they hold at once.
        """
        self.stopped = None
        self.accept_until = accept_until
        self._start_over()
