"""Events as lines of JSON: `{"topic": ..., "key": ..., "value": {...}}`, in order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import msgspec
from msgspec import Raw, Struct

from streams.core.errors import PipelineError
from streams.core.events import EVENTS


class BadLine(PipelineError):
    """A line is no recorded event; says which file, which line and why."""

    def __init__(self, name: str, number: int, why: str) -> None:
        super().__init__(f"{name}, line {number}: {why}")
        self.name = name
        self.number = number
        self.why = why


class Recorded(Struct, frozen=True):
    """One line. `value` is the event's JSON text, kept as it stands."""

    topic: str
    key: str
    value: Raw


class Line(Struct, frozen=True):
    """A recorded event, its line number and the bytes of the file read so far."""

    number: int
    end_byte: int
    event: Recorded


_decode = msgspec.json.Decoder(Recorded).decode
_encode = msgspec.json.Encoder().encode


def read_lines(file: Iterable[bytes], name: str) -> Iterator[Line]:
    """The events of a file opened in binary mode; blank lines are passed over.

    Values are not judged here, so that a recorded bad event can be replayed as it was. Raises
    BadLine.
    """
    end_byte = 0
    for number, text in enumerate(file, 1):
        end_byte += len(text)
        if text.isspace():
            continue
        yield Line(number, end_byte, _recorded(text, name, number))


def line_of(topic: str, key: str, value: Mapping[str, Any]) -> bytes:
    """A line with its end."""
    return _encode({"topic": topic, "key": key, "value": value}) + b"\n"


def write_line(file: BinaryIO, topic: str, key: str, value: Mapping[str, Any]) -> None:
    """Append an event to a file opened in binary mode."""
    file.write(line_of(topic, key, value))


def _recorded(text: bytes, name: str, number: int) -> Recorded:
    try:
        event = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLine(name, number, str(error)) from error
    if event.topic not in EVENTS:
        topics = ", ".join(EVENTS)
        raise BadLine(name, number, f"topic: {event.topic!r} must be one of {topics}")
    if not bytes(event.value).startswith(b"{"):
        raise BadLine(name, number, "value: must be an object")
    return event
