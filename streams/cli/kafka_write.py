"""Writes one record to a topic of one partition, and waits until Kafka has it."""

from __future__ import annotations

import click
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.settings import Settings

FLUSH_S = 30.0


def write_record(
    settings: Settings, topic: str, key: bytes, value: bytes, within_s: float = FLUSH_S
) -> None:
    """Append a record to partition 0 of a topic; raises click.ClickException when Kafka fails.

    Kafka fails, too, when it has not taken the record `within_s`.
    """
    failures: list[KafkaError] = []

    def note(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer(
        settings.kafka()
        | {
            "acks": "all",
            "enable.idempotence": settings.producer_idempotence,
            "message.timeout.ms": int(within_s * 1000),
            "log_level": 0,
        }
    )
    try:
        producer.produce(topic, value, key, 0, on_delivery=note)
        left = producer.flush(within_s + 5)
    except KafkaException as error:
        failures.append(error.args[0])
        left = 0
    if failures or left:
        why = failures[0].str() if failures else f"no acknowledgement within {within_s:g} s"
        msg = f"it could not be written to {topic}: {why}"
        raise click.ClickException(msg)
