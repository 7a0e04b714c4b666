"""Producing the floor's events at an even pace, whatever happens to the brokers."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence

from confluent_kafka import KafkaError, Message, Producer

from streams.core.events import CALL_ENDED
from streams.settings import Settings
from tests.chaos.events import POISON, Sending

PARTITION_UA = -1
"""librdkafka's name for: whichever the partitioner chooses."""


class Sender:
    """An idempotent producer that waits for every acknowledgement; `sent` is by topic."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._failures: list[str] = []
        self._bursts: deque[Sending] = deque()
        self._bursts_made = 0
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self.sent: Counter[str] = Counter()
        self._producer = Producer(
            settings.kafka()
            | {
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": 120_000,
                "reconnect.backoff.max.ms": 1_000,
                "queue.buffering.max.messages": 500_000,
                "log_level": 0,
            }
        )

    def send(self, events: Sequence[Sending]) -> None:
        """Produce events and wait until Kafka has them all."""
        for event in events:
            self._produce(event)
        self._flush()

    def begin(self, events: Iterable[Sending], per_second: float) -> None:
        """Produce in a thread of its own; `finish` waits for it."""

        def run() -> None:
            try:
                began_s = time.monotonic()
                for number, event in enumerate(events):
                    self._produce(event)
                    while self._bursts:
                        self._produce(self._bursts.popleft())
                    ahead_s = began_s + number / per_second - time.monotonic()
                    if ahead_s > 0.002:
                        time.sleep(ahead_s)
            except BaseException as error:  # raised again by `finish`, where it is seen
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True, name="sender")
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether there is more to send."""
        return self._thread is not None and self._thread.is_alive()

    def finish(self) -> None:
        """Wait until Kafka has everything; raises AssertionError when it refused anything."""
        if self._thread is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error
        while self._bursts:
            self._produce(self._bursts.popleft())
        self._flush()

    def burst(self, records: int, partition: int) -> None:
        """So many unreadable calls in a row, in one partition."""
        first, self._bursts_made = self._bursts_made, self._bursts_made + records
        for number in range(first, first + records):
            value = b'{"call_id": "%bburst-%d", "rep_id": ' % (POISON, number)
            self._bursts.append(Sending(CALL_ENDED, "a bad release", value, partition))

    def _produce(self, event: Sending) -> None:
        topic = self._settings.topic(event.topic)
        partition = PARTITION_UA if event.partition is None else event.partition
        while True:
            try:
                self._producer.produce(
                    topic, event.value, event.key, partition, on_delivery=self._note
                )
                break
            except BufferError:  # the brokers are away
                self._producer.poll(0.5)
        self._producer.poll(0)
        self.sent[event.topic] += 1

    def _note(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failures.append(str(error))

    def _flush(self) -> None:
        left = self._producer.flush(120)
        assert (left, self._failures[:3]) == (0, []), "Kafka did not take all events"
