"""The outbox of a generation that follows another: it does not say again what was said before."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable

from confluent_kafka import KafkaException

from streams.core.codec import ORIGIN_OFFSET, ORIGIN_PARTITION, ORIGIN_TOPIC
from streams.engine.outbox import Outbox, Outgoing, Send, SendBatch
from streams.engine.predecessor import Predecessor

log = logging.getLogger(__name__)

PATIENCE_S = 3.0
"""How long a commit waits for the generation before to pass a bad event."""
LOOK_S = 0.5


class QuietOutbox(Outbox):
    """Sends everything but what others have sent, or will.

    A dead letter of an input is held back until the commit. Then it is dropped when the generation
    before has counted past that event, for its own letter is in Kafka by then; else it is sent. So
    none is lost whoever dies when, and one that is written twice is as rare as a crash.

    Records for `until_live` (stops of inputs) are dropped until `live` is set.
    """

    def __init__(
        self,
        send: Send,
        predecessor: Predecessor,
        letters: Iterable[str],
        until_live: Iterable[str],
        *,
        live: bool,
        batch: SendBatch | None = None,
    ) -> None:
        super().__init__(send, batch)
        self.live = live
        self.dropped = 0
        self._predecessor = predecessor
        self._letters = frozenset(letters)
        self._until_live = frozenset(until_live)
        self._held: list[Outgoing] = []

    def put(self, record: Outgoing) -> None:
        """Note a record to be sent, or to be decided about."""
        if record.topic in self._letters:
            self._held.append(record)
        elif self.live or record.topic not in self._until_live:
            super().put(record)

    async def acknowledged(self) -> None:
        """Decide about what is held, then wait until Kafka has everything."""
        held, self._held = self._held, []
        if held:
            for record in await self._unsaid(held):
                super().put(record)
        await super().acknowledged()

    async def _unsaid(self, held: list[Outgoing]) -> list[Outgoing]:
        give_up_s = time.monotonic() + (0 if self.live else PATIENCE_S)
        left = held
        while True:
            try:
                await self._predecessor.look()
            except KafkaException as error:
                log.warning("the generation before cannot be asked (%s)", error.args[0].str())
            left = [record for record in left if not self._is_said(record)]
            if not left or time.monotonic() >= give_up_s:
                self.dropped += len(held) - len(left)
                return left
            await asyncio.sleep(LOOK_S)

    def _is_said(self, record: Outgoing) -> bool:
        said = dict(record.headers)
        topic = said[ORIGIN_TOPIC].decode()
        partition, offset = int(said[ORIGIN_PARTITION]), int(said[ORIGIN_OFFSET])
        return offset < self._predecessor.passed(topic, partition)
