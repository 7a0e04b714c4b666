"""Versions: what contributions start with, so that of two the larger bytes are the later one.

    call, survey, visit   revision | origin timestamp ms u44 | origin offset u44
    deal                  number of events | highest revision | the same origin

A number here is how many bytes it takes, u8, and these bytes, without leading zeros: that orders as
the numbers do, and the revision 0 of nearly every event is one byte of the many a floor holds.
"""

from __future__ import annotations

ORIGIN_BYTES = 11
OFFSET_BITS = 44
"""An offset beyond them, after five years at 100,000 records a second, counts as time."""
MOST_STAMP_MS = 2**44 - 1
_MOST_OFFSET = 2**OFFSET_BITS - 1


def number_bytes(value: int) -> bytes:
    """A number from 0 to 2**64 - 1 as a version holds it."""
    size = (value.bit_length() + 7) >> 3
    return bytes((size,)) + value.to_bytes(size, "big")


def read_number(data: bytes, at: int = 0) -> tuple[int, int]:
    """(the number that stands at `at`, where it ends)."""
    end = at + 1 + data[at]
    return int.from_bytes(data[at + 1 : end], "big"), end


def origin_bytes(stamp_ms: int, offset: int) -> bytes:
    """Timestamp and offset of a record as a version holds them.

    A record without a timestamp (negative) counts as from 1970, and one from beyond the year 2527
    as from then.
    """
    stamp_ms = min(max(stamp_ms, 0), MOST_STAMP_MS)
    return (stamp_ms << OFFSET_BITS | offset).to_bytes(ORIGIN_BYTES, "big")


def read_origin(data: bytes, at: int) -> tuple[int, int]:
    """(timestamp ms, offset) that stand at `at`."""
    both = int.from_bytes(data[at : at + ORIGIN_BYTES], "big")
    return both >> OFFSET_BITS, both & _MOST_OFFSET
