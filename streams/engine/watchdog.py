"""Ends a worker that makes no progress: its supervisor starts it again, and nothing is lost."""

from __future__ import annotations

import asyncio
import time

from faust.types import TP

from streams.engine.fatal import stop_now
from streams.engine.lane.lane import Lane
from streams.engine.state import State

CHECK_S = 5.0
STALLED_S = 120.0
"""How long a partition with events to read may stand still; far above a slow commit."""
RECOVERY_STALLED_S = 300.0
"""How long partitions may be owned without being counted, and without recovery coming further.

More, because reading a large changelog to its end says nothing while its last records are merged.
"""


class Watchdog:
    """Compares the applied positions with what there is to read, and recovery with itself."""

    def __init__(self, state: State, lane: Lane) -> None:
        self._state = state
        self._lane = lane
        self._moved: dict[TP, tuple[int, float]] = {}
        self._recovery: tuple[object, float] = (None, 0.0)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._run(), name="watchdog")

    def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            stalled = self.check(time.monotonic())
            if stalled is not None:
                stop_now(stalled)

    def check(self, now_s: float) -> str | None:
        """What has stalled, in words; None while everything moves or has nothing to do."""
        positions = self._lane.positions
        lags = self._lane.lag() if self._state.boards else {}
        for tp, at in positions.applied.items():
            was, since_s = self._moved.get(tp, (-1, now_s))
            idle = lags.get(tp, 0) == 0 or tp in positions.held
            if idle or at != was or not self._state.is_ready(tp.partition):
                self._moved[tp] = (at, now_s)
            elif now_s - since_s > STALLED_S:
                waited = f"{now_s - since_s:.0f} s"
                return f"{tp.topic}:{tp.partition} stands at offset {at} since {waited}"
        for tp in self._moved.keys() - positions.applied.keys():
            del self._moved[tp]
        return self._check_recovery(now_s)

    def _check_recovery(self, now_s: float) -> str | None:
        """Partitions that are owned, but neither recovered nor read, and come no nearer to it."""
        state = self._state
        opened = {tp.partition for tp in self._lane.positions.applied}
        waiting = [p for p in state.boards if not (state.is_ready(p) and p in opened)]
        progress = self._lane.recovery().progress() if waiting else {}
        reps = {p: len(state.boards[p].reps) for p in waiting}
        mark = (waiting, progress, reps) if waiting else None
        was, since_s = self._recovery
        if mark is None or mark != was:
            self._recovery = (mark, now_s)
        elif now_s - since_s > RECOVERY_STALLED_S:
            shown = ", ".join(map(str, sorted(waiting)))
            return f"recovery of partition {shown} stands still since {now_s - since_s:.0f} s"
        return None
