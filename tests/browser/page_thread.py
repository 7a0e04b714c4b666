"""A page in a thread of its own, because Playwright's synchronous interface needs this one."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from datetime import date
from typing import Any, Literal, TypeVar

from sinks.wallboard.api.acting import Acting
from sinks.wallboard.auth import Auth
from sinks.wallboard.board_file import parse_board_file
from sinks.wallboard.model import BoardModel, WallboardAlerts, WallboardSink
from sinks.wallboard.pages import Drill
from sinks.wallboard.server import PageServer, serve
from streams.core.alerts.actions import AlertAction
from streams.core.alerts.book import AlertBook
from streams.core.alerts.known import KnownAlerts
from streams.core.alerts.told import RepAlert
from streams.core.clock import SystemClock
from streams.core.errors import PipelineError
from streams.core.explain import Explained
from streams.core.snapshot import RepSnapshot
from tests.browser.floor import news
from tests.services.ports import free_port

_T = TypeVar("_T")
_DEADLINE_S = 10


class PageThread:
    """A worker's page without the worker: `write` is what the worker would write.

    `events` are what the drill-down finds, by rep and local date; `boards` is a board file's text;
    without `auth` nobody is asked who they are. What is done about alerts comes back as it would
    from Kafka, and is in `acted`; `kafka_away`: nothing is taken.
    """

    def __init__(self, boards: str = "", auth: Auth | None = None) -> None:
        self.events: dict[tuple[str, date], list[Explained]] = {}
        self.acted: list[AlertAction] = []
        self.kafka_away = False
        self._book = AlertBook()
        self._heard = 0
        self._boards = parse_board_file(boards)
        self._auth = auth
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._clock = SystemClock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._model = self._do(self._make())
        self._page: PageServer | None = None

    def start(self) -> None:
        """Serve, on the same port each time."""
        drill = Drill(self._behind, 1)
        self._page = self._do(
            serve(
                self._model,
                "127.0.0.1",
                self.port,
                self._boards,
                drill,
                auth=self._auth,
                acting=Acting(self._act, "mia"),
            )
        )

    def stop(self) -> None:
        """Serve no more; the numbers stay."""
        if self._page is not None:
            page, self._page = self._page, None
            self._do(page.close())

    def close(self) -> None:
        """Stop, and end the thread."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_DEADLINE_S)
        self._loop.close()

    def write(
        self,
        *reps: RepSnapshot,
        silent_ms: int = 0,
        state: Literal["live", "catching_up", "recovering"] = "live",
    ) -> None:
        """Write reps as of now, from a telephony that was silent for `silent_ms`."""
        now_ms = self._clock.now_ms()
        batch = news(now_ms, *reps, newest_ms=now_ms - silent_ms, state=state)
        self._do(WallboardSink(self._model).write(batch))

    def tell(self, *alerts: RepAlert) -> None:
        """Tell of alerts, as workers do."""
        for alert in alerts:
            self._book.hear(alert)
        self._do(self._show())

    async def _act(self, action: AlertAction) -> None:
        if self.kafka_away:
            msg = "Kafka is away"
            raise PipelineError(msg)
        self.acted.append(action)
        self._book.act(action)
        await self._show()

    async def _show(self) -> None:
        self._heard += 1
        now_ms = self._clock.now_ms()
        entries = tuple(self._book.entries(now_ms))
        known = KnownAlerts(position=self._heard, moment_ms=now_ms, entries=entries)
        await WallboardAlerts(self._model).write(known)

    def board(self, query: str = "") -> Any:
        """The board as `/api/board` tells it."""
        with urllib.request.urlopen(f"{self.url}api/board{query}", timeout=_DEADLINE_S) as answer:
            return json.load(answer)

    async def _behind(self, rep_id: str, day: date) -> Sequence[Explained] | None:
        return self.events.get((rep_id, day))

    async def _make(self) -> BoardModel:
        return BoardModel(self._clock, team_names={"north": "North"}, partitions=2)

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        done: Future[_T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(_DEADLINE_S)
