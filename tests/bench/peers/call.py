"""The three fields of a call that peers count, and what they count of it.

Decoding three fields of twenty is less than floorcast does: it validates them all. The difference
is in the peers' favour.
"""

from __future__ import annotations

import msgspec

Counts = tuple[int, int, int]
"""Calls, answered calls, talk time in ms."""

NONE: Counts = (0, 0, 0)


class Call(msgspec.Struct, gc=False):
    """A `call-ended` event as far as it is counted."""

    rep_id: str
    result: str
    talk_ms: int


decode = msgspec.json.Decoder(Call).decode


def delta(call: Call) -> Counts:
    """What one call adds."""
    return 1, call.result == "answered", call.talk_ms


def add(old: Counts, new: Counts) -> Counts:
    """The sum of two counts."""
    return old[0] + new[0], old[1] + new[1], old[2] + new[2]
