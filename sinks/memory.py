"""Keeps the latest snapshots in this process: the behaviour every other sink is held against."""

from __future__ import annotations

from sinks.latest import Latest
from streams.core.snapshot import SnapshotBatch


class MemorySink:
    """A sink whose backend is a few dicts; it is never away.

    `owned_only`: drop what belongs to released partitions, as what is read out of a worker's own
    process must. `released` is taken before the rest of a batch, so a partition that was lost and
    won again in between keeps what came with it.
    """

    name = "memory"

    def __init__(self, *, owned_only: bool = False) -> None:
        self.latest = Latest()
        self._owned_only = owned_only

    async def start(self) -> None:
        """Nothing to open."""

    async def write(self, batch: SnapshotBatch) -> None:
        """Take a batch; never raises."""
        if self._owned_only:
            self.latest.release(batch.released)
        self.latest.take(batch)

    async def needs_resync(self) -> bool:
        """Never: what was written stays as long as the process."""
        return False

    async def close(self) -> None:
        """Nothing to close; what was written can still be read."""
