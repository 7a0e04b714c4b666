"""How far the generation before this one has counted: what it has read is its to answer for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from confluent_kafka import OFFSET_INVALID, Consumer, TopicPartition

from streams.settings import Settings
from streams.topics import inputs

TIMEOUT_S = 15.0


class Predecessor:
    """The committed positions of the generation before, on the inputs that both read.

    None before generation 1, and none once its group is gone: then every position is 0.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._passed: dict[tuple[str, int], int] = {}
        self._consumer: Consumer | None = None

    def passed(self, topic: str, partition: int) -> int:
        """The offset below which it has counted, as last looked at; 0 when it never did."""
        return self._passed.get((topic, partition), 0)

    async def look(self) -> None:
        """Ask Kafka how far it is; raises KafkaException."""
        await asyncio.to_thread(self._look)

    def open(self, before: Settings) -> None:
        """Take the settings of the generation before."""
        self._consumer = Consumer(
            before.kafka() | {"group.id": before.group, "enable.auto.commit": False, "log_level": 0}
        )

    def close(self) -> None:
        """Close the connection."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _look(self) -> None:
        if self._consumer is None:
            return
        wanted = [TopicPartition(*at) for at in self._partitions()]
        for found in self._consumer.committed(wanted, timeout=TIMEOUT_S):
            if found.offset != OFFSET_INVALID:
                self._passed[found.topic, found.partition] = found.offset

    def _partitions(self) -> Iterable[tuple[str, int]]:
        for kind in inputs(self._settings):
            for partition in range(self._settings.partitions):
                yield self._settings.topic(kind), partition
