"""Writing to Kafka in bulk: whole batches for a partition, each acknowledgement awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from faust.transport.drivers import aiokafka as driver

from streams.engine.lane.lane import lane_of

Headers = list[tuple[str, bytes]]
Record = tuple[bytes | None, bytes | None, Headers]
"""Key, value (None: a tombstone) and headers."""


class Ack(NamedTuple):
    """Where a batch came to lie: `records` records of `partition` from `base_offset` on."""

    partition: int
    base_offset: int
    records: int


class Producer(driver.Producer):
    """Faust's aiokafka producer, idempotent, with a way to send batches as they are."""

    def _settings_extra(self) -> Mapping[str, Any]:
        # Without idempotence a batch that was sent again after a broken connection could arrive a
        # second time behind a newer one of the same keys, and put the older state on top.
        return {"acks": "all", "enable_idempotence": lane_of(self.app).idempotent}

    async def send_batches(self, topic: str, batches: Mapping[int, Sequence[Record]]) -> list[Ack]:
        """Send records by partition and return where they lie, when all are acknowledged.

        Records of a partition keep their order. Raises what Kafka answered if one batch was not
        taken; others may have been written by then, so the caller cannot just send the rest.
        """
        sent = await asyncio.gather(
            *(self._send_partition(topic, p, records) for p, records in batches.items() if records),
            return_exceptions=True,
        )
        acks: list[Ack] = []
        for one in sent:
            if isinstance(one, BaseException):
                raise one
            acks += one
        return acks

    async def send_some(
        self, topic: str, partition: int, records: Iterable[Record]
    ) -> tuple[int, asyncio.Future[Any]]:
        """Send as many of the first records as a batch holds: how many, and what acknowledges them.

        No more is read of `records` than one that does not fit. The future gives the metadata of
        the first one. Waits until the batch before it, if there is one to this partition, has been
        taken by the broker.
        """
        producer = self._ensure_producer()
        batch, count = producer.create_batch(), 0
        for key, value, headers in records:
            # None: the batch is full. It always takes a first record, however large; what is too
            # large for the broker comes back as an error of the acknowledgement.
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                break
            count += 1
        batch.close()
        return count, await producer.send_batch(batch, topic, partition=partition)

    async def _send_partition(
        self, topic: str, partition: int, records: Sequence[Record]
    ) -> list[Ack]:
        waiting: list[tuple[int, asyncio.Future[Any]]] = []
        at = 0
        while at < len(records):
            # Not a slice: a commit may have thousands of batches, each a copy of what is left.
            left = (records[number] for number in range(at, len(records)))
            count, future = await self.send_some(topic, partition, left)
            waiting.append((count, future))
            at += count
        return [Ack(partition, (await future).offset, count) for count, future in waiting]


def advance(offset: int, acks: Iterable[Ack]) -> int:
    """How far a store may move over own acknowledged records of one partition, from `offset` on.

    A store's offset says that everything up to it is merged in. A record of somebody else between
    ours is not, so the offset stays before it, and the next recovery begins there.
    """
    for ack in acks:
        if ack.base_offset != offset + 1:
            break
        offset += ack.records
    return offset
