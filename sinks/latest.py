"""The latest word on everything: what every sink and every reader must end up with.

Of two snapshots of the same thing the one with the larger version holds, so batches may come twice
and in any order. Snapshots that are held are never altered, only replaced: a reader may keep them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

from streams.core.snapshot import (
    Partial,
    PartitionStatus,
    RepSnapshot,
    SnapshotBatch,
    SourceFreshness,
    Version,
)

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T", RepSnapshot, Partial, SourceFreshness, PartitionStatus)


def version_of(one: RepSnapshot | Partial | SourceFreshness | PartitionStatus) -> Version:
    """What orders two snapshots of the same thing; of a source, its newest event and record."""
    if isinstance(one, SourceFreshness):
        return one.newest_ms, one.seen_ms
    return one.version


class Latest:
    """Reps by id, partials by (level, id, partition), sources by (topic, source, partition).

    `status` is by partition. `revision` grows with every batch that changed anything.
    """

    def __init__(self) -> None:
        self.reps: dict[str, RepSnapshot] = {}
        self.partials: dict[tuple[str, str, int], Partial] = {}
        self.freshness: dict[tuple[str, str, int], SourceFreshness] = {}
        self.status: dict[int, PartitionStatus] = {}
        self.revision = 0

    def take(self, batch: SnapshotBatch) -> bool:
        """Keep what is newer than what is held, and what is forgotten no more; True when that
        changed anything. Leaves `released` alone.
        """
        changed = sum(self.reps.pop(rep_id, None) is not None for rep_id in batch.forgotten)
        changed += _newer(self.reps, ((one.rep_id, one) for one in batch.reps))
        changed += _newer(
            self.partials, (((one.level, one.id, one.partition), one) for one in batch.partials)
        )
        changed += _newer(
            self.freshness,
            (((one.topic, one.source, one.partition), one) for one in batch.freshness),
        )
        changed += _newer(self.status, ((one.partition, one) for one in batch.status))
        self.revision += changed > 0
        return changed > 0

    def release(self, partitions: Iterable[int]) -> bool:
        """Forget everything of these partitions; True when there was anything."""
        gone = frozenset(partitions)
        if not gone:
            return False
        held: tuple[dict[Any, Any], ...] = (self.reps, self.partials, self.freshness, self.status)
        dropped = 0
        for kind in held:
            for key in [key for key, one in kind.items() if one.partition in gone]:
                del kind[key]
                dropped += 1
        self.revision += dropped > 0
        return dropped > 0

    def replace(self, batch: SnapshotBatch) -> None:
        """Hold what the batch holds and nothing else: the store behind it was read anew."""
        for kind in (self.reps, self.partials, self.freshness, self.status):
            kind.clear()
        self.take(batch)
        self.revision += 1

    def everything(self) -> SnapshotBatch:
        """All that is held, as one batch in a fixed order."""
        return SnapshotBatch(
            reps=[self.reps[key] for key in sorted(self.reps)],
            partials=[self.partials[key] for key in sorted(self.partials)],
            freshness=[self.freshness[key] for key in sorted(self.freshness)],
            status=[self.status[key] for key in sorted(self.status)],
        )


def _newer(held: dict[_K, _T], coming: Iterable[tuple[_K, _T]]) -> int:
    changed = 0
    for key, one in coming:
        have = held.get(key)
        if have is None or version_of(one) > version_of(have):
            held[key] = one
            changed += 1
    return changed
