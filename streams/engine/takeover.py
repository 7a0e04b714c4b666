"""One generation takes the boards over from another, without a gap and without a step back."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable

from aiokafka.errors import KafkaError

from streams.core.basis import Live
from streams.engine.lane.lane import Lane
from streams.engine.publisher import Publisher
from streams.engine.state import State

log = logging.getLogger(__name__)

FREEZE_S = 1.5
"""How long the generations before are given to hear that they show no more."""
CATCH_UP_S = 30.0
AGAIN_S = 10.0
"""When everything is shown once more: a last snapshot of before may lie on top in a topic."""
LEAVE_S = 6.0
"""How long a worker that was taken over from still serves its last numbers."""


class Takeover:
    """What a worker does when it hears which generation is live.

    Those of an earlier generation show nothing new from that moment on; their last numbers stay up
    until they stop. Those of the live one wait for that, read to the ends that the inputs have
    then, so that nobody has ever shown more than they know, and show everything they have.
    """

    def __init__(
        self, state: State, lane: Lane, publisher: Publisher, begin: Callable[[], None]
    ) -> None:
        self.farewell = ""
        """What to say at the end of a worker that was taken over from."""
        self._state = state
        self._lane = lane
        self._publisher = publisher
        self._begin = begin
        self._task: asyncio.Task[None] | None = None

    def heard(self, live: Live) -> None:
        """A record that says which generation is live."""
        mine = self._state.settings.generation
        if self._task is not None:
            return
        if live.generation > mine:
            self._publisher.live = False
            self._task = asyncio.create_task(self._leave(live), name="leave")
        elif live.generation == mine and not self._publisher.live:
            self._task = asyncio.create_task(self._show(), name="take over")

    def stop(self) -> None:
        """Do no more of it."""
        if self._task is not None:
            self._task.cancel()

    async def _leave(self, live: Live) -> None:
        settings = self._state.settings
        name = settings.of_generation(live.generation).namespace
        self.farewell = (
            f"{name} is live now and {settings.namespace} is not counted any more; "
            "start this worker again, with the plan of the rebuild, and it joins"
        )
        log.warning("%s: this worker shows no new numbers, and stops", self.farewell)
        await asyncio.sleep(LEAVE_S)
        os.kill(os.getpid(), signal.SIGTERM)

    async def _show(self) -> None:
        await asyncio.sleep(FREEZE_S)
        give_up_s = time.monotonic() + CATCH_UP_S
        while not await self._has_read_all(give_up_s):
            await asyncio.sleep(0.1)
        self._begin()
        self._publisher.live = True
        self._publisher.show_again()
        log.info("%s is live: its numbers are shown", self._state.settings.namespace)
        await asyncio.sleep(AGAIN_S)
        self._publisher.show_again()
        self._task = None

    async def _has_read_all(self, give_up_s: float) -> bool:
        """Read to the ends that the inputs had when this was called."""
        positions = self._lane.positions
        session, mine = positions.session, set(positions.applied)
        if not mine:
            return time.monotonic() > give_up_s  # it has no partitions, or none yet
        try:
            ends = await self._lane.consumer.highwaters(*mine)
        except KafkaError as error:
            log.warning("the ends of the inputs are not known (%r); trying again", error)
            return False
        while time.monotonic() < give_up_s:
            if positions.session != session:
                return False  # dealt anew: other partitions, other ends
            left = [tp for tp in ends if tp not in positions.held]
            whole = not any(board.unloaded for board in self._state.boards.values())
            if whole and all(self._lane.read_to(tp) >= ends[tp] for tp in left):
                return True
            await asyncio.sleep(0.02)
        log.warning("the inputs come faster than they are counted; numbers are shown all the same")
        return True
