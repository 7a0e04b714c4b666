"""Reading a scoreboard's changelog without a worker: the same merge, into plain rep-days."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from streams.core.rep_day import RepDay
from streams.core.segment import parse_segment_key


class ChangelogReader:
    """Merges changelog records, in any order and any number of times, of all partitions."""

    def __init__(self) -> None:
        self.rep_days: dict[tuple[str, int], RepDay] = {}
        """(rep_id, local day) to what is stored of it."""
        self._newest: dict[int, int] = {}

    def add(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Merge one record; a tombstone changes nothing. Raises StateVersionMismatch."""
        if value is None:
            return
        owner, day, _, _ = parse_segment_key(key)
        self._newest[partition] = max(self._newest.get(partition, -1), day)
        name = (owner.decode(), day)
        held = self.rep_days.get(name)
        if held is None:
            held = self.rep_days[name] = RepDay()
        held.merge(value)

    def leave_out(
        self,
        of_days: Mapping[tuple[str, int], Collection[bytes]],
        everywhere: frozenset[bytes] = frozenset(),
    ) -> None:
        """Take entities out by their keys: some of single rep-days, others wherever they are.

        What is kept does not depend on it: `kept_from` goes by all that was read.
        """
        for name, keys in of_days.items():
            if name in self.rep_days:
                for key in keys:
                    self.rep_days[name].drop(key)
        for rep_day in self.rep_days.values():
            if not everywhere.isdisjoint(rep_day.entities):
                for key in everywhere & rep_day.entities.keys():
                    rep_day.drop(key)

    def kept_from(self, detail_days: int) -> int:
        """The first local day that is kept in all partitions; 0 when nothing is stored."""
        floors = [newest - detail_days + 1 for newest in self._newest.values()]
        return max(floors, default=0)
