"""The agents: what reads each topic, and which state it feeds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from streams.engine.lane.batch import Slice, SliceTopic
from streams.engine.lane.lane import Lane, LaneApp
from streams.engine.outbox import Outbox
from streams.engine.pace import MOST, STEP_S, Pace
from streams.engine.state import State
from streams.topics import MATURED_CONTACTS, TABLES, ledger_kinds, scoreboard_kinds

Apply = Callable[[Slice], int | None]
ALERT_RECORDS = 1
"""Records of `matured-contacts` between two looks at the clock: most ticks cost nothing, but one
may have thousands of contacts folded, and the pace would know too late."""


def add_agents(app: LaneApp, lane: Lane, state: State, outbox: Outbox) -> None:
    """Declare the tables and the agents: scoreboard by rep, ledger by deal, alerts by site."""
    settings = state.settings
    for table in TABLES:
        app.Table(table, key_type=bytes, value_type=bytes, partitions=settings.partitions)
    agents: Iterable[tuple[str, list[str], Apply, int]] = (
        ("scoreboard", scoreboard_kinds(settings), state.apply_rep_slice, MOST),
        ("ledger", ledger_kinds(), state.apply_deal_slice, MOST),
        ("alerts", [MATURED_CONTACTS], state.alerting.apply, ALERT_RECORDS),
    )
    for name, kinds, apply, most in agents:
        for kind in kinds:
            topic = SliceTopic(app, topics=[settings.topic(kind)], partitions=settings.partitions)
            app.agent(topic, name=f"{name}.{kind}")(_reader(lane, outbox, apply, most))


def _reader(lane: Lane, outbox: Outbox, apply: Apply, most: int = MOST) -> Callable[[Any], Any]:
    """An agent's body."""
    pace = Pace()

    async def read(stream: Any) -> None:
        async for piece in stream:
            await take_in_steps(piece, lambda part: lane.take(part, apply), outbox, pace, most)

    return read


async def take_in_steps(
    piece: Slice, take: Callable[[Slice], bool], outbox: Outbox, pace: Pace, most: int = MOST
) -> None:
    """Take a slice in steps of bounded time, and send what each produced.

    A step is what `pace` says, or with a smaller `most` as many times `most` records as fit in it.
    """
    step_s = 0.0
    for part in piece.cut(min(pace.most, most)):
        began_s = time.perf_counter()
        if not take(part):
            break  # void: the partition is held, or was dealt anew
        took_s = time.perf_counter() - began_s
        pace.took(len(part.records), took_s)
        await outbox.send()
        step_s += took_s
        # A busy topic must leave the loop to commits, heartbeats and snapshots.
        if most == MOST or step_s >= STEP_S:
            await asyncio.sleep(0)
            step_s = 0.0
    if step_s:
        await asyncio.sleep(0)
