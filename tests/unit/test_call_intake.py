"""The calls' loop against the codec: both must take and refuse the same records."""

from __future__ import annotations

import pytest

from streams.core.call_intake import apply_calls
from streams.core.codec import LATEST_MS
from streams.core.events import CALL_ENDED
from streams.core.outcome import Applied
from streams.core.plan import Plan
from streams.core.scoreboard import Scoreboard
from streams.engine.stores import MemorySegments
from tests.unit.records import AT_MS, Record, body


@pytest.mark.parametrize(
    "logged_ms", [LATEST_MS, LATEST_MS - 1, 2**62, -1], ids=["2100", "just before", "wild", "none"]
)
def test_a_wild_record_timestamp_lets_no_wild_event_through(logged_ms: int) -> None:
    board = Scoreboard(0, 1, Plan.empty("UTC"), MemorySegments())
    values = [body(CALL_ENDED), body(CALL_ENDED, occurred_at="2100-01-01T00:00:00Z")]
    out = Applied()
    apply_calls(board, [Record(value, timestamp=logged_ms) for value in values], out)
    assert out.accepted == 1
    assert [error.code for _, error in out.dead] == ["from_the_future"]


def test_an_event_behind_its_record_counts() -> None:
    board = Scoreboard(0, 1, Plan.empty("UTC"), MemorySegments())
    out = Applied()
    apply_calls(board, [Record(body(CALL_ENDED), timestamp=AT_MS)], out)
    assert (out.accepted, out.dead) == (1, [])
