"""Snapshots on a tick: from the state of owned partitions to sinks and to `rep-scoreboard`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from streams.core.clock import Clock
from streams.core.forgetting import ForgottenReps
from streams.core.ports import Sink
from streams.core.snapshot import (
    PartitionStatus,
    RepSnapshot,
    SnapshotBatch,
    encode_snapshot,
)
from streams.engine.outbox import Outbox, Outgoing
from streams.engine.sink_pump import SinkPump
from streams.engine.state import CATCHING_UP_EVENTS, State
from streams.engine.stores import StoreDamaged
from streams.engine.telemetry import Telemetry
from streams.topics import REP_SCOREBOARD

log = logging.getLogger(__name__)

REPS_AT_ONCE = 50
"""Snapshots between two breaths of the event loop: some 10 ms."""
STATUS_S = 1.0
CATCHING_UP_TOPIC_S = 2.0
"""While catching up a rep's snapshot goes to Kafka at most this often; else each one does."""
CATCHING_UP_SHARE = 50
"""While catching up, showing may take one part in so many of the time; counting comes first."""

LAST_WORD_S = 2.0
"""How long a worker that stops may go on showing; a session is lost after ten seconds."""


class Publisher:
    """Makes snapshots of what changed and hands them on; never waits for a sink."""

    def __init__(
        self,
        state: State,
        sinks: Sequence[Sink],
        clock: Clock,
        telemetry: Telemetry,
        outbox: Outbox,
        *,
        forgotten: ForgottenReps | None = None,
    ) -> None:
        self._state = state
        self._forgotten = forgotten or ForgottenReps()
        self._buried: dict[str, int] = {}
        self._clock = clock
        self._telemetry = telemetry
        self._outbox = outbox
        self._pumps = [SinkPump(sink, telemetry, self.show_again) for sink in sinks]
        self._for_topic: dict[str, RepSnapshot] = {}
        self._topic_s = 0.0
        self._status_s = 0.0
        self._rest_until_s = 0.0
        self._turns: list[int] = []
        self._passed: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self.live = True
        """While False nothing is shown: another generation of the state has the boards."""
        state.on_release = self._release
        state.before_flush = self._before_flush

    async def start(self) -> None:
        """Start the sinks and the tick."""
        for pump in self._pumps:
            await pump.start()
        self._task = asyncio.create_task(self._run(), name="snapshots")

    async def stop(self) -> None:
        """Stop the tick, then the sinks."""
        if self._task is not None:
            self._task.cancel()
        for pump in self._pumps:
            await pump.close()

    def show_again(self) -> None:
        """Offer everything owned once more: to a sink that lost it, or behind a stale owner."""
        for showing in self._state.showings.values():
            showing.show_again()
        self._state.inputs.show_again()
        self._status_s = 0.0

    def _release(self, partitions: list[int]) -> None:
        self._passed.difference_update(partitions)
        self._telemetry.forget(self._state.kinds, partitions)
        for rep_id in [r for r, s in self._for_topic.items() if s.partition in partitions]:
            del self._for_topic[rep_id]
        self._buried = {r: p for r, p in self._buried.items() if p not in partitions}
        self._offer(SnapshotBatch(released=partitions))

    def _offer(self, batch: SnapshotBatch) -> None:
        if not self.live:
            return
        for pump in self._pumps:
            pump.offer(batch)

    async def _run(self) -> None:
        interval_s = self._state.settings.snapshot_interval_ms / 1000
        while True:
            # From beat to beat: the time a tick takes is not added to what the next one waits. But
            # never without a rest, which belongs to counting.
            beat_s = interval_s - time.monotonic() % interval_s
            await asyncio.sleep(max(beat_s, interval_s / 4))
            try:
                await self._tick()
            except StoreDamaged as damaged:  # what cannot be read now cannot be shown ever again
                self._state.die(f"{damaged}: it is read anew at the next start")
            except Exception:
                # Numbers are right in the state whatever happens here; the next tick shows them.
                log.exception("snapshots could not be made")

    async def _tick(self) -> None:
        now_s = time.monotonic()
        state = self._state
        if now_s - self._status_s >= STATUS_S:
            self._status_s = now_s
            if state.boards:
                await state.lane.look_at_tails()
            self._show_status()
        if not self.live:
            for partition in list(state.stamps):
                self._observe(partition)
            return
        catching_up = bool(state.boards) and state.catching_up()
        if catching_up:
            if now_s < self._rest_until_s:
                return
            self._show_a_few()
            took_s = time.monotonic() - now_s
            self._rest_until_s = now_s + took_s * CATCHING_UP_SHARE
        else:
            for partition in list(state.showings):
                while not state.lane.app.should_stop and self._show(partition):
                    await asyncio.sleep(0)
                self._observe(partition)
                await asyncio.sleep(0)
        if not catching_up or now_s - self._topic_s >= CATCHING_UP_TOPIC_S:
            self._topic_s = now_s
            self._to_topic()
            await self._outbox.send()

    def _show_a_few(self) -> None:
        """Show some reps of the partition that has waited longest."""
        showings = self._state.showings
        self._turns = [p for p in self._turns if p in showings] or list(showings)
        if self._turns:
            partition = self._turns.pop(0)
            self._show(partition)
            self._observe(partition)

    def _show(self, partition: int) -> bool:
        """Show at most `REPS_AT_ONCE` reps that are due; False when there are no more."""
        state = self._state
        showing = state.showings.get(partition)
        if showing is None or not (state.is_ready(partition) and state.has_begun(partition)):
            return False
        if partition not in self._passed and state.lane.caught_up(partition):
            # Until here somebody else may have shown newer numbers than ours; now ours are.
            self._passed.add(partition)
            showing.show_again()
        freshness = state.inputs.freshness(partition)
        now_ms = self._clock.now_ms()
        shots, partials = showing.refresh(now_ms, state.position(partition), REPS_AT_ONCE)
        if shots or freshness:
            shown, gone = self._forgotten.replace(shots)
            self._offer(
                SnapshotBatch(reps=shown, partials=partials, freshness=freshness, forgotten=gone)
            )
            for rep_id in gone:
                self._for_topic.pop(rep_id, None)
            self._buried |= dict.fromkeys(gone, partition)
            self._for_topic |= {shot.rep_id: shot for shot in shown}
            self._telemetry.snapshots.inc(len(shots))
        return len(shots) == REPS_AT_ONCE

    def _observe(self, partition: int) -> None:
        """Note how long events took to here: exact while live, at most a turn early behind it."""
        if partition in self._state.showings:
            stamps = self._state.stamps.pop(partition, ())
            self._telemetry.observe_latencies(stamps, self._clock.now_ms())

    def _before_flush(self) -> None:
        """The last commit of a worker carries its last numbers, of as many reps as there is time.

        The next owner shows everybody anyway, and Kafka hears nothing of this one meanwhile.
        """
        if self.live and self._state.lane.app.should_stop:
            until_s = time.monotonic() + LAST_WORD_S
            for partition in list(self._state.showings):
                while time.monotonic() < until_s and self._show(partition):
                    pass
            self._to_topic()

    def _to_topic(self) -> None:
        topic = self._state.settings.topic(REP_SCOREBOARD)
        chosen, self._for_topic = self._for_topic, {}
        buried, self._buried = self._buried, {}
        for rep_id, partition in buried.items():
            # Readers drop the id; compaction removes what was said under it.
            self._outbox.put(Outgoing(topic, rep_id.encode(), None, partition))
        for rep_id, shot in chosen.items():
            value = encode_snapshot(shot)
            self._outbox.put(Outgoing(topic, rep_id.encode(), value, shot.partition))

    def _show_status(self) -> None:
        state, telemetry = self._state, self._telemetry
        lags: dict[int, int] = {}
        lane_lag = state.lane.lag() if state.boards else {}
        for tp, lag in lane_lag.items():
            telemetry.lag.labels(tp.topic, tp.partition).set(lag)
            lags[tp.partition] = lags.get(tp.partition, 0) + lag
        now_ms = self._clock.now_ms()
        status = []
        for partition in state.boards:
            showing = state.showings.get(partition)
            # Recovering to those who look until all its reps are there: sums over some of them
            # would be too low.
            ready = state.is_ready(partition) and showing is not None and showing.whole
            behind = lags.get(partition, 0) > CATCHING_UP_EVENTS
            live = ready and partition in self._passed and not behind
            status.append(
                PartitionStatus(
                    partition=partition,
                    # By time alone: a new owner is behind the old one, and has the word.
                    version=(now_ms, 0),
                    state="live" if live else "catching_up" if ready else "recovering",
                    lag=lags.get(partition, 0),
                    stopped=state.inputs.stopped(partition),
                    reps=0 if showing is None else showing.reps,
                )
            )
        telemetry.reps.set(sum(len(board.reps) for board in state.boards.values()))
        telemetry.reps_loading.set(sum(len(board.unloaded) for board in state.boards.values()))
        telemetry.resident_days.set(
            sum(len(rep.days) for board in state.boards.values() for rep in board.reps.values())
        )
        self._recovery_progress()
        self._offer(SnapshotBatch(status=status))

    def _recovery_progress(self) -> None:
        progress = self._state.lane.recovery().progress().values()
        self._telemetry.recovery_done.set(sum(one.done for one in progress))
        self._telemetry.recovery_left.set(sum(one.to_do for one in progress))
