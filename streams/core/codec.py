"""Reads events: what a record must be to count, and where it was first written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import json

from streams.core.cloudevent import Opened, mode_of, open_binary, open_structured, sniff_structured
from streams.core.errors import MalformedEvent
from streams.core.events import EVENTS, SCHEMA_VERSION, DealClosed, Event, SurveySubmitted
from streams.core.malformed import DECODE_FAILURES, malformed_from, unknown_version
from streams.core.ports import LogRecord

__all__ = [
    "DECODERS",
    "DECODE_FAILURES",
    "EPOCH",
    "FUTURE_MS",
    "LATEST_MS",
    "TOO_OLD_MS",
    "Origin",
    "check_envelope",
    "check_instant",
    "check_scale",
    "decode_event",
    "malformed_from",
    "origin_headers",
    "origin_of",
    "relocated_headers",
    "to_ms",
]

DECODERS: dict[str, json.Decoder[Event]] = {
    kind: json.Decoder(event_type) for kind, event_type in EVENTS.items()
}
"""Kind to decoder. A loop that calls one itself catches `DECODE_FAILURES`, hands those records and
those with headers to `decode_event`, and checks the envelope (`check_envelope`)."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOO_OLD_MS = 631_152_000_000
"""1990-01-01: nothing that is earlier was recorded by a call centre's software."""
FUTURE_MS = 300_000
"""How far ahead of its record's Kafka timestamp an event may claim to be: 5 minutes."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01: no event is later, not even one whose record has no timestamp or a wild one."""
SCALE_LIMIT = 1_000_000
"""Ends of a survey's scale lie within this of 0, so that scores fit integers of 1/1,000."""
SCALE_WIDTH = 0.01
"""The least width of a scale: a narrower one would vanish when its ends are kept to 1/1,000."""

_YEAR_10000_S = 253_402_300_800
_INT32, _INT64 = 2**31, 2**63


def to_ms(at: datetime) -> int:
    """An aware datetime as UTC milliseconds since 1970, rounded down."""
    since = at - EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def decode_event(kind: str, record: LogRecord) -> Event:
    """The event of a record: plain JSON, or a CloudEvent in binary or structured mode.

    Everything that can be wrong about an event by itself is checked here; raises MalformedEvent
    only. `kind` is a key of `EVENTS`.
    """
    value, headers = record.value, record.headers
    opened: Opened | None = None
    mode = mode_of(headers) if headers else None
    if mode is not None:
        opened = open_binary(value, headers) if mode == "binary" else open_structured(value)
        event = _decode_opened(kind, opened)
    else:
        try:
            event = DECODERS[kind].decode(value)  # type: ignore[arg-type] # None: a TypeError
        except DECODE_FAILURES as error:
            opened = sniff_structured(value)
            if opened is None:
                raise malformed_from(error, EVENTS[kind], value) from error
            event = _decode_opened(kind, opened)
    try:
        _check(event, origin_of(record).timestamp if headers else record.timestamp)
    except MalformedEvent as error:
        if opened is None:
            raise
        raise MalformedEvent(error.code, opened.outer_path(error.path), error.message) from error
    return event


def _decode_opened(kind: str, opened: Opened) -> Event:
    try:
        return DECODERS[kind].decode(opened.value)
    except DECODE_FAILURES as error:
        fault = malformed_from(error, EVENTS[kind], opened.value)
        path = opened.outer_path(fault.path)
        raise MalformedEvent(fault.code, path, fault.message) from error


def _check(event: Event, record_ms: int) -> None:
    check_envelope(event, to_ms(event.occurred_at), record_ms)
    if isinstance(event, SurveySubmitted):
        check_scale(event)
    elif isinstance(event, DealClosed):
        check_instant(to_ms(event.closed_at), record_ms, "closed_at")


def check_envelope(event: Event, occurred_ms: int, record_ms: int) -> None:
    """Raise MalformedEvent `unknown_schema_version`, `from_the_future` or `too_old`."""
    if event.schema_version != SCHEMA_VERSION:
        raise unknown_version(event.schema_version)
    check_instant(occurred_ms, record_ms)


