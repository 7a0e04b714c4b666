"""The agents: what reads each topic, and which state it feeds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from streams.engine.lane.batch import Slice, SliceTopic
from streams.engine.lane.lane import Lane, LaneApp
from streams.engine.outbox import Outbox
from streams.engine.pace import Pace
from streams.engine.state import State
from streams.topics import MATURED_CONTACTS, TABLES, ledger_kinds, scoreboard_kinds

Apply = Callable[[Slice], int | None]


def add_agents(app: LaneApp, lane: Lane, state: State, outbox: Outbox) -> None:
    """Declare the tables and the agents: scoreboard by rep, ledger by deal, alerts by site."""
    settings = state.settings
    for table in TABLES:
        app.Table(table, key_type=bytes, value_type=bytes, partitions=settings.partitions)
    agents: Iterable[tuple[str, list[str], Apply]] = (
        ("scoreboard", scoreboard_kinds(settings), state.apply_rep_slice),
        ("ledger", ledger_kinds(), state.apply_deal_slice),
        ("alerts", [MATURED_CONTACTS], state.alerting.apply),
    )
    for name, kinds, apply in agents:
        for kind in kinds:
            topic = SliceTopic(app, topics=[settings.topic(kind)], partitions=settings.partitions)
            app.agent(topic, name=f"{name}.{kind}")(_reader(lane, outbox, apply))


def _reader(lane: Lane, outbox: Outbox, apply: Apply) -> Callable[[Any], Any]:
    """An agent's body: apply a slice in steps of bounded time, and send what each produced."""
    pace = Pace()

    async def read(stream: Any) -> None:
        async for piece in stream:
            for part in piece.cut(pace.most):
                began_s = time.perf_counter()
                if not lane.take(part, apply):
                    break  # void: the partition is held, or was dealt anew
                pace.took(len(part.records), time.perf_counter() - began_s)
                await outbox.send()
                # A busy topic must leave the loop to commits, heartbeats and snapshots.
                await asyncio.sleep(0)

    return read
