"""What the senders of a log have ticked: up to where each has said all there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Ticks:
    """The latest tick of every sender of a topic, `senders` partitions of them."""

    def __init__(self, senders: int) -> None:
        self.senders = senders
        self._until_ms: dict[int, int] = {}

    def hear(self, partition: int, until_ms: int) -> None:
        """A tick has come; lower ones than before, and those of nobody, change nothing."""
        if partition < self.senders:
            self._until_ms[partition] = max(self._until_ms.get(partition, -1), until_ms)

    def lowest_ms(self) -> int:
        """All senders have said all there is of before this instant; -1: one has never ticked."""
        if len(self._until_ms) < self.senders:
            return -1
        return min(self._until_ms.values())

    def behind(self) -> list[int]:
        """The senders that hold up all others: those that never ticked, else the lowest."""
        silent = [p for p in range(self.senders) if p not in self._until_ms]
        lowest = self.lowest_ms()
        return silent or [p for p, at in sorted(self._until_ms.items()) if at == lowest]

    def held(self) -> Mapping[int, int]:
        """Sender to its latest tick."""
        return self._until_ms

    def restore(self, held: Iterable[tuple[int, int]]) -> None:
        """Take up where somebody else has left."""
        self._until_ms = dict(held)