def check_instant(at_ms: int, record_ms: int, field: str = "occurred_at") -> None:
    """Raise MalformedEvent unless `at_ms` lies from 1990 to 5 minutes after the record's timestamp.

    A record without a timestamp (negative) sets no limit but the year 2100.
    """
    if at_ms < TOO_OLD_MS:
        message = f"`{field}` is {_iso(at_ms)}: it must not be before 1990-01-01"
        raise MalformedEvent("too_old", f"$.{field}", message)
    if 0 <= record_ms < at_ms - FUTURE_MS:
        message = (
            f"`{field}` is {_iso(at_ms)}: it may be at most 5 minutes ahead of the record's "
            f"timestamp {_iso(record_ms)}; set the sender's clock"
        )
        raise MalformedEvent("from_the_future", f"$.{field}", message)
    if at_ms >= LATEST_MS:
        message = f"`{field}` is {_iso(at_ms)}: it must be before 2100-01-01"
        raise MalformedEvent("from_the_future", f"$.{field}", message)


def check_scale(event: SurveySubmitted) -> None:
    """Raise MalformedEvent `scale` unless scale_min < scale_max and the score lies on the scale.

    The ends lie within `SCALE_LIMIT` of 0 and `SCALE_WIDTH` or more apart.
    """
    low, high, score = event.scale_min, event.scale_max, event.score
    for field, number in (("scale_min", low), ("scale_max", high), ("score", score)):
        if not -SCALE_LIMIT <= number <= SCALE_LIMIT:  # NaN is caught too
            message = f"`{field}` is {number}: it must be from -{SCALE_LIMIT:,} to {SCALE_LIMIT:,}"
            raise MalformedEvent("scale", f"$.{field}", message)
    if high - low < SCALE_WIDTH:
        message = f"`scale_max` is {high}: it must be greater than `scale_min`, which is {low}"
        if low < high:
            message += f", by {SCALE_WIDTH} at least"
        raise MalformedEvent("scale", "$.scale_max", message)
    if not low <= score <= high:
        message = f"`score` is {score}: it must be from {low} to {high}, the survey's scale"
        raise MalformedEvent("scale", "$.score", message)


def _iso(at_ms: int) -> str:
    seconds, ms = divmod(at_ms, 1000)
    if not 0 <= seconds < _YEAR_10000_S:  # datetime cannot follow
        return f"{at_ms} ms"
    at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Origin(NamedTuple):
    """Where a record was first written; `timestamp` in ms, -1 when unknown."""

    topic: str
    partition: int
    offset: int
    timestamp: int


ORIGIN_TOPIC = "floorcast-origin-topic"
ORIGIN_PARTITION = "floorcast-origin-partition"
ORIGIN_OFFSET = "floorcast-origin-offset"
ORIGIN_TIMESTAMP = "floorcast-origin-timestamp"
_ORIGIN = "floorcast-origin-"


def origin_of(record: LogRecord) -> Origin:
    """The first place of a record: what its origin headers say if they are whole, else its own."""
    if record.headers:
        said = dict(record.headers)
        try:
            topic = said[ORIGIN_TOPIC].decode()
            partition, offset = int(said[ORIGIN_PARTITION]), int(said[ORIGIN_OFFSET])
            timestamp = int(said[ORIGIN_TIMESTAMP])
        except (KeyError, ValueError, TypeError, AttributeError):
            pass  # headers of somebody else, or none of ours
        else:
            if 0 <= partition < _INT32 and 0 <= offset < _INT64 and -1 <= timestamp < _INT64:
                return Origin(topic, partition, offset, timestamp)
    return Origin(record.topic, record.partition, record.offset, record.timestamp)


def origin_headers(origin: Origin) -> Sequence[tuple[str, bytes]]:
    """The headers that say where a re-produced record was first written; numbers in ASCII."""
    return [
        (ORIGIN_TOPIC, origin.topic.encode()),
        (ORIGIN_PARTITION, b"%d" % origin.partition),
        (ORIGIN_OFFSET, b"%d" % origin.offset),
        (ORIGIN_TIMESTAMP, b"%d" % origin.timestamp),
    ]


def relocated_headers(record: LogRecord) -> Sequence[tuple[str, bytes]]:
    """The headers of a record that is produced again elsewhere: its first place, then its own."""
    own = ((n, content) for n, content in record.headers if not n.startswith(_ORIGIN))
    return [*origin_headers(origin_of(record)), *own]
