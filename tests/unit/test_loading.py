"""After a start: today at once, longer windows when they are whole, and never half of them."""

from __future__ import annotations

from streams.core.board import board_rows
from streams.core.intake import apply_slice
from streams.core.loading import loading_steps
from streams.core.plan import Plan
from streams.core.scoreboard import Scoreboard
from streams.core.showing import Showing
from streams.core.snapshot import WINDOWS, WITHIN_A_DAY, RepSnapshot
from streams.engine.stores import MemorySegments
from tests.builders import DAY_MS, NOON_MS, call, record

REPS = ("ana", "bo", "cy")
DAYS = 30
NOW_MS = NOON_MS + 1


def floor_of_a_month() -> Scoreboard:
    board = Scoreboard(0, 1, Plan.empty("UTC"), MemorySegments())
    board.new_writer(b"w" * 8)
    board.recovered()
    records = [
        record(
            "call-ended",
            call(rep_id=rep, call_id=f"c{ago}", at_ms=NOON_MS - ago * DAY_MS, team_id="north"),
        )
        for ago in range(DAYS)
        for rep in REPS
    ]
    apply_slice(board, "call-ended", records, {})
    return board


def started_again(board: Scoreboard) -> Scoreboard:
    """Another worker, which has read the changelog and not yet the earlier days."""
    segments, _ = board.take()
    again = Scoreboard(0, 1, Plan.empty("UTC"), MemorySegments())
    again.new_writer(b"x" * 8)
    again.recover(segments, len(segments) - 1)
    for _ in again.recovery_steps():
        pass
    return again


def shots_of(board: Scoreboard, showing: Showing | None = None) -> list[RepSnapshot]:
    shown = showing or Showing(board)
    shown.show_again()
    return sorted(shown.refresh(NOW_MS, 1, 100)[0], key=lambda shot: shot.rep_id)


def test_today_is_right_before_anything_else_is_read() -> None:
    board = floor_of_a_month()
    whole = shots_of(board)
    first = shots_of(started_again(board))
    for before, after in zip(whole, first, strict=True):
        assert after.loading
        assert after.windows.keys() == {"5m", "15m", "30m", "60m", "today"} <= WITHIN_A_DAY
        assert after.windows == {name: before.windows[name] for name in after.windows}
        assert after.team_id == "north"


def test_when_all_is_read_the_snapshots_are_those_of_a_worker_that_never_stopped() -> None:
    board = floor_of_a_month()
    whole = shots_of(board)
    again = started_again(board)
    for _ in loading_steps(again):
        pass
    assert [s.windows for s in shots_of(again)] == [s.windows for s in whole]
    assert not any(shot.loading for shot in shots_of(again))


def test_no_sum_lacks_a_rep_that_is_still_read() -> None:
    again = started_again(floor_of_a_month())
    showing = Showing(again)
    showing.show_again()
    shots, partials = showing.refresh(NOW_MS, 1, 100)
    assert all(part.loading and part.windows.keys() <= WITHIN_A_DAY for part in partials)
    month = board_rows(shots, "month", NOW_MS)
    assert (month.rows, month.teams, month.floor) == ([], [], None)
    assert [(n.kind, n.count) for n in month.notices] == [("loading", len(REPS))]
    today = board_rows(shots, "today", NOW_MS)
    assert today.floor is not None
    assert today.floor.reps == len(REPS)
    assert [n.kind for n in today.notices] == []
    for _ in loading_steps(again):
        pass
    showing.show_again()
    shots, partials = showing.refresh(NOW_MS, 1, 100)
    assert all(not part.loading and "month" in part.windows for part in partials)
    floor = board_rows(shots, "month", NOW_MS).floor
    assert floor is not None
    assert floor.kpis["dials"].value == sum(s.windows["month"].dials for s in shots)


def test_late_events_that_come_while_earlier_days_are_read_count_once() -> None:
    board = floor_of_a_month()
    late = [
        record("call-ended", call(rep_id=rep, call_id="late", at_ms=NOON_MS - 9 * DAY_MS), 999)
        for rep in REPS
    ]
    again = started_again(board)
    apply_slice(board, "call-ended", late, {})
    apply_slice(again, "call-ended", late, {})
    again.settle()
    for _ in loading_steps(again):
        pass
    assert [s.windows for s in shots_of(again)] == [s.windows for s in shots_of(board)]
    assert set(WINDOWS) - {"shift"} == shots_of(again)[0].windows.keys()
