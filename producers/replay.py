"""Recorded events into Kafka, in their recorded order, at event time or as fast as it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from producers.jsonl import BadLine, Line
from producers.kafka import EventProducer
from producers.pacing import Pacer
from streams.core.events import Time


class _When(Struct):
    occurred_at: Time


_when = msgspec.json.Decoder(_When).decode


def replay(
    lines: Iterable[Line], producer: EventProducer, pacer: Pacer, name: str
) -> Iterator[Line]:
    """Send each line under its recorded key; yields it once it is queued.

    Pace comes from `occurred_at`; a late event lies behind its predecessors and goes at once.
    Raises BadLine when the pace needs a time that the value does not have; flush is the caller's.
    """
    for line in lines:
        if pacer.waits:
            pacer.wait_for(_occurred_ms(line, name))
        event = line.event
        producer.send(event.topic, event.key, event.value)
        yield line


def _occurred_ms(line: Line, name: str) -> int:
    try:
        return int(_when(line.event.value).occurred_at.timestamp() * 1000)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = f"no time to pace by: {error}; use --speed max"
        raise BadLine(name, line.number, why) from error
