"""Where a record stood first: what is sent on or sent again keeps the version it had there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

Sending = tuple[int, int, bytes]
"""(partition, offset, mark) of an event's first place and of which sending of it is meant.

The mark is empty for the first and the content of the header MARK for one out of a dead letter.
"""

_HEADER = "floorcast-origin-"
_MARK = "floorcast-resubmitted"
_MOST = {"partition": 2**31, "offset": 2**63, "timestamp": 2**63}


class Placed(Protocol):
    """A record with a place; `timestamp` in milliseconds."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class First(NamedTuple):
    """A record's first place and log time (ms, negative when unknown), and its sending."""

    partition: int
    offset: int
    timestamp: int
    mark: bytes

    @property
    def sending(self) -> Sending:
        """What a dead letter of this record names."""
        return self.partition, self.offset, self.mark


def first_place(record: Placed) -> First:
    """The place that a record's headers name when they name one in full, else its own."""
    said = dict(record.headers)
    mark = said.get(_MARK) or b""
    try:
        said[_HEADER + "topic"].decode()
        partition, offset, stamp = (int(said[_HEADER + name]) for name in _MOST)
    except (KeyError, ValueError, TypeError, AttributeError):
        return First(record.partition, record.offset, record.timestamp, mark)
    within = all(
        n < most for n, most in zip((partition, offset, stamp), _MOST.values(), strict=True)
    )
    if not within or min(partition, offset, stamp + 1) < 0:
        return First(record.partition, record.offset, record.timestamp, mark)
    return First(partition, offset, stamp, mark)
