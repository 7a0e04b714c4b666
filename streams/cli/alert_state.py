"""The state of the alert desks as Kafka has it: what is known of reps without a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from streams.cli.kafka_read import Positions, Record, ends, read_topics
from streams.core.alerts.checkpoint import find
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.settings import AlertSettings
from streams.settings import Settings
from streams.topics import ALERTS_TABLE, MATURED_CONTACTS, changelog

_RECORDS = 1_000


def read_desks(settings: Settings, alerts: AlertSettings) -> dict[int, AlertDesk]:
    """Partition of matured-contacts to its desk at the end of the log.

    Raises click.ClickException when Kafka fails, StateVersionMismatch for another release's state.
    """
    topic = settings.topic(MATURED_CONTACTS)
    desks: dict[int, AlertDesk] = {}
    since: Positions = {}
    until = ends(settings, [topic])
    found = _changelog(settings)
    for partition in range(settings.partitions):
        desk = desks[partition] = AlertDesk(settings.partitions, alerts)
        state = find(found.get(partition, {}).items(), b"")
        if state.state:
            desk.load(state.state)
        since[topic, partition] = desk.position
    for partition, records in batches(read_topics(settings, [topic], since=since, until=until)):
        desks[partition].apply(records)
    return desks


def _changelog(settings: Settings) -> dict[int, dict[bytes, bytes]]:
    """Partition to what the table of alerts holds."""
    topic = changelog(settings, ALERTS_TABLE)
    held: dict[int, dict[bytes, bytes]] = {}
    reached: Positions | None = None
    # Twice: a checkpoint that is written again meanwhile may be compacted away before it is read.
    for _ in range(2):
        until = ends(settings, [topic])
        for record in read_topics(settings, [topic], since=reached, until=until):
            of = held.setdefault(record.partition, {})
            if record.key is None:
                continue
            if record.value is None:
                of.pop(record.key, None)
            else:
                of[record.key] = record.value
        reached = until
    return held


def batches(records: Iterable[Record]) -> Iterator[tuple[int, list[Record]]]:
    """(partition, records in a row), some hundreds at a time."""
    for partition, run in groupby(records, key=lambda record: record.partition):
        some: list[Record] = []
        for record in run:
            some.append(record)
            if len(some) == _RECORDS:
                yield partition, some
                some = []
        yield partition, some
