"""A process of a rebuild: a worker that shows nothing yet, and says how far it is."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from msgspec import structs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streams.settings import Settings

if TYPE_CHECKING:
    from streams.engine.app import Worker

log = logging.getLogger(__name__)

SHOW_S = 0.5
LINE_S = 10.0
"""Without a terminal, a line so often."""
STEADY_S = 3.0
"""How long everything must have been read before it is called caught up."""
_FEW = 1_000
"""A floor at work is never read to its end; with so few events left it is called caught up."""
_COMPARE = "from streams.cli.main import main; main(['rebuild', '--status'])"


def run_rebuild(settings: Settings, metrics_port: int) -> None:
    """Count until stopped; once caught up say what differs, and follow until the switch."""
    from streams.cli.worker import compose, run

    # The live worker has the ports of the settings; after the switch new workers will.
    own = structs.replace(settings, metrics_port=metrics_port, page=False)
    progress = _Shown(settings)
    worker = compose(own, rebuilding=True, before=[progress.start], after=[progress.stop])
    progress.watch(worker)
    run(worker.app)


class _Shown:
    """Progress, from the lane's positions."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._worker: Worker | None = None
        self._task: asyncio.Task[None] | None = None
        self._console = Console(stderr=True)

    def watch(self, worker: Worker) -> None:
        """Whose progress it is."""
        self._worker = worker

    async def start(self) -> None:
        """Begin to show it."""
        self._console.print(
            f"counting everything anew into {self._settings.namespace}; nothing of it is shown "
            "before `floorcast rebuild --switch`",
            highlight=False,
        )
        self._task = asyncio.create_task(self._run(), name="progress")

    async def stop(self) -> None:
        """Show it no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            await self._follow()
        except Exception:  # how far it is cannot be shown; that it counts is what matters
            log.exception("progress")

    async def _follow(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("events, left:"),
            TimeRemainingColumn(),
        )
        with Progress(
            *columns, console=self._console, disable=not self._console.is_terminal
        ) as bar:
            task = bar.add_task("counting", total=None)
            steady_s = line_s = time.monotonic()
            begun: int | None = None
            rate_from = (time.monotonic(), 0)
            while True:
                await asyncio.sleep(SHOW_S)
                done, left = self._counted()
                if done is None:
                    steady_s = time.monotonic()
                    continue
                if begun is None:
                    begun, rate_from = done, (time.monotonic(), done)
                bar.update(task, completed=done - begun, total=max(1, done - begun + left))
                now_s = time.monotonic()
                if not self._console.is_terminal and now_s - line_s >= LINE_S and left:
                    line_s = now_s
                    self._console.print(_line(done, left, rate_from, now_s), highlight=False)
                if left > _FEW:
                    steady_s = now_s
                elif now_s - steady_s >= STEADY_S:
                    break
        if self._first():
            await self._say_what_differs()

    def _counted(self) -> tuple[int | None, int]:
        """(events counted, events left) of the partitions of this process; None: none yet."""
        worker = self._worker
        if worker is None or not worker.state.boards:
            return None, 0
        applied = worker.lane.positions.applied
        ready = all(worker.state.is_ready(partition) for partition in worker.state.boards)
        if not applied or not ready:
            return None, 0
        return sum(applied.values()), sum(worker.lane.lag().values())

    def _first(self) -> bool:
        """Of several processes one says it."""
        return self._worker is not None and 0 in self._worker.state.boards

    async def _say_what_differs(self) -> None:
        self._console.print(
            f"{self._settings.namespace} has caught up, and follows", highlight=False
        )
        # In a process of its own: it reads two whole states, and this one has to go on counting.
        command = [sys.executable, "-P", "-c", _COMPARE]
        environ = _environ(self._settings)
        await asyncio.to_thread(subprocess.run, command, env=environ, check=False)
        self._console.print(
            "`floorcast rebuild --switch` shows these numbers on all boards", highlight=False
        )


def _line(done: int, left: int, since: tuple[float, int], now_s: float) -> str:
    per_s = (done - since[1]) / max(0.001, now_s - since[0])
    eta = f", about {left / per_s:,.0f} s" if per_s > 0 else ""
    return f"{done:,} events counted, {left:,} left{eta}"


def _environ(settings: Settings) -> dict[str, str]:
    """The environment of a command with these settings."""
    from streams.settings import environ_of

    others = {
        name: value for name, value in os.environ.items() if not name.startswith("FLOORCAST_")
    }
    return others | environ_of(settings.of_generation(0))
