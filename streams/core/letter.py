"""Dead letters read back: what they say, whether they would count now, how they are sent again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import DecodeError, Raw, Struct, json

from streams.core.codec import decode_event, origin_headers, origin_of, to_ms
from streams.core.dead_letter import RESUBMITTED
from streams.core.deal_event import normalise
from streams.core.errors import MalformedEvent
from streams.core.events import DEAL_CLOSED, EVENTS, DealClosed, DealPosting
from streams.core.intake import DEAL_POSTINGS, Relocated
from streams.core.malformed import DECODE_FAILURES
from streams.core.ports import LogRecord

UNREADABLE = "?"
"""The source of a letter whose value does not tell it."""

_fields = json.Decoder(dict[str, Raw]).decode
_text = json.Decoder(str).decode
_posting = json.Decoder(DealPosting).decode
_COUNT = re.compile(rb"[0-9]{1,9}")
_SOURCE = re.compile(rb'"source"\s*:\s*("(?:[^"\\]|\\.){1,512}")')


class Letter(Struct, frozen=True):
    """A record of a dead-letter topic.

    `topic`, `partition` and `offset` say where it lies, `at_ms` when it was put aside (UTC ms, -1
    unknown). The origin is the event's first place. `resubmitted` says how often the event had been
    sent again before it became this letter. `headers` are the event's own, without ours.
    """

    topic: str
    partition: int
    offset: int
    at_ms: int
    reason: str
    path: str
    message: str
    origin_topic: str
    origin_partition: int
    origin_offset: int
    origin_ms: int
    resubmitted: int
    source: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]

    @property
    def id(self) -> str:
        """TOPIC:PARTITION:OFFSET of where it lies."""
        return f"{self.topic}:{self.partition}:{self.offset}"

    @property
    def origin(self) -> tuple[str, int, int]:
        """(topic, partition, offset) of the event's first place: the same in every round."""
        return self.origin_topic, self.origin_partition, self.origin_offset


class Summed(NamedTuple):
    """Letters of one input and reason; `events` are distinct first places, times UTC ms."""

    topic: str
    reason: str
    letters: int
    events: int
    first_ms: int
    last_ms: int


def read_letter(record: LogRecord) -> Letter:
    """The letter in a record of a dead-letter topic; what it does not say is `?` or empty."""
    said = dict(record.headers)
    origin = origin_of(record)
    own = [(name, content) for name, content in record.headers if not name.startswith("floorcast-")]
    return Letter(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        _header(said, "floorcast-reason") or UNREADABLE,
        _header(said, "floorcast-path"),
        _header(said, "floorcast-message"),
        origin.topic,
        origin.partition,
        origin.offset,
        origin.timestamp,
        rounds(said.get(RESUBMITTED)),
        source_of(record.value, own),
        record.key,
        record.value,
        own,
    )


def _header(said: Mapping[str, bytes], name: str) -> str:
    return (said.get(name) or b"").decode(errors="replace")


def rounds(header: bytes | None) -> int:
    """How often an event had been sent again, by its header `RESUBMITTED`; 0 when it is unsound."""
    count = (header or b"").partition(b" ")[0]
    return int(count) if _COUNT.fullmatch(count) else 0


def source_of(value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> str:
    """The source that a value names, as far as it can be read; `?` when it cannot.

    Of a CloudEvent its own source stands in for the event's; of what is no JSON the first thing
    that looks like a source is taken.
    """
    try:
        found = _string(_event_fields(value), "source")
    except DECODE_FAILURES:
        looks_like = _SOURCE.search(value or b"")
        found = _string({"source": Raw(looks_like[1])}, "source") if looks_like else None
    if found is None:
        ours = (content for name, content in headers if name.lower() == "ce_source")
        found = (next(ours, None) or b"").decode(errors="replace")
    return found or UNREADABLE


def _event_fields(value: bytes | None) -> dict[str, Raw]:
    """The fields of an event; of a structured CloudEvent those inside over those around."""
    fields = _fields(value or b"")
    if "specversion" in fields and "data" in fields:
        return fields | _fields(fields["data"])
    return fields


def _string(fields: Mapping[str, Raw], name: str) -> str | None:
    try:
        return _text(fields[name])
    except (KeyError, *DECODE_FAILURES):
        return None


def entity_field(kind: str) -> str:
    """The field of a kind of events whose value is their Kafka key."""
    return "deal_id" if kind == DEAL_CLOSED else "rep_id"


def key_if_good(kind: str, letter: Letter) -> bytes:
    """The Kafka key of a letter's event, when this floorcast would count it in its first place.

    `kind` is that of the origin's topic. Raises MalformedEvent: it would be bad again.
    """
    if kind == DEAL_POSTINGS:
        try:
            return _posting(letter.value or b"").rep_id.encode()
        except DecodeError as error:
            raise MalformedEvent("schema", "$", str(error)) from error
    if kind not in EVENTS:
        raise MalformedEvent(
            "internal", "$", f"came from `{letter.origin_topic}`, which is no input"
        )
    event = decode_event(
        kind, Relocated(*letter.origin, letter.origin_ms, letter.key, letter.value, letter.headers)
    )
    if isinstance(event, DealClosed):
        normalise(event, to_ms(event.occurred_at), to_ms(event.closed_at), 0, 0)
        return event.deal_id.encode()
    return event.rep_id.encode()


def likely_key(kind: str, letter: Letter) -> bytes | None:
    """The Kafka key of an event that is bad still: what its value says, else what it came with."""
    try:
        found = _string(_event_fields(letter.value), entity_field(kind))
    except DECODE_FAILURES:
        found = None
    return letter.key if found is None else found.encode()


def headers_to_resubmit(letter: Letter, name: str) -> list[tuple[str, bytes]]:
    """The headers under which a letter's event goes back to its input.

    They carry its first place, so that its version is the one it had there, and a mark of its own,
    by which an audit tells what became of each sending. `name` is a new one for every sending.
    """
    first = origin_of(Relocated(*letter.origin, letter.origin_ms, None, None, ()))
    mark = b"%d %s" % (letter.resubmitted + 1, name.encode())
    return [*origin_headers(first), (RESUBMITTED, mark), *letter.headers]


def latest_of_each(letters: Iterable[Letter]) -> list[Letter]:
    """One letter for every event: that of its last round, in the order of the first ones."""
    latest: dict[tuple[str, int, int], Letter] = {}
    for letter in letters:
        held = latest.get(letter.origin)
        if held is None or (letter.resubmitted, letter.at_ms) > (held.resubmitted, held.at_ms):
            latest[letter.origin] = letter
    return list(latest.values())


def summarise(letters: Iterable[Letter]) -> list[Summed]:
    """Letters by input and reason, sorted by both."""
    groups: dict[tuple[str, str], list[Letter]] = {}
    for letter in letters:
        groups.setdefault((letter.origin_topic, letter.reason), []).append(letter)
    return [
        Summed(
            topic,
            reason,
            len(group),
            len({letter.origin for letter in group}),
            min(letter.at_ms for letter in group),
            max(letter.at_ms for letter in group),
        )
        for (topic, reason), group in sorted(groups.items())
    ]
