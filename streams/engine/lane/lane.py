"""The lane of one application: where its agents, its state and its telemetry meet the consumer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

import faust
from aiokafka.errors import IllegalStateError, KafkaError
from faust.types import TP, AppT

from streams.core.ports import SegmentStore
from streams.engine.lane.batch import Slice
from streams.engine.lane.host import LaneHost
from streams.engine.lane.positions import Positions

if TYPE_CHECKING:
    from streams.engine.lane.consumer import Consumer
    from streams.engine.lane.recovery import FastRecovery, LaneTableManager
    from streams.engine.lane.store import LaneStore


class LaneApp(faust.App):
    """A Faust app that carries a lane; make it with `settings.app_options`.

    `start_within_s`, `stop_within_s`: a process that has not started, or is still there, so long
    after it began to is ended; None: wait for it for ever.
    """

    lane: Lane
    start_within_s: float | None = None
    stop_within_s: float | None = None

    async def start(self) -> None:
        """Start all parts; ends the process when one cannot, as when no broker answers."""
        deadline = self._die_after(self.start_within_s, "the worker has not started")
        try:
            await super().start()
            if deadline is not None:
                deadline.cancel()
        except KafkaError as error:
            self.lane.host.die(
                f"the worker cannot start: {error}; are Kafka and its address right?"
            )
        except Exception as error:  # a traceback would hide what is wrong from who must mend it
            self.lane.host.die(f"the worker cannot start: {error!r}")

    async def stop(self) -> None:
        """Stop all parts; ends the process when one of them does not come to an end.

        It would go on being a member of the group and hold partitions that nobody shows.
        """
        if not self.should_stop:
            self._die_after(self.stop_within_s, "the worker did not come to an end")
        await super().stop()

    def _die_after(self, seconds: float | None, said: str) -> threading.Timer | None:
        if seconds is None:
            return None
        # A thread, because the loop may be what hangs; the end of the process takes it along.
        deadline = threading.Timer(seconds, self.lane.host.die, [f"{said} within {seconds:.0f} s"])
        deadline.daemon = True
        deadline.start()
        return deadline

    def _crash(self, reason: BaseException) -> None:
        # Faust would stop part after part and commit on the way; none of it can be trusted now.
        if not self.should_stop:
            self.lane.host.die(f"a part of the worker failed: {reason!r}")
        super()._crash(reason)


def lane_of(app: AppT) -> Lane:
    """The lane of an app; raises AttributeError when none was made for it."""
    return cast(LaneApp, app).lane


class Lane:
    """Makes one lane for an app and its host; the consumer, recovery and producer find it there.

    The applied positions are kept here and not in the host, because applying a slice and moving its
    position must be one synchronous step: `take` is the only place that does both.
    """

    def __init__(self, app: LaneApp, host: LaneHost, *, idempotent: bool = True) -> None:
        self.app = app
        self.host = host
        self.idempotent = idempotent
        self.positions = Positions()
        self.ends: dict[TP, int] = {}
        self.first_ends: dict[TP, int] = {}
        self.tails: dict[TP, tuple[int, int]] = {}
        self._sent_back: dict[TP, tuple[int, int]] = {}
        self.identities: dict[str, str] = {}
        """Table to what its local stores belong to; a store of anything else is begun anew."""
        self.commits_refused = 0
        self.longest_revoke_s = 0.0
        self._consumer: Consumer | None = None
        app.lane = self

    def attach(self, consumer: Consumer) -> None:
        """Called by the consumer when Faust makes it."""
        self._consumer = consumer

    @property
    def consumer(self) -> Consumer:
        """The running consumer; raises RuntimeError before the worker has made it."""
        if self._consumer is None:
            msg = "the worker has not started its consumer yet"
            raise RuntimeError(msg)
        return self._consumer

    def take(self, piece: Slice, apply: Callable[[Slice], int | None]) -> bool:
        """Apply a slice and move its position; False when the slice is void (nothing was applied).

        `apply` runs without interruption and must not fail for a bad record. It returns nothing
        when it took the whole slice, or the offset it stopped before; then the partition is paused
        as by `Consumer.lane_pause`. A slice given a second time, whole or in part, is applied
        again: merging it changes nothing. One that would leave a hole ends the process: whatever
        the cause, what was skipped would never be read again.
        """
        tp, positions = piece.tp, self.positions
        at = positions.applied.get(tp)
        here = (piece.session, piece.delivery) == (positions.session, positions.deliveries)
        if not here or at is None or tp in positions.held:
            positions.void_slices += 1
            return False
        if piece.start > at:
            self.host.die(f"hole in {tp.topic}:{tp.partition}: applied up to {at}, got {piece!r}")
        try:
            stopped = apply(piece)
        except Exception as error:  # half a slice may be applied: nothing here can be trusted now
            self.host.die(f"{piece!r} could not be applied: {error!r}")
        end = piece.end if stopped is None else stopped
        positions.applied[tp] = max(at, end)
        if stopped is not None:  # at the very end of a slice too: there is more to come
            self.consumer.lane_pause(tp)
        return True

    def segments(self, table: str, partition: int) -> SegmentStore:
        """The local store of a partition this worker owns; raises KeyError for any other."""
        return self._store(table).partitions[partition]

    def stores(self) -> Iterable[LaneStore]:
        """The local store of every table."""
        return [self._store(name) for name in self.app.tables]

    def _store(self, table: str) -> LaneStore:
        return cast("LaneStore", cast(faust.Table[bytes, bytes], self.app.tables[table]).data)

    def lag(self) -> dict[TP, int]:
        """Records between the applied position and the end of the log, as last heard of."""
        return {
            tp: max(0, self.ends.get(tp, self.first_ends.get(tp, at)) - self.read_to(tp))
            for tp, at in self.positions.applied.items()
        }

    def read_to(self, tp: TP) -> int:
        """The applied position, or where the tail behind it ends that holds no record."""
        at = self.positions.applied[tp]
        seen_at, end = self.tails.get(tp, (-1, -1))
        return end if seen_at == at else at

    async def look_at_tails(self) -> None:
        """Find partitions whose log ends in control records: there is nothing to read behind.

        A transactional producer leaves a marker at the end of the log, which no fetch returns. But
        records may also have been fetched and dropped on their way here, and where nothing follows
        them contiguity cannot tell. So a fetcher that has passed the applied position is sent back
        to it once, and believed when it has passed it again at the next look.
        """
        for tp, lag in self.lag().items():
            at = self.positions.applied.get(tp)
            if not lag or at is None or tp in self.positions.held:
                continue
            if self.positions.delivered.get(tp) != at:
                continue
            session = self.positions.session
            try:
                position = await self.consumer.position(tp)
                if session != self.positions.session:
                    return
                if position is None or position <= at or self.positions.delivered.get(tp) != at:
                    continue
                if self._sent_back.get(tp) == (session, at):
                    self.tails[tp] = (at, position)
                else:
                    self._sent_back[tp] = (session, at)
                    await self.consumer.seek_wait({tp: at})
            except IllegalStateError:  # revoked just now
                return
            if session != self.positions.session:
                return

    def caught_up(self, partition: int) -> bool:
        """Whether all inputs of a partition were read to the ends they had when it was assigned.

        A paused input is not waited for.
        """
        mine = [tp for tp in self.positions.applied if tp.partition == partition]
        return bool(mine) and all(
            tp in self.positions.held or self.read_to(tp) >= self.first_ends.get(tp, 0)
            for tp in mine
        )

    def recovery(self) -> FastRecovery:
        """The recovery, whose `progress` a board may show."""
        return cast("LaneTableManager", self.app.tables).recovery
