"""Boards for the API: computed again when something changed, and never for most of the time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import NamedTuple

from sinks.wallboard.hub import MANY_REPS
from sinks.wallboard.model import BoardModel
from streams.core.board import Board
from streams.core.snapshot import WindowName

KEPT = 64
"""Boards that are kept."""
OLDEST_S = 1.0
"""A board is computed again after so long though nothing was counted: dates turn, sources age."""
REST = 4
"""After a board that took a while it is shown for so many times as long, whatever comes."""

_Key = tuple[WindowName, str | None, str]


class _Made(NamedTuple):
    board: Board
    revision: int
    at_s: float
    took_s: float


class Boards:
    """Boards of a model, unscoped: whoever hands them on narrows them."""

    def __init__(self, model: BoardModel) -> None:
        self._model = model
        self._made: dict[_Key, _Made] = {}
        self._making: defaultdict[_Key, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def board(self, window: WindowName, team: str | None, sort: str) -> Board:
        """The board now, or as of a moment ago."""
        key = (window, team, sort)
        # Whoever asks for the same meanwhile waits for this one.
        async with self._making[key]:
            made = self._made.pop(key, None)
            if made is None or self._is_old(made):
                made = await self._make(key)
            self._made[key] = made
        for old in list(self._made)[:-KEPT]:
            del self._made[old]
            if not self._making[old].locked():
                del self._making[old]
        return made.board

    def _is_old(self, made: _Made) -> bool:
        age_s = asyncio.get_running_loop().time() - made.at_s
        if age_s < REST * made.took_s:
            return False
        return age_s >= OLDEST_S or made.revision != self._model.latest.revision

    async def _make(self, key: _Key) -> _Made:
        window, team, sort = key
        revision = self._model.latest.revision
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        if len(self._model.latest.reps) < MANY_REPS:
            board = self._model.board(window, team=team, sort=sort)
        else:
            board = await asyncio.to_thread(self._model.board, window, team=team, sort=sort)
        at_s = loop.time()
        return _Made(board, revision, at_s, at_s - began_s)
