"""Sends views to their viewers: encoded once per change; whoever is slow starts over."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from sinks.wallboard.alerts import alerts_message
from sinks.wallboard.model import BoardModel
from sinks.wallboard.scope import Scope
from sinks.wallboard.view import View, ViewKey, pulse_message
from sinks.wallboard.wire import START_OVER, Message
from streams.core.alerts.book import Entry
from streams.core.board import Board

FASTEST_S = 0.1
"""Least time between two changes sent; faster is not seen."""
SHARE = 0.2
"""Most of the time that is spent on computing boards: a large floor is updated less often."""
PULSE_S = 1.0
"""Time between two pulses, which are also the heartbeat of every connection."""
QUEUE = 32
"""Frames that wait for a viewer before it is sent the whole board instead; above FRAMES_KEPT."""
MANY_REPS = 500
"""From here on boards are computed beside the event loop."""
VIEWS_KEPT = 64
"""Views without a viewer that are kept, so that one who comes back is sent the difference."""

_log = logging.getLogger(__name__)


class Viewer:
    """One connection: a bounded queue of messages; when it overflows, all it held is given up."""

    def __init__(self, key: ViewKey) -> None:
        self.key = key
        self.behind = False
        self.alerts: tuple[Entry, ...] = ()
        self._queue: asyncio.Queue[Message | None] = asyncio.Queue(QUEUE)

    def offer(self, message: Message) -> None:
        """Queue a message; a viewer that is behind waits for the whole board."""
        if self.behind:
            return
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.start_over()

    def start_over(self) -> None:
        """Give up what waits; the next message is `START_OVER`, which asks for the whole board."""
        self.behind = True
        self._clear()
        self._queue.put_nowait(START_OVER)

    def end(self) -> None:
        """Let the connection end."""
        self._clear()
        self._queue.put_nowait(None)

    async def take(self) -> Message | None:
        """The next message; `START_OVER` when the whole board is due, None at the end."""
        return await self._queue.get()

    def _clear(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()


class Hub:
    """The views of a model and who looks at them."""

    def __init__(self, model: BoardModel, least: Mapping[str, int] | None = None) -> None:
        """`least` is KPI to the sample below which a flat view ranks nobody."""
        self._model = model
        self._least = least
        self._run = secrets.token_hex(4)
        self._views: dict[ViewKey, View] = {}
        self._viewers: defaultdict[ViewKey, set[Viewer]] = defaultdict(set)
        self._updating = asyncio.Lock()
        self._told: dict[Scope, Message] = {}
        self._told_of: tuple[Entry, ...] = ()
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sends changes and pulses for the length of a `with` block, and ends all connections."""
        self._tasks = [asyncio.create_task(self._changes()), asyncio.create_task(self._pulses())]
        for task in self._tasks:
            task.add_done_callback(self._ended)
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*self._tasks, return_exceptions=True)

    def healthy(self) -> bool:
        """Whether changes are being sent."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def end_all(self) -> None:
        """Let all connections end; browsers come back on their own."""
        for viewer in self._everyone():
            viewer.end()

    async def board(self, key: ViewKey) -> Board:
        """The board of a view now; raises SettingsError when its sort names nothing."""
        if len(self._model.latest.reps) < MANY_REPS:
            return self._board(key)
        return await asyncio.to_thread(self._board, key)

    def _board(self, key: ViewKey) -> Board:
        board = self._model.board(
            key.window,
            team=key.team,
            rep=key.rep,
            by=key.by,
            sort=key.sort,
            least=self._least if key.flat else None,
        )
        return key.scope.narrow(board)

    @asynccontextmanager
    async def viewer(self, key: ViewKey, last_id: str) -> AsyncIterator[Viewer]:
        """A viewer of a view, with what it needs to begin already queued."""
        async with self._updating:
            # A view that somebody looks at is up to date: a hundred screens that come back at once
            # cost one board, not a hundred.
            view = self._views[key] if key in self._viewers else await self._updated(key)
            viewer = Viewer(key)
            for message in view.since(last_id):
                viewer.offer(message)
            self._offer_alerts(viewer)
            viewer.offer(pulse_message(self._model.pulse()))
            self._viewers[key].add(viewer)
        try:
            yield viewer
        finally:
            self._viewers[key].discard(viewer)
            if not self._viewers[key]:
                del self._viewers[key]

    def whole(self, viewer: Viewer) -> Message:
        """All of a viewer's view; from now on it is sent changes again."""
        viewer.behind = False
        self._offer_alerts(viewer)
        return self._views[viewer.key].whole()

    async def _updated(self, key: ViewKey) -> View:
        """The view, brought up to now; its other viewers are sent what changed."""
        view = self._views.pop(key, None) or View(key, self._run)
        board = await self.board(key)
        message = view.update(board, key.scope.choices(self._model.choices(), board))
        self._views[key] = view  # last: the views in use stay, the oldest of the others go
        for old in list(self._views)[:-VIEWS_KEPT]:
            if old not in self._viewers:
                del self._views[old]
        if message is not None:
            for viewer in self._viewers.get(key, ()):
                viewer.offer(message)
        return view

    async def _changes(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._model.changed()
            began = loop.time()
            for key in list(self._viewers):
                async with self._updating:
                    await self._updated(key)
            for viewer in self._everyone():
                if viewer.alerts is not self._model.entries:
                    self._offer_alerts(viewer)
            self._pulse()
            took = loop.time() - began
            await asyncio.sleep(max(FASTEST_S, took / SHARE - took))

    def _offer_alerts(self, viewer: Viewer) -> None:
        """All alerts that a viewer may see, encoded once for everybody who may see the same."""
        scope = viewer.key.scope
        if self._model.entries is not self._told_of:
            self._told.clear()
            self._told_of = self._model.entries
        if scope not in self._told:
            self._told[scope] = alerts_message(self._told_of, scope)
        viewer.alerts = self._told_of
        viewer.offer(self._told[scope])

    async def _pulses(self) -> None:
        while True:
            self._pulse()
            await asyncio.sleep(PULSE_S)

    def _pulse(self) -> None:
        message = pulse_message(self._model.pulse())
        for viewer in self._everyone():
            viewer.offer(message)

    def _everyone(self) -> list[Viewer]:
        return [viewer for viewers in self._viewers.values() for viewer in viewers]

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            _log.error("the page is not updated any more", exc_info=task.exception())
            self.end_all()
