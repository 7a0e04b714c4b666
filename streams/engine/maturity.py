"""Goes round the owned partitions: tells their clocks, and hands on contacts that are of age."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from itertools import islice

from aiokafka.errors import KafkaError

from streams.core.alerts.activity import Counting
from streams.core.alerts.contact import MaturedContact
from streams.core.alerts.maturing import Site, first_span, matured_of
from streams.core.rep import Rep
from streams.core.scoreboard import Scoreboard
from streams.engine.state import State

log = logging.getLogger(__name__)

ROUND_S = 1.0
REPS_A_STEP = 50
SHARE = 10
"""Of a worker that reads history this part of the time, a tenth, belongs to contacts of age."""


class Maturity:
    """A task beside the counting; what it misses by a failure comes with the next round."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to go round."""
        self._task = asyncio.create_task(self._run(), name="maturity")

    async def stop(self) -> None:
        """Go round no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            began_s = time.monotonic()
            try:
                await self.round()
            except KafkaError as error:
                log.warning("contacts wait to be handed on to the alerts: %r", error)
            except Exception:
                # Numbers do not depend on this; alerts wait until it works again.
                log.exception("contacts could not be handed on to the alerts")
            took_s = time.monotonic() - began_s
            await asyncio.sleep(max(ROUND_S, took_s * (SHARE - 1)))

    async def round(self) -> None:
        """Tell the clocks that have moved, then hand on one span of each partition."""
        state = self._state
        await state.alerting.tell_clocks()
        state.alerting.observe()
        for partition, board in list(state.boards.items()):
            if state.is_ready(partition) and not board.unloaded:
                await self._hand_on(partition, board)
                await self._count(partition, board)

    async def _hand_on(self, partition: int, board: Scoreboard) -> None:
        state = self._state
        part = state.alerting.parts[partition]
        board.handed_on_ms = part.contacts.at_ms
        ripe_ms = state.alerting.ripe_until(partition)
        span = first_span(board, part.contacts.at_ms, ripe_ms)
        if span is None:
            return
        found: dict[Site, list[MaturedContact]] = {}

        def take(rep: Rep) -> None:
            for site, contact in matured_of(board, rep, span, state.plan.alerts):
                found.setdefault(site, []).append(contact)

        if await self._each_rep(partition, board, take):
            await state.alerting.hand_on(partition, span.end_ms, found)

    async def _count(self, partition: int, board: Scoreboard) -> None:
        state = self._state
        if state.boards.get(partition) is not board or not state.is_ready(partition):
            return
        part = state.alerting.parts[partition]
        span = first_span(board, part.activity.at_ms, state.alerting.counted_until(partition))
        if span is None:
            return
        counting = Counting(board, span)
        if await self._each_rep(partition, board, counting.add):
            await state.alerting.hand_on_activity(partition, span.end_ms, counting.rows())

    async def _each_rep(
        self, partition: int, board: Scoreboard, take: Callable[[Rep], None]
    ) -> bool:
        """Go through the reps in small steps; False: dealt anew, the next owner does it."""
        state = self._state
        reps = iter(list(board.reps.values()))
        while step := list(islice(reps, REPS_A_STEP)):
            for rep in step:
                take(rep)
            await asyncio.sleep(0)
            if state.boards.get(partition) is not board or not state.is_ready(partition):
                return False
        return True
