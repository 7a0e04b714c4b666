"""Records on their way out that take long: as when the brokers that lead their topics are slow."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, cast

from streams.engine.app import Worker
from tests.chaos.patching import put

DELAY_S = 1.0
"""How late a record is handed to the producer; longer than from one commit to the next."""

Send = Callable[[Worker, Any], Awaitable["asyncio.Future[object]"]]


class SlowOutbox:
    """Holds back what slices produce for other topics, in order, while told to.

    Whoever asks gets a future at once, as from a producer with a full pipe; it is done when Kafka
    has the record.
    """

    def __init__(self) -> None:
        self._until_s = 0.0
        self._waiting: deque[tuple[float, Worker, Any, asyncio.Future[object]]] = deque()
        self._send: Send = Worker._send
        self._send_batch = Worker._send_batch
        self._pump: asyncio.Task[None] | None = None

    def install(self) -> None:
        """Stand between the outbox and the producer; before the worker is made."""

        async def send(worker: Worker, record: Any) -> asyncio.Future[object]:
            return await self._take(worker, record)

        async def send_batch(
            worker: Worker, topic: str, partition: int, records: Sequence[Any]
        ) -> tuple[int, asyncio.Future[object]]:
            if self._is_quick():
                return await self._send_batch(worker, topic, partition, records)
            promises = [await self._take(worker, record) for record in records]
            return len(promises), cast("asyncio.Future[object]", asyncio.gather(*promises))

        put(Worker, "_send", send)
        put(Worker, "_send_batch", send_batch)

    def hold(self, seconds: float) -> None:
        """Be slow for so long."""
        self._until_s = time.monotonic() + seconds

    def _is_quick(self) -> bool:
        return time.monotonic() > self._until_s and not self._waiting

    async def _take(self, worker: Worker, record: Any) -> asyncio.Future[object]:
        if self._is_quick():
            return await self._send(worker, record)
        now_s = time.monotonic()
        promise: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append((now_s + DELAY_S, worker, record, promise))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run(), name="slow outbox")
        return promise

    async def _run(self) -> None:
        while self._waiting:
            due_s, worker, record, promise = self._waiting[0]
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            try:
                sent = await self._send(worker, record)
                sent.add_done_callback(partial(_pass_on, promise))
            except Exception as error:  # whoever waits for the record hears of it
                promise.set_exception(error)
            self._waiting.popleft()


def _pass_on(promise: asyncio.Future[object], done: asyncio.Future[object]) -> None:
    if promise.done():
        return
    if done.cancelled():
        promise.cancel()
    elif (error := done.exception()) is not None:
        promise.set_exception(error)
    else:
        promise.set_result(done.result())
