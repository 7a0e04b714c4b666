"""How long things take on the way to Kafka and back, and what becomes of what is sent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from aiokafka.errors import KafkaTimeoutError
from faust.types import TP

from streams.core.partition import partition_of
from streams.engine.lane.producer import Producer
from tests.simulation.log import Headers, Log
from tests.simulation.loop import Process, SimLoop

DELIVERY_S = 120.0
BATCH_RECORDS = 4
"""Small batches, so that one commit lands in several pieces."""

Item = tuple[bytes | None, bytes | None, Headers]


class Weather:
    """Delays: short, a share `slow` long; `storm` makes everything longer for a while."""

    def __init__(self, loop: SimLoop, dice: Random) -> None:
        self.loop = loop
        self.dice = dice
        self.storm = 1.0
        self.slow = 0.1
        self.ack_loss = 0.0

    def delay_s(self) -> float:
        """A delay of one way."""
        dice = self.dice
        mean_s = 0.02 if dice.random() < 1.0 - self.slow else 2.0
        return dice.expovariate(1.0 / (mean_s * self.storm))

    async def pass_by(self) -> None:
        """Wait for one way."""
        await asyncio.sleep(self.delay_s())


class _Batch(NamedTuple):
    items: Sequence[Item]
    future: asyncio.Future[Any]


class Sender:
    """One process's way of producing: in order for each partition, one request at a time.

    A request that has left the process lands, however late, whatever became of the process; what is
    still queued dies with it. `landed(process, tp, records)` is told of every batch that lands.
    """

    def __init__(
        self,
        process: Process,
        log: Log,
        weather: Weather,
        landed: Callable[[Process, TP, int], None],
    ) -> None:
        self.process = process
        self.log = log
        self.weather = weather
        self._landed = landed
        self._queues: dict[TP, deque[_Batch]] = {}

    def put(self, tp: TP, items: Sequence[Item]) -> asyncio.Future[Any]:
        """Queue a batch; the future gets the record of its first item."""
        queue = self._queues.setdefault(tp, deque())
        batch = _Batch(items, asyncio.get_running_loop().create_future())
        queue.append(batch)
        if len(queue) == 1:
            self._request(tp, queue)
        return batch.future

    def _request(self, tp: TP, queue: deque[_Batch]) -> None:
        loop, batch = self.process.loop, queue[0]
        lost = self.weather.dice.random() < self.weather.ack_loss

        def land() -> None:  # at the broker: no process holds this up
            first = None
            for key, value, headers in batch.items:
                record = self.log.append(tp.topic, key, value, headers, tp.partition)
                first = first or record
            self._landed(self.process, tp, len(batch.items))
            back_s = DELIVERY_S if lost else self.weather.delay_s()
            loop.call_later(back_s, answer, first, context=self.process.context)

        def answer(first: object) -> None:
            queue.popleft()
            if not batch.future.done():
                if lost:
                    batch.future.set_exception(KafkaTimeoutError())
                else:
                    batch.future.set_result(first)
            if queue:
                self._request(tp, queue)

        if lost and self.weather.dice.random() < 0.5:
            loop.call_later(DELIVERY_S, answer, None, context=self.process.context)
        else:
            loop.outside(self.weather.delay_s(), land)

    async def flush(self) -> None:
        """Wait for everything queued."""
        waiting = [batch.future for queue in self._queues.values() for batch in queue]
        if waiting:
            await asyncio.wait(waiting)


class _Builder:
    """A batch as aiokafka builds it."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def append(self, *, timestamp: Any, key: Any, value: Any, headers: Any) -> object | None:
        if len(self.items) == BATCH_RECORDS:
            return None
        self.items.append((key, value, headers))
        return self

    def close(self) -> None:
        return None


class KafkaClient:
    """What the lane's producer and the outbox use of aiokafka's producer."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender

    def create_batch(self) -> _Builder:
        """An empty batch."""
        return _Builder()

    async def send_batch(
        self, batch: _Builder, topic: str, *, partition: int
    ) -> asyncio.Future[Any]:
        """Queue a batch."""
        await asyncio.sleep(0)
        return self.sender.put(TP(topic, partition), batch.items)

    async def send(
        self,
        topic: str,
        *,
        value: bytes | None,
        key: bytes | None,
        partition: int | None,
        headers: Headers,
    ) -> asyncio.Future[Any]:
        """Queue a record; without a partition to where its key belongs."""
        await asyncio.sleep(0)
        if partition is None:
            partition = partition_of(key or b"", self.sender.log.count)
        return self.sender.put(TP(topic, partition), [(key, value, headers)])


class SimProducer(Producer):
    """The lane's producer over the simulated client."""

    def __init__(self, client: KafkaClient) -> None:
        # Not Faust's: it would want an app, a transport and a thread.
        self._client = client
        self.kafka = client.sender.log

    def _ensure_producer(self) -> Any:
        return self._client

    async def flush(self) -> None:
        """Wait for everything queued."""
        await self._client.sender.flush()


def merged(offsets: Mapping[TP, int]) -> dict[TP, int]:
    """A plain copy, in a fixed order."""
    return dict(sorted(offsets.items()))
