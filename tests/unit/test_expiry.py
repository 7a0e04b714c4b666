"""Days that are no longer kept: what goes, when, and what does not."""

from __future__ import annotations

from streams.core.expiry import Expired, Expiry
from streams.core.intake import apply_slice
from streams.core.plan import Plan
from streams.core.scoreboard import Scoreboard
from streams.engine.stores import MemorySegments
from tests.builders import DAY_MS, NOON_MS, call, record

TODAY = NOON_MS // DAY_MS
KEPT = 5


def board_with_days(*days: int, written: bool = True) -> Scoreboard:
    """A board that keeps five days, with one call on each of these days of the past."""
    board = Scoreboard(0, 1, Plan.empty("UTC"), MemorySegments(), KEPT)
    board.new_writer(b"w" * 8)
    board.recovered()
    for offset, ago in enumerate(days):
        one = call(call_id=f"c{ago}", at_ms=NOON_MS - ago * DAY_MS)
        apply_slice(board, "call-ended", [record("call-ended", one, offset)], {})
    if written:
        write(board)
    return board


def write(board: Scoreboard) -> None:
    segments, totals = board.take()
    board.store.write([*segments, *totals], board.store.offset() + len(segments))
    board.evict()


def days_of(found: list[Expired]) -> list[int]:
    return [TODAY - one.day for one in found]


def test_a_day_goes_when_newer_events_have_moved_on() -> None:
    board = board_with_days(7, 5, 3)
    assert Expiry(board).find(TODAY, 10) == []
    board = board_with_days(9, 8, 6, 4, 0)
    expiry = Expiry(board)
    found = expiry.find(TODAY, 10)
    assert days_of(found) == [9, 8, 6]
    (rep,) = board.reps.values()
    board.store.write(expiry.forget(found), board.store.offset())
    assert rep.history.whole_months(0, TODAY + 31).cell == sum(
        rep.history.day(TODAY - ago).cell for ago in (4, 0)
    )
    assert expiry.find(TODAY, 10) == []


def test_one_event_from_the_future_removes_nothing_that_the_clock_still_keeps() -> None:
    board = board_with_days(4, 3, 0, -300)
    expiry = Expiry(board)
    assert expiry.find(TODAY, 10) == []
    assert days_of(expiry.find(TODAY + 1, 10)) == [4]


def test_a_step_finds_no_more_than_it_is_asked_for_and_goes_on() -> None:
    board = board_with_days(9, 8, 7, 0)
    expiry = Expiry(board)
    first = expiry.find(TODAY, 2)
    board.store.write(expiry.forget(first), board.store.offset())
    assert days_of(first) == [9, 8]
    assert days_of(expiry.find(TODAY, 2)) == [7]


def test_a_day_that_is_not_written_yet_goes_with_a_later_commit() -> None:
    board = board_with_days(9, 0, written=False)
    expiry = Expiry(board)
    assert expiry.find(TODAY, 10) == []
    write(board)
    assert days_of(expiry.find(TODAY, 10)) == [9]
