"""Segments: how contributions are stored, in Kafka and on disk.

A group of contributions (a rep's local day, or a deal) is stored as segments of up to `SEGMENT`
contributions. A segment's key holds its *writer*, a random id new for every process and
assignment, so an owner only ever overwrites what it wrote itself; reading merges the segments of
all writers, and per entity the larger contribution holds. Three rules make late and lost writes
harmless, and every one of them is needed:

- only the open segment is written again, and it only grows;
- an entity stays in the segment it entered: a newer version of one that is in a closed segment goes
  to the open one, the older stays where it is and loses when both are read;
- a number is never used for a second segment.

    key    length of owner u16 | owner | local day u32 | writer 8 bytes | number u32    (big-endian)
    value  state version u8 | { length of contribution u32 | length of entity key u16 | both } ...
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping

from streams.core.errors import StateVersionMismatch

STATE_VERSION = 1
SEGMENT = 32
"""Contributions in a segment: the most that one event makes a commit write again."""
BIG = 4096
"""Bytes from which a contribution begins a segment, to keep records far below Kafka's limit."""
WRITER_BYTES = 8

_OWNER = struct.Struct(">H")
_DAY = struct.Struct(">I")
_TAIL = struct.Struct(">I8sI")
_ITEM = struct.Struct(">IH")
_VERSION = bytes([STATE_VERSION])
_TOTAL = b"T"  # no owner is 21,504 bytes long, so no segment's key starts with it


def day_prefix(owner: bytes, day: int) -> bytes:
    """What the keys of all segments of an owner's day start with."""
    return _OWNER.pack(len(owner)) + owner + _DAY.pack(day)


def segment_key(owner: bytes, day: int, writer: bytes, number: int) -> bytes:
    """The key of one segment."""
    return _OWNER.pack(len(owner)) + owner + _TAIL.pack(day, writer, number)


def parse_segment_key(key: bytes) -> tuple[bytes, int, bytes, int]:
    """(owner, day, writer, number) of a segment's key."""
    end = 2 + _OWNER.unpack_from(key)[0]
    day, writer, number = _TAIL.unpack_from(key, end)
    return key[2:end], day, writer, number


def total_key(owner: bytes, day: int) -> bytes:
    """The key under which the local store caches an owner's day total; never in the changelog."""
    return _TOTAL + day_prefix(owner, day)


def total_key_of(key: bytes) -> bytes:
    """The key of the cached day total that a segment belongs to."""
    return _TOTAL + key[: 6 + _OWNER.unpack_from(key)[0]]


TOTALS_PREFIX = _TOTAL


def totals_prefix(owner: bytes) -> bytes:
    """What the keys of all cached totals of an owner start with."""
    return _TOTAL + _OWNER.pack(len(owner)) + owner


def owner_of_total(key: bytes) -> bytes:
    """`totals_prefix` of the owner whose cached total this is the key of."""
    return key[: -_DAY.size]


def parse_total_key(key: bytes) -> tuple[bytes, int]:
    """(owner, day) of a cached total's key."""
    end = 3 + _OWNER.unpack_from(key, 1)[0]
    return key[3:end], _DAY.unpack_from(key, end)[0]


def encode_segment(keys: Iterable[bytes], entities: Mapping[bytes, bytes]) -> bytes:
    """The value of a segment holding these entities' contributions, of those given."""
    pack = _ITEM.pack
    parts = [_VERSION]
    for key in keys:
        contribution = entities[key]
        parts += (pack(len(contribution), len(key)), contribution, key)
    return b"".join(parts)


def split_segment(value: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The (entity key, contribution) pairs of a segment; raises StateVersionMismatch."""
    if value[0] != STATE_VERSION:
        raise StateVersionMismatch(value[0], STATE_VERSION)
    at, end, unpack = 1, len(value), _ITEM.unpack_from
    while at < end:
        size, key_size = unpack(value, at)
        middle = at + 6 + size
        yield value[middle : middle + key_size], value[at + 6 : middle]
        at = middle + key_size


class Group:
    """Contributions of one owner and day, and which of them still have to be written.

    `entities` holds the winner per entity in order of first arrival. `open` names what is in the
    open segment: what it held when it was last written, and what came since, perhaps repeated. A
    list, because every event adds to it.
    """

    __slots__ = ("entities", "number", "open", "sealed")

    def __init__(self) -> None:
        self.entities: dict[bytes, bytes] = {}
        self.open: list[bytes] = []
        self.number = 0
        self.sealed: tuple[tuple[int, dict[bytes, bytes]], ...] = ()

    def seal(self) -> None:
        """Close the open segment: it is written once more and never grows again."""
        if self.open:
            # As they are now: should one of them grow large yet, this segment must not.
            self.sealed += ((self.number, {key: self.entities[key] for key in self.open}),)
            self.open = []
            self.number += 1

    def enter(self, key: bytes, contribution: bytes) -> None:
        """Put a winner, which is in `entities`, into the open segment."""
        if len(contribution) > BIG and key not in self.open:
            self.seal()
        self.open.append(key)

    def take(self, owner: bytes, day: int, writer: bytes) -> list[tuple[bytes, bytes]]:
        """The segments to write now; those that filled up are closed."""
        out = [
            (segment_key(owner, day, writer, number), encode_segment(items, items))
            for number, items in self.sealed
        ]
        self.sealed = ()
        # One commit of a live floor has one event for most days that changed: nothing to sort out.
        keys = self.open if len(self.open) == 1 else list(dict.fromkeys(self.open))
        for at in range(0, len(keys), SEGMENT):
            piece = keys[at : at + SEGMENT]
            segment = encode_segment(piece, self.entities)
            out.append((segment_key(owner, day, writer, self.number), segment))
            if len(piece) == SEGMENT:
                self.number += 1
        self.open = keys[len(keys) - len(keys) % SEGMENT :]
        return out

    def resume(self, stored: Iterable[tuple[bytes, bytes]], writer: bytes) -> None:
        """Go on where `writer` stopped; `stored` are the group's segments, those of others too.

        Its last segment is opened again while it has room. Otherwise each event of a day that was
        let go in between would make a record of its own.
        """
        own: dict[int, bytes] = {}
        for key, segment in stored:
            _, _, whose, number = parse_segment_key(key)
            if whose == writer:
                own[number] = segment
        if not own:
            return
        self.number = max(own)
        held = dict(split_segment(own[self.number]))
        if len(held) >= SEGMENT or any(len(value) > BIG for value in held.values()):
            self.number += 1
        else:
            self.open = list(held)

    def new_writer(self, unwritten: bool) -> None:
        """Start segments anew under another writer; `unwritten`: the open one holds news."""
        if unwritten:
            self.open = [key for _, items in self.sealed for key in items] + self.open
            self.sealed = ()
        else:
            self.open = []
        self.number = 0
