"""Lines of JSON, their order and their pace."""

from __future__ import annotations

import io

import pytest

from producers.jsonl import BadLine, line_of, read_lines, write_line
from producers.pacing import Pacer
from streams.core.clock import ManualClock


def paced(
    events: list[int], speed: float | None, *, now_ms: int = 1_000_000, never_ahead: bool = False
) -> list[int]:
    """When each event goes, by a clock that only sleeping moves."""
    clock = ManualClock(now_ms)
    pacer = Pacer(
        clock,
        lambda seconds: clock.advance(max(1, round(seconds * 1000))),
        speed,
        never_ahead=never_ahead,
    )
    gone = []
    for at_ms in events:
        pacer.wait_for(at_ms)
        gone.append(clock.now_ms())
    return gone


@pytest.mark.parametrize(
    ("events", "speed", "gone"),
    [
        ([0, 1_000, 5_000], 1, [0, 1_000, 5_000]),
        ([0, 1_000, 5_000], 10, [0, 100, 500]),
        ([0, 1_000], 0.5, [0, 2_000]),
        ([0, 1_000, 5_000], None, [0, 0, 0]),
        # A late event has been waited for already.
        ([0, 5_000, 2_000, 6_000], 1, [0, 5_000, 5_000, 6_000]),
        # The first sets the origin, whenever it was.
        ([7_000, 8_000], 1, [0, 1_000]),
    ],
)
def test_events_flow_as_they_once_did(
    events: list[int], speed: float | None, gone: list[int]
) -> None:
    assert paced(events, speed) == [1_000_000 + at for at in gone]


def test_a_backlog_goes_at_once_and_the_future_waits_for_its_time() -> None:
    # ----past----|now---- future
    events = [0, 999_000, 1_000_000, 1_003_000]
    assert paced(events, None, never_ahead=True) == [1_000_000] * 3 + [1_003_000]


def test_a_speed_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="speed must be above 0"):
        Pacer(ManualClock(), print, 0)


def test_what_is_written_is_read_back_with_its_bytes_kept() -> None:
    file = io.BytesIO()
    write_line(file, "call-ended", "r-1", {"rep_id": "r-1", "note": "ü"})
    file.write(b"\n")
    write_line(file, "deal-closed", "d-1", {"deal_id": "d-1", "share": 0.5})
    first, second = read_lines(io.BytesIO(file.getvalue()), "f")
    assert (first.number, first.event.key) == (1, "r-1")
    assert bytes(first.event.value) == '{"rep_id":"r-1","note":"ü"}'.encode()
    assert (second.number, second.event.topic) == (3, "deal-closed")
    assert second.end_byte == len(file.getvalue())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{nonsense", "JSON is malformed"),
        (b'{"topic":"call-ended","key":"r-1"}', "missing required field `value`"),
        (b'{"topic":"call-ended","key":1,"value":{}}', "Expected `str`"),
        (b'{"topic":"calls","key":"r","value":{}}', "topic: 'calls' must be one of call-ended"),
        (b'{"topic":"call-ended","key":"r","value":[]}', "value: must be an object"),
        (b'{"topic":"call-ended","key":"\xff","value":{}}', "utf-8"),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(text: bytes, said: str) -> None:
    good = line_of("call-ended", "r-1", {})
    lines = read_lines(io.BytesIO(good + text + b"\n" + good), "floor.jsonl")
    assert next(lines).number == 1
    with pytest.raises(BadLine, match=r"^floor\.jsonl, line 2: ") as raised:
        next(lines)
    assert said in str(raised.value)
