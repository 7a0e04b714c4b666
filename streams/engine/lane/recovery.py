"""Recovery: fetched changelog records go to the host in slices, not one by one through a queue."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple, cast

from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP, AppT
from mode import Service

from streams.engine.lane.lane import Lane, lane_of
from streams.engine.lane.membership import boot_time_s

QUIET_S = 1.0
"""How long a changelog that is not at its end may be silent before its position is asked for."""


class Progress(NamedTuple):
    """How far the recovery of one changelog partition is, in offsets."""

    done: int
    to_do: int


class FastRecovery(Recovery):
    """Faust's recovery with its reading replaced: who recovers what, and when, stays Faust's.

    A changelog is compacted, so holes in it mean nothing and cannot be used as a check. What can be
    known is where reading began. Hence the rules: nothing counts before this session's own seek,
    the first slice after it must begin there or is read once more, and an end that gives no record
    is believed only after a second look from the last record that did arrive.
    """

    _sought_session: int | None = None
    _unseen: set[TP]
    _rechecked: set[TP]
    _begun_at: dict[TP, int]
    _last_record_s = 0.0

    def __init__(self, app: AppT, tables: TableManager, **options: Any) -> None:
        super().__init__(app, tables, **options)
        self._unseen, self._rechecked, self._begun_at = set(), set(), {}

    @property
    def lane(self) -> Lane:
        """The lane of this app."""
        return lane_of(self.app)

    def progress(self) -> dict[TP, Progress]:
        """Offsets recovered and still to recover, for each changelog partition owned."""
        return {
            tp: Progress(max(0, (self.active_offsets[tp] or 0) - begun), max(0, left))
            for tp, left in self.active_remaining().items()
            if (begun := self._begun_at.get(tp)) is not None
        }

    def _set_recovery_started(self) -> None:
        super()._set_recovery_started()
        # Faust clears the signal in the loop that is replaced below. One left over from an earlier
        # recovery would end this one before it began.
        self.signal_recovery_end.clear()
        self._last_record_s = boot_time_s()

    async def _seek_offsets(self, consumer: Any, tps: set[TP], offsets: Any, title: str) -> None:
        session = self.lane.positions.session
        await super()._seek_offsets(consumer, tps, offsets, title)
        self._unseen, self._rechecked = set(tps), set()
        self._begun_at = {tp: offsets[tp] for tp in tps}
        self._last_record_s = boot_time_s()
        # Last: positions of a changelog from before this seek are those of somebody else's reading.
        self._sought_session = session

    async def _build_offsets(self, consumer: Any, tps: set[TP], offsets: Any, title: str) -> None:
        await super()._build_offsets(consumer, tps, offsets, title)
        if title == "active" and self.app.conf.recovery_consistency_check:
            self._require_stores_behind_log(tps)

    def _require_stores_behind_log(self, tps: set[TP]) -> None:
        for tp in tps:
            stored, last = self.active_offsets[tp], self.active_highwaters[tp]
            if stored > last:
                self.lane.host.die(
                    f"the local store is ahead of its changelog {tp.topic}:{tp.partition} "
                    f"({stored} > {last}): Kafka has lost the end of it. What to do: put the "
                    "changelog back if you can; else remove the data folder, start again, and when "
                    "`floorcast audit` finds cells that differ, `floorcast rebuild`"
                )

    @property
    def _counts(self) -> bool:
        return self.in_recovery and self._sought_session == self.lane.positions.session

    async def take(self, tp: TP, run: list[Any]) -> None:
        """Merge records of a changelog partition; called by the drain."""
        if tp not in self.active_tps or not self._counts:
            return
        seen = self.active_offsets[tp]
        if tp in self._unseen:
            self._unseen.discard(tp)
            if run[0].offset > seen + 1:  # fetched before the seek, or the start is compacted away
                await self._look_again(tp)
                return
        run = [record for record in run if record.offset > seen]
        if run:
            self._last_record_s = boot_time_s()
            try:
                self.lane.host.recover(self.tp_to_table[tp].name, tp.partition, run)
            except Exception as error:  # e.g. written by a newer release: going on would forget it
                self.lane.host.die(f"{tp.topic}:{tp.partition} could not be recovered: {error}")
            self.active_offsets[tp] = run[-1].offset
        self._end_if_complete()

    async def _look_again(self, tp: TP) -> None:
        with suppress(IllegalStateError):  # revoked just now; the next recovery seeks for itself
            await self.app.consumer.seek_wait({tp: self.active_offsets[tp] + 1})

    def _end_if_complete(self) -> None:
        if self._counts and not self.need_recovery():
            self._set_recovery_ended()
            self.signal_recovery_end.set()

    @Service.task
    async def _slurp_changelogs(self) -> None:
        # Faust's loop took records from a queue here. What is left to do is the tail that gives no
        # record: control records of transactions, or the end of a compacted log.
        while not self.should_stop:
            await self.sleep(QUIET_S / 4)
            if self._counts and boot_time_s() - self._last_record_s > QUIET_S:
                await self._check_tails()

    @Service.task
    async def _restart_recovery(self) -> None:
        # A step that Kafka does not answer in time looks to Faust like a stop: its loop would end
        # without a word, and the worker hold partitions that it never reads.
        await cast(Any, Recovery._restart_recovery)(self)
        if not self.should_stop:
            timeout_s = self.app.conf.broker_request_timeout
            self.lane.host.die(f"recovery had no answer from Kafka within {timeout_s:.0f} s")

    async def _check_tails(self) -> None:
        session = self.lane.positions.session
        for tp, left in self.active_remaining().items():
            if left <= 0:
                continue
            try:
                position = await self.app.consumer.position(tp)
            except IllegalStateError:  # revoked just now
                return
            if session != self.lane.positions.session:
                return
            if position is None or position <= self.active_highwaters[tp]:
                continue
            if tp in self._rechecked:
                self.active_offsets[tp] = self.active_highwaters[tp]
            else:  # records may have been dropped on their way here while the flow was stopped
                self._rechecked.add(tp)
                await self._look_again(tp)
        self._last_record_s = boot_time_s()
        self._end_if_complete()

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Tell the host how far its tables are, then let Faust open the inputs."""
        if generation_id == self.app.consumer_generation_id:
            for tp in sorted(self.active_tps):
                offset = max(self.active_offsets[tp], self.active_highwaters[tp])
                await self._tell(self.tp_to_table[tp].name, tp.partition, offset)
                if generation_id != self.app.consumer_generation_id:
                    break  # dealt anew meanwhile: a recovery of its own follows
        await super().on_recovery_completed(generation_id)

    async def _tell(self, table: str, partition: int, offset: int) -> None:
        host = self.lane.host
        try:
            await host.recovered(table, partition, offset)
        except Exception as error:  # state that cannot be read must not be counted on
            host.die(f"{table} of partition {partition} cannot be used: {error}")


class LaneTableManager(TableManager):
    """Faust's table manager with the lane's recovery; given to the app by a setting."""

    _recovery: FastRecovery | None = None

    @property
    def recovery(self) -> FastRecovery:
        """The recovery of this app's tables."""
        if self._recovery is None:
            self._recovery = FastRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


def recovery_of(app: AppT) -> FastRecovery:
    """The recovery of an app of the lane."""
    return cast(LaneTableManager, app.tables).recovery


def total(progress: Mapping[TP, Progress]) -> Progress:
    """The sum over all partitions."""
    return Progress(sum(p.done for p in progress.values()), sum(p.to_do for p in progress.values()))
