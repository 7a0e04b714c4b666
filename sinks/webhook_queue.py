"""Which messages a worker has to post to the webhook, and which are somebody else's or done."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streams.core.alerts.book import Entry
from streams.core.alerts.notices import Notice, notice_of
from streams.core.alerts.told import RepAlert

FRESH_MS = 2 * 3_600_000
"""What a worker finds at its start is posted when its contact is no older than this."""
HANDOVER_MS = 10 * 60_000
"""What was another worker's for so long has been posted by it."""
GIVE_UP_MS = 24 * 3_600_000

Mine = Callable[[RepAlert], bool]


class WebhookQueue:
    """Knows of every message whether it is done; `mine` says which alerts are this worker's.

    A message may be posted twice, around a restart or when an owner changes; never is it left out
    but when floorcast was down for longer than `FRESH_MS`.
    """

    def __init__(self, mine: Mine) -> None:
        self._mine = mine
        self._done: set[str] = set()
        self._since_ms: dict[str, int] = {}
        self._started = False
        self.given_up: list[str] = []
        """Messages that nobody took for a day; the caller tells of them and empties it."""

    def due(self, entries: Iterable[Entry], now_ms: int) -> list[Notice]:
        """The messages to be posted now, the oldest first."""
        held = list(entries)
        known = {entry.alert.alert_id for entry in held}
        self._done = {one for one in self._done if _alert_id(one) in known}
        self._since_ms = {k: v for k, v in self._since_ms.items() if _alert_id(k) in known}
        found = []
        for notice in filter(None, map(notice_of, held)):
            if not self._started and notice.at_ms < now_ms - FRESH_MS:
                self._done.add(notice.id)
            if notice.id in self._done:
                continue
            waited_ms = now_ms - self._since_ms.setdefault(notice.id, now_ms)
            if self._mine(notice.alert) and waited_ms < GIVE_UP_MS:
                found.append(notice)
            elif waited_ms >= HANDOVER_MS:
                if waited_ms >= GIVE_UP_MS:
                    self.given_up.append(notice.id)
                self.done(notice.id)
        self._started = True
        return sorted(found, key=lambda one: (one.at_ms, one.id))

    def done(self, notice_id: str) -> None:
        """The receiver has it."""
        self._done.add(notice_id)
        self._since_ms.pop(notice_id, None)


def _alert_id(notice_id: str) -> str:
    return notice_id.rpartition(":")[0]
