"""Follows a small topic: all of it, or its latest days, before the start, then as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from streams.core.errors import PipelineError

log = logging.getLogger(__name__)

START_S = 60.0
"""How long Kafka may take to tell all there is; a client would ask a lost broker for ever."""
RETRY_S = 2.0

Heard = Callable[[bytes | None, bytes | None], None]
"""Takes the key and the value of a record."""


class Follower:
    """Reads all partitions at the start, then goes on listening.

    With `since_ms` it starts with what was written then, UTC ms, and not with the first record.
    """

    def __init__(
        self, topic: str, options: dict[str, Any], heard: Heard, *, since_ms: int | None = None
    ) -> None:
        self._topic = topic
        self._options = options
        self._heard = heard
        self._since_ms = since_ms
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None
        self._next: dict[TopicPartition, int] = {}

    @property
    def position(self) -> int:
        """The sum over all partitions of the offset that is heard next."""
        return sum(self._next.values())

    async def start(self) -> None:
        """Read what was said before.

        Raises PipelineError when the topic is not there or not told in time, KafkaError without a
        broker, and whatever `heard` raises.
        """
        consumer = AIOKafkaConsumer(
            **self._options, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        self._consumer = consumer
        try:
            async with asyncio.timeout(START_S):
                await self._read_all(consumer)
        except TimeoutError:
            name = self._topic
            msg = f"Kafka did not tell all of {name} within {START_S:.0f} s; is its leader there?"
            raise PipelineError(msg) from None
        self._task = asyncio.create_task(self._follow(consumer), name=self._topic)

    async def _read_all(self, consumer: AIOKafkaConsumer) -> None:
        await consumer.start()
        if self._topic not in await consumer.topics():
            msg = f"Kafka has no topic {self._topic}: run `floorcast topics create`"
            raise PipelineError(msg)
        first = TopicPartition(self._topic, 0)
        consumer.assign([first])
        await consumer.end_offsets([first])  # before this the client does not know the others
        numbers = consumer.partitions_for_topic(self._topic) or {0}
        partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        if self._since_ms is not None:
            asked = dict.fromkeys(partitions, self._since_ms)
            for partition, found in (await consumer.offsets_for_times(asked)).items():
                consumer.seek(partition, ends[partition] if found is None else found.offset)
        for partition in partitions:
            self._next[partition] = await consumer.position(partition)
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            await self._read(consumer, 500)
        for partition in partitions:
            # The last offsets may be of no record: markers of a transaction, say.
            self._next[partition] = await consumer.position(partition)

    async def ends(self, *partitions: TP) -> Mapping[TP, int]:
        """The ends of any partitions, asked for beside the worker's own consumer."""
        if self._consumer is None:
            msg = "start() comes before anything else"
            raise RuntimeError(msg)
        found = await self._consumer.end_offsets([TopicPartition(*tp) for tp in partitions])
        return {TP(tp.topic, tp.partition): end for tp, end in found.items()}

    async def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
        if self._consumer is not None:
            await self._consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                await self._read(consumer, 1000)
            except Exception as error:
                # Counting does not depend on this; what was said is heard when it works again.
                log.warning("%s cannot be read (%r); trying again", self._topic, error)
                await asyncio.sleep(RETRY_S)

    async def _read(self, consumer: AIOKafkaConsumer, timeout_ms: int) -> None:
        for partition, records in (await consumer.getmany(timeout_ms=timeout_ms)).items():
            for record in records:
                self._heard(record.key, record.value)
                self._next[partition] = record.offset + 1
