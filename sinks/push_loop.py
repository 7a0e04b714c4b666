"""Looks again and again whether there is something to send, and waits longer when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from streams.core.errors import SinkUnavailable

log = logging.getLogger(__name__)

LOOK_S = 2.0
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0

Tried = Callable[[bool], None]
"""Takes whether a post went through; it counts."""


class PushLoop:
    """Runs `look` beside the counting, which never waits for it."""

    def __init__(self, name: str, look: Callable[[], Awaitable[None]], look_s: float) -> None:
        self._name = name
        self._look = look
        self._look_s = look_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """End, in the middle of a post if need be: whatever was not told is told again."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            try:
                await self._look()
            except SinkUnavailable as error:
                log.warning("%s; again in %.0f s", error, retry_s)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, LAST_RETRY_S)
                continue
            except Exception:
                # A defect here must not stop the count; the alert's other ways are still there.
                log.exception("%s failed; trying again", self._name)
                await asyncio.sleep(LAST_RETRY_S)
                continue
            retry_s = FIRST_RETRY_S
            await asyncio.sleep(self._look_s)
