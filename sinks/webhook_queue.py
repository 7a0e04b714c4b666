"""Which messages a worker has to post to the webhook, and which are somebody else's or done."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streams.core.alerts.book import Entry
from streams.core.alerts.notices import Notice, notice_of
from streams.core.alerts.told import RepAlert

FRESH_MS = 2 * 3_600_000
"""What is heard is posted when it could have been told no longer ago than this."""
GIVE_UP_MS = 24 * 3_600_000
"""How long a message waits: for a receiver that is away, or for its owner to go away."""

Mine = Callable[[RepAlert], bool]


class WebhookQueue:
    """Knows of every message whether it is done; `mine` says which alerts are this worker's.

    `grace_ms`: how old a contact is when it is scored; nothing is told of it before. A message may
    be posted twice, around a restart or when an owner changes. Left out is what its worker heard
    late, or had not posted before a restart, and is older than `FRESH_MS` by then: chats are told
    of what happens, not of what happened once.
    """

    def __init__(self, mine: Mine, grace_ms: int = 0) -> None:
        self._mine = mine
        self._old_ms = grace_ms + FRESH_MS
        self._done: set[str] = set()
        self._since_ms: dict[str, int] = {}
        self._muted: set[str] = set()
        self.given_up: list[str] = []
        """Messages of this worker that the receiver did not take for a day; the caller tells of
        them and empties it."""

    def due(self, entries: Iterable[Entry], now_ms: int) -> list[Notice]:
        """The messages to be posted now, the oldest first."""
        held = list(entries)
        known = {entry.alert.alert_id for entry in held}
        self._done = {one for one in self._done if _alert_id(one) in known}
        self._since_ms = {k: v for k, v in self._since_ms.items() if _alert_id(k) in known}
        # A mute keeps a message back, so its contact may be old when the mute ends.
        self._muted &= known
        self._muted |= {entry.alert.alert_id for entry in held if entry.muted_until_ms}
        found = []
        for notice in filter(None, map(notice_of, held)):
            if notice.id in self._done:
                continue
            if notice.id not in self._since_ms and self._is_old(notice, now_ms):
                self._done.add(notice.id)
                continue
            waited_ms = now_ms - self._since_ms.setdefault(notice.id, now_ms)
            # What another worker owns waits as long: nobody says whether that one has posted it.
            if self._mine(notice.alert) and waited_ms < GIVE_UP_MS:
                found.append(notice)
            elif waited_ms >= GIVE_UP_MS:
                if self._mine(notice.alert):
                    self.given_up.append(notice.id)
                self.done(notice.id)
        return sorted(found, key=lambda one: (one.at_ms, one.id))

    def done(self, notice_id: str) -> None:
        """The receiver has it."""
        self._done.add(notice_id)
        self._since_ms.pop(notice_id, None)

    def _is_old(self, notice: Notice, now_ms: int) -> bool:
        return notice.at_ms < now_ms - self._old_ms and notice.alert.alert_id not in self._muted


def _alert_id(notice_id: str) -> str:
    return notice_id.rpartition(":")[0]
