"""The state of an alert desk as records of a changelog: parts, of which all must be there.

A checkpoint is a whole state at one position. It is written in parts small enough for a record, by
its writer alternately into two places, so that one which is left half-way leaves the one before it
whole. Of several whole ones the highest position holds: all are states of the same log.

    key    c | writer 8 bytes | place u8 | part u32            a part of a checkpoint
           m | writer 8 bytes                                  up to where contacts were handed on
           a | writer 8 bytes                                  the same of what teams did
    value  position u64 | parts u32 | bytes of the state
           until ms u64
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from streams.core.segment import WRITER_BYTES

PART_BYTES = 512 * 1024
PLACES = 2

_CHECKPOINT = b"c"
HANDED_ON = (b"m", b"a")
PREFIXES = (_CHECKPOINT, *HANDED_ON)
"""What the keys of all these records start with."""
_KEY = struct.Struct(f">1s{WRITER_BYTES}sBI")
_HEAD = struct.Struct(">QI")
_UNTIL = struct.Struct(">Q")

Items = list[tuple[bytes, bytes | None]]


class Found(NamedTuple):
    """What the records of a changelog come to.

    `position` and `state` are of the newest whole checkpoint, -1 and empty when there is none;
    `handed_on_ms` is by what was handed on, one of `HANDED_ON`. `left` are keys of other writers.
    """

    position: int
    state: bytes
    handed_on_ms: Mapping[bytes, int]
    left: list[bytes]


def checkpoint_items(writer: bytes, number: int, position: int, state: bytes) -> Items:
    """The records of the writer's `number`-th checkpoint."""
    parts = range(0, max(len(state), 1), PART_BYTES)
    head = _HEAD.pack(position, len(parts))
    place = number % PLACES
    return [
        (_KEY.pack(_CHECKPOINT, writer, place, n), head + state[at : at + PART_BYTES])
        for n, at in enumerate(parts)
    ]


def handed_on_item(name: bytes, writer: bytes, until_ms: int) -> tuple[bytes, bytes]:
    """The record that says up to where this partition handed on one of `HANDED_ON`."""
    return name + writer, _UNTIL.pack(until_ms)


def find(items: Iterable[tuple[bytes, bytes]], writer: bytes) -> Found:
    """The newest state among records in any order; `writer` is who asks, and has left none."""
    handed_on_ms: dict[bytes, int] = {}
    left: list[bytes] = []
    places: dict[tuple[bytes, int], dict[int, bytes]] = {}
    for key, value in items:
        if key[1 : 1 + WRITER_BYTES] != writer:
            left.append(key)
        if (name := key[:1]) in HANDED_ON:
            handed_on_ms[name] = max(handed_on_ms.get(name, -1), _UNTIL.unpack(value)[0])
        else:
            _, who, place, part = _KEY.unpack(key)
            places.setdefault((who, place), {})[part] = value
    whole = dict(found for parts in places.values() for found in _whole(parts))
    position = max(whole, default=-1)
    return Found(position, whole.get(position, b""), handed_on_ms, left)


def _whole(parts: Mapping[int, bytes]) -> Iterator[tuple[int, bytes]]:
    """(position, state) when all parts of one position are there."""
    position, count = _HEAD.unpack_from(parts.get(0, bytes(_HEAD.size)))
    held = [parts.get(n, b"") for n in range(count)]
    head = _HEAD.pack(position, count)
    if count and all(part.startswith(head) for part in held):
        yield position, b"".join(part[_HEAD.size :] for part in held)
