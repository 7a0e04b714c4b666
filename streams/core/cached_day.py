"""What the local store caches of a rep-day, so that its contributions need not be read for it.

Never in the changelog, and never the truth: it can be made again from the segments.
"""

from __future__ import annotations

from msgspec import msgpack

from streams.core.lanes import LANES
from streams.core.tally import Total

STALE = b""
"""Stands for what a day caches while its segments have changed since."""

_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(tuple[bytes, list[tuple[str, str, int, int]], str]).decode


def encode_day(total: Total, team_id: str) -> bytes:
    """A day's total, and the team its contributions name; empty when none, or when nobody asks."""
    cell = total.cell.to_bytes(LANES.size, "little").rstrip(b"\0")
    return _encode((cell, [(*key, *pair) for key, pair in total.money.items()], team_id))


def decode_day(value: bytes) -> tuple[Total, str]:
    """(total, team) of what `encode_day` wrote."""
    cell, money, team_id = _decode(value)
    return Total(int.from_bytes(cell, "little"), {(c, p): (g, r) for c, p, g, r in money}), team_id
