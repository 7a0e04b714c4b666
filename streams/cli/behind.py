"""The events behind a rep's day, for the page: from a worker's state or out of the changelog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from streams.core.calendar import day_number
from streams.core.explain import Explained, explain

if TYPE_CHECKING:
    from sinks.wallboard.pages import Drill
    from streams.engine.state import State
    from streams.settings import Settings

WORKER_AGAIN_S = 3
CHANGELOG_AGAIN_S = 60
"""Reading a partition of the changelog takes from a second to minutes."""


def of_worker(state: Callable[[], State]) -> Drill:
    """Events of the partitions that a worker owns; `state` is asked for when a viewer asks."""
    from sinks.wallboard.pages import Drill

    async def behind(rep_id: str, day: date) -> Sequence[Explained] | None:
        for board in state().boards.values():
            rep = board.reps.get(rep_id)
            if rep is not None:
                rep_day = board.peek(rep, day_number(day))
                return None if rep_day is None else explain(rep_day)
        return None

    return Drill(behind, WORKER_AGAIN_S)


def of_changelog(settings: Settings) -> Drill:
    """Events of everybody, read out of the changelog once for every question; one at a time."""
    from sinks.wallboard.pages import Drill
    from streams.cli.state import read_state
    from streams.core.errors import PipelineError

    reading = asyncio.Lock()

    def read(rep_id: str, day: date) -> Sequence[Explained] | None:
        import click

        try:
            reader = read_state(settings, rep_id)
        except click.ClickException as error:
            raise PipelineError(error.format_message()) from None
        rep_day = reader.rep_days.get((rep_id, day_number(day)))
        return None if rep_day is None else explain(rep_day)

    async def behind(rep_id: str, day: date) -> Sequence[Explained] | None:
        async with reading:
            return await asyncio.to_thread(read, rep_id, day)

    return Drill(behind, CHANGELOG_AGAIN_S)
