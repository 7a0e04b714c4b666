"""Events into Kafka: the one producer that every command and adapter sends through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from streams.core.errors import PipelineError
from streams.core.events import DEAL_CLOSED

ERRORS_KEPT = 5
QUEUE_EVENTS = 100_000
DELIVERY_TIMEOUT_MS = 120_000
REACH_TIMEOUT_S = 10.0

_encode = msgspec.json.Encoder().encode


class KafkaUnavailable(PipelineError):
    """Kafka cannot be reached, or has not the topics that are to be written.

    Operator action: check the brokers in the settings; `floorcast topics create` makes the topics.
    """


def key_of(topic: str, value: Mapping[str, Any]) -> str:
    """The Kafka key of an event: `deal_id` for deals, `rep_id` for everything else."""
    key: str = value["deal_id" if topic == DEAL_CLOSED else "rep_id"]
    return key


class EventProducer:
    """Sends events, and knows at the end which of them Kafka has.

    `sent` = `delivered` + `failed` + what is still queued. An event is *delivered* when every
    in-sync replica has it. The queue is bounded: `send` waits while it is full. With idempotence,
    order holds per key across retries and no retry writes an event twice. A record that cannot be
    delivered within two minutes has *failed*; the first few reasons are in `errors`.

    `options` are librdkafka's (`settings.kafka()`). `topic_name` turns a topic into its name in
    Kafka. Not safe for use by several threads.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        *,
        idempotence: bool = True,
        cloudevents: bool = False,
        topic_name: Callable[[str], str] = str,
        delivery_timeout_ms: int = DELIVERY_TIMEOUT_MS,
        queue_events: int = QUEUE_EVENTS,
    ) -> None:
        self.sent = 0
        self.delivered = 0
        self.failed = 0
        self.errors: list[str] = []
        self._cloudevents = cloudevents
        self._topic_name = topic_name
        self._options = dict(options)
        self._producer = Producer(
            {
                # Java's hash, as Faust and aiokafka have it; librdkafka's own default is CRC32.
                "partitioner": "murmur2_random",
                "acks": "all",
                "enable.idempotence": idempotence,
                "message.timeout.ms": delivery_timeout_ms,
                "queue.buffering.max.messages": queue_events,
                "linger.ms": 10,
                # An unknown topic is an error within seconds; the default waits 30 s for it.
                "topic.metadata.propagation.max.ms": 5_000,
                # What goes wrong is told through `errors`, once; librdkafka would also print it.
                "log_level": 0,
                **self._options,
                "error_cb": self._note_trouble,
            }
        )
        self._trouble = ""
        self._given_up = ""

    def __len__(self) -> int:
        """Events sent whose fate is open."""
        return len(self._producer)

    def check(self, topics: Iterable[str]) -> None:
        """Raise KafkaUnavailable unless the brokers answer and have these topics."""
        # An admin client is asked: the producer would remember a topic it once asked for in vain.
        admin = AdminClient(self._options | {"log_level": 0})
        try:
            known = admin.list_topics(timeout=REACH_TIMEOUT_S).topics
        except KafkaException as error:
            brokers = self._options.get("bootstrap.servers")
            msg = f"Kafka at {brokers} cannot be reached: {_why(error.args[0])}"
            raise KafkaUnavailable(msg) from error
        missing = [name for name in map(self._topic_name, topics) if name not in known]
        if missing:
            msg = f"Kafka has no topic {', '.join(missing)}; make it with: floorcast topics create"
            raise KafkaUnavailable(msg)

    def send(
        self,
        topic: str,
        key: str | bytes | None,
        value: Mapping[str, Any] | bytes | msgspec.Raw,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Queue an event under a key (`key_of`); waits while the queue is full.

        `value` is an object, or the JSON text of one; `headers` are sent as they are.
        """
        body = bytes(value) if isinstance(value, bytes | msgspec.Raw) else _encode(value)
        added = _cloudevent_headers(topic, body) if self._cloudevents else []
        while True:
            try:
                self._producer.produce(
                    self._topic_name(topic),
                    body,
                    key.encode() if isinstance(key, str) else key,
                    on_delivery=self._note_delivery,
                    headers=[*headers, *added] or None,
                )
            except BufferError:
                # Full: serve delivery reports until there is room. Undeliverable records time out,
                # so this ends.
                self._producer.poll(0.1)
                continue
            except KafkaException as error:
                self.sent += 1
                self._note_failure(self._topic_name(topic), error.args[0])
                return
            self.sent += 1
            self._producer.poll(0)
            return

    def poll(self, seconds: float) -> None:
        """Serve delivery reports for up to so long: what to do instead of sleeping."""
        self._producer.poll(seconds)

    def flush(self, deadline_s: float) -> bool:
        """Wait for every event's fate; True when all that was ever sent is delivered.

        What is still open at the deadline is given up and has failed.
        """
        self._producer.flush(deadline_s)
        if len(self._producer):
            self._given_up = f"no acknowledgement within {deadline_s:g} s"
            self._producer.purge(in_queue=True, in_flight=True)
            self._producer.flush(5.0)
            self.failed = self.sent - self.delivered
        return self.failed == 0 and self.delivered == self.sent

    def _note_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.delivered += 1
        else:
            self._note_failure(message.topic() or "?", error)

    def _note_failure(self, topic: str, error: KafkaError) -> None:
        self.failed += 1
        if len(self.errors) < ERRORS_KEPT:
            why = self._given_up or _why(error)
            self.errors.append(f"{topic}: {why}" + (f" ({self._trouble})" if self._trouble else ""))

    def _note_trouble(self, error: KafkaError) -> None:
        """Brokers that are away come back; the last trouble explains a later failure."""
        self._trouble = _why(error)


def _why(error: KafkaError) -> str:
    return str(error.str() or error.name())


def _cloudevent_headers(topic: str, body: bytes) -> list[tuple[str, str | bytes | None]]:
    """CloudEvents 1.0, binary mode: the attributes beside an unchanged value."""
    event = msgspec.json.decode(body)
    return [
        ("ce_specversion", "1.0"),
        ("ce_id", event["event_id"]),
        ("ce_source", event["source"]),
        ("ce_type", f"floorcast.{topic}"),
        ("ce_time", event["occurred_at"]),
        ("content-type", "application/json"),
    ]
