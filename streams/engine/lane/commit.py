"""Commit: positions first, then the state they stand for, then the positions again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Set
from typing import Any

from faust.types import TP
from mode import Service

from streams.engine.lane.membership import MembershipWatch


class Commit(MembershipWatch):
    """Replaces Faust's commit of acknowledged messages by one of flushed positions.

    An offset that is ahead of the changelog is a loss waiting for a crash. So the order is fixed,
    and every step waits for the one before it: take the positions; let the host write what they
    stand for, and everything else the slices produced, to Kafka; wait for every acknowledgement;
    commit the positions that were taken. What is applied meanwhile belongs to the next commit.
    """

    _flush: asyncio.Future[None] | None = None

    def _filter_tps_with_pending_acks(self, topics: Set[TP | str] | None = None) -> Iterator[TP]:
        # An acknowledged slice is one its agent has seen, flushed or not. Were those offsets to be
        # committed by Faust as usual, they would overtake the flush.
        self._acked.clear()
        self._acked_index.clear()
        return iter(())

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Flush, then commit what was applied before the flush; False when there was nothing to.

        Always commits all partitions, whatever `topics` says: one flush covers them all.
        """
        sensor = self.app.sensors.on_commit_initiated(self)
        if self._flush is not None and not self._flush.done():
            await asyncio.shield(self._flush)
        positions = self.lane.positions.to_commit(self._committed_offset)
        # A flush is never cut off in the middle: the host has taken its changes out of the next
        # one, which would then commit offsets of state that was never acknowledged.
        self._flush = asyncio.ensure_future(self._flush_or_die())
        await asyncio.shield(self._flush)
        committed = bool(positions) and await self._commit_offsets(positions, start_new_transaction)
        if positions and not committed:
            # The group has a new generation, so its members decide; these positions are not ours
            # any more. Faust has noted them as committed all the same.
            self.lane.commits_refused += 1
            for tp in positions:
                self._committed_offset.pop(tp, None)
        self.app.sensors.on_commit_completed(self, sensor)
        return committed

    async def _flush_or_die(self) -> None:
        try:
            await self.lane.host.flush()
        except (
            Exception
        ) as error:  # whatever it was, the state in Kafka is behind the positions now
            self.lane.host.die(f"state could not be written to Kafka: {error!r}")

    async def commit_all(self) -> None:
        """Commit everything applied before the call.

        A commit that runs already took its positions earlier, and Faust's `commit` would be content
        to wait for it.
        """
        while self._commit_fut is not None:
            await asyncio.wait([self._commit_fut])
        await self.commit(start_new_transaction=False)

    async def commit_and_end_transactions(self) -> None:
        """The last commit of a worker that stops."""
        await self.commit_all()

    @Service.task
    async def _commit_handler(self) -> None:
        await self.sleep(self.commit_interval)
        async for _ in self.itertimer(self.commit_interval, name="commit"):
            if self.lane.host.commit_due():
                await self.commit()
