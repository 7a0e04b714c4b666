"""From fetched records to slices: nothing skipped, nothing taken from another assignment."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from aiokafka.errors import IllegalStateError
from faust.transport.consumer import ensure_TP
from faust.types import TP, ConsumerMessage
from mode import ServiceT

from streams.engine.lane.batch import Slice
from streams.engine.lane.positions import Verdict
from streams.engine.lane.rebalance import Rebalance
from streams.engine.lane.recovery import recovery_of

SLICE_RECORDS = 1_000
"""Most records in one slice: it is applied without a pause, so this bounds the loop's pauses."""


class Drain(Rebalance):
    """Replaces Faust's loop over single messages by one over what a fetch returned."""

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self._stopped.is_set() or fetcher.should_stop):
                records, active = await self._wait_next_records(1.0)
                await asyncio.sleep(0)
                # Taken after the fetch: what it returned may be older than this session, which is
                # why the position decides and not the moment.
                session = self.lane.positions.session
                for found, run in (records or {}).items():
                    tp = ensure_TP(found)
                    if session != self.lane.positions.session or not self.flow_active:
                        # What is dropped here is missing later: contiguity (recovery: the first
                        # slice, and the tail) finds it, so nobody has to seek now.
                        break
                    if active is None or tp in active or tp in self._buffered_partitions:
                        await self._drain_run(tp, run, session)
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except Exception as error:  # a worker that no longer reads must not look alive
            if not self.app.should_stop:
                self.lane.host.die(f"reading from Kafka failed: {error!r}")

    async def _drain_run(self, tp: TP, run: list[Any], session: int) -> None:
        if tp.topic in self.app.tables.changelog_topics:
            await recovery_of(self.app).take(tp, run)
            await asyncio.sleep(0)
        elif self.lane_tp(tp):
            await self._drain_input(tp, run, session)
        else:
            self.lane.host.die(f"{tp.topic} is read, but it is not an input of the lane")

    async def _drain_input(self, tp: TP, run: list[Any], session: int) -> None:
        positions = self.lane.positions
        self.lane.ends[tp] = self.highwater(tp) or 0
        if tp in positions.held:
            return
        verdict = positions.judge(tp, run[0].offset, run[-1].offset)
        if verdict is Verdict.IGNORE:
            return
        at, delivery = positions.delivered[tp], positions.deliveries
        if verdict is Verdict.SEEK:
            try:
                await self.seek_wait({tp: at})
            except IllegalStateError:  # revoked just now; the next assignment seeks for itself
                positions.unseek(tp)
            return
        if verdict is Verdict.LOST:
            self.lane.host.die(
                f"{tp.topic}:{tp.partition} ends below the committed offset {at}: the topic was "
                "made anew or cut off; state and offsets belong to the old one"
            )
        run = [record for record in run if record.offset >= at] if run[0].offset < at else run
        for begin in range(0, len(run), SLICE_RECORDS):
            piece = Slice(
                tp,
                at,
                run[begin : begin + SLICE_RECORDS],
                session=session,
                generation=self.app.consumer_generation_id,
                delivery=delivery,
            )
            await self.wait_first(self.callback(_message(piece)), self.suspend_flow.wait())
            if session != positions.session or not self.flow_active or tp in positions.held:
                return  # perhaps it did not arrive; then it is still due
            if delivery != positions.deliveries or positions.delivered.get(tp) != at:
                return  # delivered anew from an earlier position while this one waited
            at = positions.delivered[tp] = piece.end
            self._read_offset[tp] = at - 1

    async def perform_seek(self) -> None:
        """Open the lane: every input begins at its committed offset, or at the log's start.

        Every partition is sought explicitly. Faust leaves one without a committed offset wherever
        its fetcher happens to stand, and that is past the records it dropped before this moment.
        """
        with suppress(IllegalStateError):  # revoked just now; the next assignment seeks for itself
            await self._open_lane()

    async def _open_lane(self) -> None:
        session = self.lane.positions.session
        await super().perform_seek()
        mine = [tp for tp in map(ensure_TP, self.assignment()) if self.lane_tp(tp)]
        if not mine:
            return
        first, last = await asyncio.gather(self.earliest_offsets(*mine), self.highwaters(*mine))
        starts = {ensure_TP(tp): at for tp, at in first.items()}
        ends = {ensure_TP(tp): at for tp, at in last.items()}
        for tp in mine:
            committed = self._read_offset[tp]
            gone = 0 if committed is None else starts[tp] - committed
            if gone > 0:
                self.lane.host.die(
                    f"{tp.topic}:{tp.partition} was committed up to {committed}, but its log "
                    f"starts at {starts[tp]}: retention has removed {gone} records that "
                    "were never counted"
                )
            if committed is not None:
                # Never before the log: what it begins with now was read once.
                starts[tp] = max(starts[tp], self.lane.host.start_at(tp, committed))
        await self.seek_wait(starts)
        if session == self.lane.positions.session:
            self.lane.positions.open(starts)
            self.lane.first_ends.update(ends)

    def resume_flow(self) -> None:
        """Let records through again, from the last one applied.

        Faust's flow control, resumed just before, empties the queues of all agents; recovery does
        so more than once. Whatever lay in them has to be delivered again, and it must be sought:
        where nothing new is written no later record would ever tell that something is missing.
        """
        super().resume_flow()
        for tp in self.lane.positions.redeliver():
            self.add_future(self.read_again(tp))

    async def read_again(self, tp: TP) -> None:
        """Let the fetcher begin at the delivered position of a partition."""
        at = self.lane.positions.delivered.get(tp)
        if at is not None:
            with suppress(IllegalStateError):  # revoked just now; the next assignment seeks
                await self.seek_wait({tp: at})

    def _get_active_partitions(self) -> set[TP]:
        # Faust makes partitions active again after every recovery and when a queue has room.
        active = super()._get_active_partitions()
        active.difference_update(self.lane.positions.held)
        return active


def _message(piece: Slice) -> ConsumerMessage:
    last = piece.records[-1]
    return ConsumerMessage(
        piece.topic,
        piece.partition,
        last.offset,
        last.timestamp / 1000.0,
        0,  # timestamp type: unknown here, and read by nobody
        None,
        None,
        piece,  # type: ignore[arg-type] # bytes elsewhere; SliceTopic passes it through
        None,
        0,
        0,
        piece.tp,
        generation_id=piece.generation,
    )
