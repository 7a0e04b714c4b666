"""Faust's view of the local stores: a LaneStore for a table, a LocalSegments for a partition."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from faust.stores.base import Store
from faust.types import TP, EventT

from streams.engine.lane.lane import lane_of
from streams.engine.stores import (
    LocalSegments,
    MemorySegments,
    RocksMemory,
    RocksSegments,
    StoreDamaged,
    StoreLocked,
    discard,
)

log = logging.getLogger(__name__)

LOCK_PATIENCE_S = 2.0
"""How long to wait for another process to let go of a folder.

Short, because Kafka hears no heartbeat while partitions are being assigned.
"""
_RETRY_S = 0.1


class LaneStore(Store[bytes, bytes]):
    """The partitions of one table that this worker owns; opened and closed by the consumer.

    Nothing goes through Faust's table interface. Faust asks only where recovery has to begin.
    """

    def __post_init__(self) -> None:
        self.partitions: dict[int, LocalSegments] = {}

    def new_segments(self, partition: int) -> LocalSegments:
        """Open the store of one partition; raises StoreLocked while another process holds it."""
        raise NotImplementedError

    async def own(self, partitions: frozenset[int]) -> None:
        """Have exactly these partitions open; those that stay are not touched.

        Raises StoreLocked when a folder is held by another process for longer than
        `LOCK_PATIENCE_S`.
        """
        for partition in self.partitions.keys() - partitions:
            self.partitions.pop(partition).close()
        for partition in sorted(partitions - self.partitions.keys()):
            self.partitions[partition] = await self._open(partition)

    async def _open(self, partition: int) -> LocalSegments:
        for _ in range(int(LOCK_PATIENCE_S / _RETRY_S)):
            try:
                return self.new_segments(partition)
            except StoreLocked:
                await asyncio.sleep(_RETRY_S)
        return self.new_segments(partition)

    def persisted_offset(self, tp: TP) -> int | None:
        """Up to where the changelog is in the store already: recovery reads on from there.

        The offset was written with the data. It holds for partitions that stay through a rebalance
        too, which is what spares them a recovery.
        """
        mine = self.partitions.get(tp.partition)
        return None if mine is None or mine.offset() < 0 else mine.offset()

    def set_persisted_offset(self, tp: TP, offset: int) -> None:
        """Refused: only a write of data may move the offset."""
        self._refuse("set_persisted_offset")

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Nothing: `own` was called before Faust got to hear of the assignment."""

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Nothing: data and offset are where recovery put them, and stay."""

    async def on_stop(self) -> None:
        """Nothing: Faust stops tables before the last commit, which still writes to them."""

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], Any],
        to_value: Callable[[Any], Any],
    ) -> None:
        """Refuse records: recovery gives them to the host in slices, never here."""
        if list(batch):
            self._refuse("apply_changelog_batch")

    def reset_state(self) -> None:
        """Nothing: there is no state but the partitions', and those belong to the consumer."""

    async def backup_partition(
        self, tp: TP | int, flush: bool = True, purge: bool = False, keep: int = 1
    ) -> None:
        """Refused: the changelog is the backup."""
        self._refuse("backup_partition")

    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:
        """Refused: the changelog is the backup."""
        self._refuse("restore_backup")

    def _refuse(self, what: str) -> NoReturn:
        msg = f"{what} is not for tables of the lane: their segments are written by the host"
        raise RuntimeError(msg)


class MemoryStore(LaneStore):
    """Segments in memory; a restart reads the whole changelog."""

    def new_segments(self, partition: int) -> LocalSegments:
        """An empty store."""
        return MemorySegments()


class RocksStore(LaneStore):
    """Segments in `<data folder>/tables/<table>/<partition>`; a restart reads what is missing."""

    memory: RocksMemory | None = None
    """Shared by all tables of the process; made on first use."""

    def new_segments(self, partition: int) -> LocalSegments:
        """Open the folder of a partition; raises StoreLocked while another process holds it.

        A store that is damaged, or belongs to another changelog, is removed and begun anew: all of
        it is in the changelog.
        """
        if RocksStore.memory is None:
            RocksStore.memory = RocksMemory()
        folder = Path(self.app.conf.tabledir) / self.table_name / str(partition)
        identity = lane_of(self.app).identities.get(self.table_name, "")
        try:
            opened = RocksSegments(folder, RocksStore.memory)
            why = _foreign(opened, identity)
            if why is None:
                return opened
            opened.close()
        except StoreDamaged as damaged:
            why = str(damaged)
        log.warning("%s: it is removed and read again from the changelog", why)
        discard(folder)
        opened = RocksSegments(folder, RocksStore.memory)
        opened.belong(identity)
        return opened


def _foreign(opened: RocksSegments, identity: str) -> str | None:
    """Why a store is not this changelog's; None when it is, or nobody can tell."""
    found = opened.identity()
    if not identity or found == identity:
        return None
    if opened.offset() < 0:
        opened.belong(identity)
        return None
    belongs = f"belongs to {found}" if found else "does not say what it belongs to"
    return f"the local store {opened.folder} {belongs}, not to {identity}"
