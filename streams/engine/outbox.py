"""What slices produce for other topics: sent at once, acknowledged before a commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]


class Outgoing(NamedTuple):
    """A record to be produced; `partition` None: wherever the key belongs."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: Headers = ()


Send = Callable[[Outgoing], Awaitable["asyncio.Future[object]"]]
"""Hands a record to the producer; the future is done when Kafka has it."""

MOST_UNACKNOWLEDGED = 20_000
"""From here on `send` waits: back pressure, so that a slow broker cannot fill the memory."""


class Outbox:
    """Records on their way out, in order for each partition.

    `put` is synchronous, so that it belongs to the step that applies a slice; `send` hands on what
    was put; `acknowledged` waits for everything put before it was called. A record leaves the queue
    only when the producer has it, so a sender that is cancelled loses nothing; and what was refused
    once is raised by every `acknowledged` from then on, so that no offset is committed over it.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[Outgoing] = deque()
        self._futures: list[asyncio.Future[object]] = []
        self._failed: Exception | None = None
        self._sending = asyncio.Lock()

    def put(self, record: Outgoing) -> None:
        """Note a record to be sent."""
        self._waiting.append(record)

    async def send(self) -> None:
        """Hand everything noted to the producer; slow when too much is unacknowledged."""
        async with self._sending:
            while self._waiting and self._failed is None:
                try:
                    self._futures.append(await self._send(self._waiting[0]))
                except Exception as error:
                    self._failed = error
                    return
                self._waiting.popleft()
            if len(self._futures) > MOST_UNACKNOWLEDGED:
                # `wait`, not `gather`: a sender that is cancelled must not cancel the records too.
                await asyncio.wait(self._futures)
                self._collect()

    async def acknowledged(self) -> None:
        """Wait until Kafka has everything; raises the first failure there ever was."""
        await self.send()
        if self._futures:
            await asyncio.wait(self._futures)
        self._collect()
        if self._failed is not None:
            raise self._failed

    def _collect(self) -> None:
        waiting = []
        for future in self._futures:
            if not future.done():
                waiting.append(future)
            elif future.cancelled():
                self._failed = self._failed or ConnectionError("a record was given up on")
            elif (error := future.exception()) is not None:
                self._failed = self._failed or _as_exception(error)
        self._futures = waiting


def _as_exception(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(repr(error))
