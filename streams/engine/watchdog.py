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


class Watchdog:
    """Compares the applied positions with what there is to read."""

    def __init__(self, state: State, lane: Lane) -> None:
        self._state = state
        self._lane = lane
        self._moved: dict[TP, tuple[int, float]] = {}
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
        return None
