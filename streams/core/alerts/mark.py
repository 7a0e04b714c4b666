"""Up to where something was handed on, and what of that may be written down."""

from __future__ import annotations


class Mark:
    """An instant that only grows; `at_ms` -1: nothing was handed on.

    What was sent before a commit is acknowledged when it ends, and so written by the next: written
    at once and lost on its way it would be a hole.
    """

    def __init__(self) -> None:
        self.at_ms = -1
        self._acknowledged_ms = -1
        self._written_ms = -1

    def sent(self, until_ms: int) -> None:
        """All up to here is on its way."""
        self.at_ms = max(self.at_ms, until_ms)

    def has_news(self) -> bool:
        """True when a commit would write something, now or the next time."""
        return self.at_ms > self._acknowledged_ms or self._acknowledged_ms > self._written_ms

    def take(self) -> int | None:
        """A commit begins: the instant to be written with it, if there is a new one."""
        news = self._acknowledged_ms if self._acknowledged_ms > self._written_ms else None
        self._written_ms = max(self._written_ms, self._acknowledged_ms)
        self._acknowledged_ms = max(self._acknowledged_ms, self.at_ms)
        return news

    def found(self, until_ms: int) -> None:
        """This was written by an owner before."""
        self.at_ms = max(self.at_ms, until_ms)
        self._acknowledged_ms = self._written_ms = self.at_ms
