"""What slices produce for other topics: sent at once, acknowledged before a commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
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

SendBatch = Callable[
    [str, int, Sequence[Outgoing]], Awaitable[tuple[int, "asyncio.Future[object]"]]
]
"""Hands as many of the first records of one partition to the producer as a batch holds: how many,
and the future of all of them."""

FEW = 16
"""So many records or fewer go one by one: a batch of their own would wait for the one before it."""
MOST_AT_ONCE = 2_000
"""Records that are looked at together."""

MOST_UNACKNOWLEDGED = 20_000
"""From here on `send` waits: back pressure, so that a slow broker cannot fill the memory."""


class Outbox:
    """Records on their way out, in order for each partition.

    `put` is synchronous, so that it belongs to the step that applies a slice; `send` hands on what
    was put; `acknowledged` waits for everything put before it was called. A record leaves the queue
    only when the producer has it, so a sender that is cancelled loses nothing; and what was refused
    once is raised by every `acknowledged` from then on, so that no offset is committed over it.
    """

    def __init__(self, send: Send, send_batch: SendBatch | None = None) -> None:
        self._send = send
        self._send_batch = send_batch
        self._waiting: deque[Outgoing] = deque()
        self._groups: deque[list[Outgoing]] = deque()
        self._futures: list[asyncio.Future[object]] = []
        self._failed: Exception | None = None
        self._sending = asyncio.Lock()

    def put(self, record: Outgoing) -> None:
        """Note a record to be sent."""
        self._waiting.append(record)

    async def send(self) -> None:
        """Hand everything noted to the producer; slow when too much is unacknowledged."""
        async with self._sending:
            try:
                while self._groups or self._waiting:
                    if self._failed is not None:
                        return
                    await self._send_groups()
                    if self._waiting and not self._group():
                        self._futures.append(await self._send(self._waiting[0]))
                        self._waiting.popleft()
            except Exception as error:
                self._failed = error
                return
            if len(self._futures) > MOST_UNACKNOWLEDGED:
                # `wait`, not `gather`: a sender that is cancelled must not cancel the records too.
                await asyncio.wait(self._futures)
                self._collect()

    def _group(self) -> bool:
        """Take what is first, when it is much and all of one topic, apart by its partitions."""
        if self._send_batch is None or len(self._waiting) <= FEW:
            return False
        first = self._waiting[0]
        groups: dict[int, list[Outgoing]] = {}
        count = 0
        for record in islice(self._waiting, MOST_AT_ONCE):
            if record.partition is None or record.topic != first.topic:
                break
            groups.setdefault(record.partition, []).append(record)
            count += 1
        if count <= FEW:
            return False
        for _ in range(count):
            self._waiting.popleft()
        self._groups.extend(groups.values())
        return True

    async def _send_groups(self) -> None:
        while self._groups and self._send_batch is not None:
            records = self._groups[0]
            first = records[0]
            assert first.partition is not None  # for the type checker
            sent, future = await self._send_batch(first.topic, first.partition, records)
            self._futures.append(future)
            # Not a moment earlier: who sends may be cancelled.
            del records[:sent]
            if not records:
                self._groups.popleft()

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
