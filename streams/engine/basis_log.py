"""The topic `state-basis` as a log: what every namespace rests on, and which one is live."""

from __future__ import annotations

import os

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from streams.core.basis import (
    Basis,
    Dropped,
    Live,
    Mismatch,
    basis_key,
    decode_basis,
    decode_dropped,
    decode_live,
    dropped_key,
    encode_record,
    live_key,
    namespace_of,
    unreadable,
)
from streams.core.errors import PipelineError
from streams.settings import Settings
from streams.topics import STATE_BASIS

TIMEOUT_S = 15.0


class BasisLog:
    """Reads the topic from its beginning and goes on; writes to it. Blocks: for threads.

    `bases` is namespace to its basis as last heard, `live` what was last said of this app,
    `dropped` the highest generation of it that was ever dropped, 0: none;
    `problem` what stands there that this floorcast cannot read, `live_problem` the same when it is
    the record of what is live. Every method raises KafkaException when Kafka fails.
    """

    def __init__(self, settings: Settings) -> None:
        self.bases: dict[str, Basis] = {}
        self.live: Live | None = None
        self.dropped = 0
        self.problem: Mismatch | None = None
        self.live_problem: Mismatch | None = None
        self.by = os.urandom(8).hex()
        """The name under which this process writes."""
        self._settings = settings
        self._topic = settings.topic(STATE_BASIS)
        self._live_key, self._dropped_key = live_key(settings.app), dropped_key(settings.app)
        self._at = 0
        self._consumer: Consumer | None = None

    def open(self) -> None:
        """Read what was said before; raises PipelineError when the topic is not there."""
        consumer = self._consumer = Consumer(
            self._settings.kafka()
            | {
                # The workers' group, for access rules allow that one; it is never joined.
                "group.id": self._settings.group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 500,
                "log_level": 0,
            }
        )
        found = consumer.list_topics(self._topic, timeout=TIMEOUT_S).topics.get(self._topic)
        if found is None or found.error is not None:
            msg = f"Kafka has no topic {self._topic}: run `floorcast topics create`"
            raise PipelineError(msg)
        consumer.assign([TopicPartition(self._topic, 0, 0)])
        self.catch_up()

    def close(self) -> None:
        """Close the connection."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def catch_up(self) -> list[Basis | Live]:
        """Read to the end as it is now; what was heard, in order."""
        consumer = self._opened()
        _, end = consumer.get_watermark_offsets(TopicPartition(self._topic, 0), timeout=TIMEOUT_S)
        heard: list[Basis | Live] = []
        silent = 0
        while self._at < end:
            said = self.poll(0.2)
            heard += said
            silent = 0 if said else silent + 1
            (position,) = consumer.position([TopicPartition(self._topic, 0)])
            if position.offset >= end:
                break
            if silent * 0.2 > TIMEOUT_S:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 # its public name has the underscore
        return heard

    def poll(self, timeout_s: float) -> list[Basis | Live]:
        """Wait up to `timeout_s` for records; what was heard, in order."""
        heard: list[Basis | Live] = []
        for message in self._opened().consume(100, timeout_s):
            error = message.error()
            if error is not None:
                raise KafkaException(error)
            self._at = (message.offset() or 0) + 1
            said = self._hear(message.key() or b"", message.value())
            if said is not None:
                heard.append(said)
        return heard

    def _hear(self, key: bytes, value: bytes | None) -> Basis | Live | None:
        name = namespace_of(key)
        said: Basis | Live | Dropped | int
        if name is not None:
            if value is None:
                self.bases.pop(name, None)
                return None
            said = decode_basis(value)
            if isinstance(said, Basis):
                self.bases[name] = said
        elif key == self._live_key:
            if value is None:
                self.live = None
                return None
            said = decode_live(value)
            if isinstance(said, Live):
                self.live = said
        elif key == self._dropped_key and value is not None:
            said = decode_dropped(value)
            if isinstance(said, Dropped):
                self.dropped = max(self.dropped, said.generation)
                return None
        else:
            return None
        if isinstance(said, int):
            self.problem = unreadable(said, f"a record of {self._topic}")
            if key == self._live_key:
                self.live_problem = self.problem
            return None
        return said

    def write(self, key: bytes, record: Basis | Live | Dropped | None) -> None:
        """Append a record (None: a tombstone) and wait until Kafka has it."""
        failures: list[KafkaError] = []

        def note(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(error)

        producer = Producer(
            self._settings.kafka()
            | {
                "acks": "all",
                "enable.idempotence": self._settings.producer_idempotence,
                "message.timeout.ms": int(TIMEOUT_S * 1000),
                "log_level": 0,
            }
        )
        value = None if record is None else encode_record(record)
        producer.produce(self._topic, value, key, 0, on_delivery=note)
        if producer.flush(TIMEOUT_S + 5):
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 # its public name has the underscore
        if failures:
            raise KafkaException(failures[0])

    def write_basis(self, basis: Basis) -> None:
        """Say what a namespace rests on."""
        self.write(basis_key(basis.namespace), basis)

    def forget(self, namespace: str) -> None:
        """Say that a namespace is no more."""
        self.write(basis_key(namespace), None)

    def write_dropped(self, generation: int) -> None:
        """Say that a generation of this app is dropped: no later one gets its number."""
        if generation > self.dropped:
            self.write(self._dropped_key, Dropped(generation=generation))
            self.dropped = generation

    def write_live(self, live: Live) -> None:
        """Say which generation of this app is live."""
        self.write(self._live_key, live)

    def _opened(self) -> Consumer:
        if self._consumer is None:
            msg = "open() comes before anything else"
            raise RuntimeError(msg)
        return self._consumer
