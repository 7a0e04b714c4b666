"""Reading topics from end to end without joining a group: what commands look at Kafka with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import monotonic, sleep
from typing import Any

import click
from confluent_kafka import (
    OFFSET_INVALID,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka import admin as kafka_admin
from msgspec import Struct

from streams.settings import Settings

TIMEOUT_S = 15
"""How long a broker may take to answer a question."""
STALL_S = 60
"""How long records may fail to come before reading is given up."""
BATCH = 10_000
WAIT_S = 0.1

LOADING = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
"""What a broker that has just started says of groups; it means: ask again."""

# Public, but the stubs neither list nor type it.
_OFFSETS: Any = vars(kafka_admin)["OffsetSpec"]
_EARLIEST, _LATEST = _OFFSETS.earliest(), _OFFSETS.latest()

Positions = dict[tuple[str, int], int]
"""(topic, partition) to an offset."""


class Record(Struct, gc=False, frozen=True):
    """A record of a topic; `timestamp` in milliseconds, -1 when unknown."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def begins(settings: Settings, topics: Iterable[str]) -> Positions:
    """The first offset that every partition of the topics still has."""
    return _offsets(settings, topics, _EARLIEST)


def ends(settings: Settings, topics: Iterable[str]) -> Positions:
    """The offset behind the last record of every partition of the topics."""
    return _offsets(settings, topics, _LATEST)


def offsets_at(settings: Settings, topics: Iterable[str], at_ms: int) -> Positions:
    """The first offset of every partition that was written at an instant or later, else its end."""
    names = list(topics)
    found = _offsets(settings, names, _OFFSETS.for_timestamp(at_ms))
    last = ends(settings, names)
    return {at: offset if offset >= 0 else last[at] for at, offset in found.items()}


def committed(settings: Settings, topics: Iterable[str]) -> Positions:
    """How far the workers' group has counted every partition; 0 where it never committed."""
    partitions = [TopicPartition(*at) for at in _partitions(_admin(settings), topics)]
    consumer = _consumer(settings)
    give_up = monotonic() + TIMEOUT_S
    try:
        while True:
            try:
                found = consumer.committed(partitions, timeout=TIMEOUT_S)
                break
            except KafkaException as error:
                if error.args[0].code() not in LOADING or monotonic() > give_up:
                    raise _failed(error) from None
                sleep(0.5)
    finally:
        consumer.close()
    return {(p.topic, p.partition): 0 if p.offset == OFFSET_INVALID else p.offset for p in found}


def read_topics(
    settings: Settings,
    topics: Iterable[str],
    *,
    since: Mapping[tuple[str, int], int] | None = None,
    until: Mapping[tuple[str, int], int] | None = None,
) -> Iterator[Record]:
    """Every record of the topics in [`since`, `until`), in order within each partition.

    Without bounds: from the first record to the end as it is now. Compacted records, markers of
    transactions and empty partitions leave gaps, so a partition is done when what comes next lies
    at or behind its end. Raises click.ClickException when Kafka fails.
    """
    names = list(topics)
    first = begins(settings, names) | dict(since or {})
    last = ends(settings, names) if until is None else dict(until)
    open_ = {at: last[at] for at in first if last.get(at, 0) > first[at]}
    if not open_:
        return
    consumer = _consumer(settings)
    try:
        consumer.assign([TopicPartition(*at, first[at]) for at in open_])
        heard = monotonic()
        while open_:
            # Waits for a whole batch however many are there, so the wait must be short.
            messages = consumer.consume(BATCH, WAIT_S)
            if messages:
                heard = monotonic()
            elif monotonic() - heard > STALL_S:
                msg = f"no record for {STALL_S} s from {_listed(open_)}; is the broker well?"
                raise click.ClickException(msg)
            yield from _within(consumer, messages, open_)
    except KafkaException as error:
        raise _failed(error) from None
    finally:
        consumer.close()


def _within(consumer: Consumer, messages: Iterable[Any], open_: Positions) -> Iterator[Record]:
    """The records that lie before their partition's end; partitions that are done leave `open_`."""
    done = []
    for message in messages:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        end = open_.get((topic, partition))
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 # its public name has the underscore
            raise KafkaException(error)
        if end is None:
            continue
        if error is None and offset < end:
            kind, timestamp = message.timestamp()
            yield Record(
                topic,
                partition,
                offset,
                -1 if kind == TIMESTAMP_NOT_AVAILABLE else timestamp,
                message.key(),
                message.value(),
                [(name, value or b"") for name, value in message.headers() or ()],
            )
            offset += 1
        if offset >= end:
            del open_[topic, partition]
            done.append(TopicPartition(topic, partition))
    if done:
        consumer.incremental_unassign(done)


def _offsets(settings: Settings, topics: Iterable[str], spec: Any) -> Positions:
    admin = _admin(settings)
    asked = {TopicPartition(*at): spec for at in _partitions(admin, topics)}
    if not asked:
        return {}
    try:
        futures = admin.list_offsets(asked, request_timeout=TIMEOUT_S)
        return {(p.topic, p.partition): f.result().offset for p, f in futures.items()}
    except KafkaException as error:
        raise _failed(error) from None


def _partitions(admin: kafka_admin.AdminClient, topics: Iterable[str]) -> list[tuple[str, int]]:
    try:
        there = admin.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise _failed(error) from None
    wanted = list(topics)
    missing = sorted(set(wanted) - there.keys())
    if missing:
        msg = f"no such topic: {', '.join(missing)}; run `floorcast topics create`"
        raise click.ClickException(msg)
    return [(topic, partition) for topic in wanted for partition in there[topic].partitions]


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        settings.kafka()
        | {
            # The workers' group, for access rules allow that one; it is never joined.
            "group.id": settings.group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_uncommitted",
            "log_level": 0,
        }
    )


def _admin(settings: Settings) -> kafka_admin.AdminClient:
    return kafka_admin.AdminClient(settings.kafka() | {"log_level": 0})


def _failed(error: KafkaException) -> click.ClickException:
    return click.ClickException(f"Kafka: {error.args[0].str()}; is FLOORCAST_BROKERS right?")


def _listed(positions: Iterable[tuple[str, int]]) -> str:
    return ", ".join(sorted(f"{topic}:{partition}" for topic, partition in positions))
