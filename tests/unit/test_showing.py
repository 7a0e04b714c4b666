"""What a partition shows, and that no rep is ever forgotten."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from streams.core.board import board_rows
from streams.core.intake import apply_slice
from streams.core.plan import Plan, parse_plan
from streams.core.scoreboard import Scoreboard
from streams.core.showing import Showing
from streams.engine.stores import MemorySegments
from tests.builders import DAY_MS, HOUR_MS, NOON_MS, call, record


class Broken(MemorySegments):
    """A store that fails while it is told to."""

    broken = False

    def get(self, key: bytes) -> bytes | None:
        if self.broken:
            raise OSError("the disk is away")
        return super().get(key)


def board_of(*calls: Mapping[str, object], plan: Plan | None = None) -> Scoreboard:
    board = Scoreboard(0, 1, plan or Plan.empty("UTC"), Broken())
    board.new_writer(b"w" * 8)
    board.recovered()
    for offset, fields in enumerate(calls):
        apply_slice(board, "call-ended", [record("call-ended", call(**fields), offset)], {})
    return board


def written(board: Scoreboard) -> Scoreboard:
    segments, totals = board.take()
    board.store.write([*segments, *totals], len(segments) - 1)
    board.evict()
    return board


def test_a_failure_while_showing_leaves_every_rep_to_be_shown() -> None:
    board = board_of(*({"rep_id": f"r{n}", "call_id": f"c{n}"} for n in range(5)))
    showing = Showing(board)
    assert isinstance(board.store, Broken)
    board.store.broken = True
    with pytest.raises(OSError, match="disk"):
        showing.refresh(NOON_MS + 1, 1, 50)
    board.store.broken = False
    assert len(showing.refresh(NOON_MS + 2, 1, 50)[0]) == 5


def test_a_partition_is_whole_once_everybody_it_began_with_is_shown() -> None:
    board = board_of(*({"rep_id": f"r{n}", "call_id": f"c{n}"} for n in range(5)))
    showing = Showing(board)
    assert not showing.whole
    showing.refresh(NOON_MS + 1, 1, 3)
    # Somebody new, and somebody who was shown: neither holds the first ones up.
    for fields in ({"rep_id": "new", "call_id": "n"}, {"rep_id": "r0", "call_id": "m"}):
        apply_slice(board, "call-ended", [record("call-ended", call(**fields), 9)], {})
    assert not showing.whole
    assert {one.rep_id for one in showing.refresh(NOON_MS + 2, 2, 2)[0]} == {"r3", "r4"}
    assert showing.whole


def test_a_partition_without_reps_is_whole_when_it_was_looked_at() -> None:
    showing = Showing(board_of())
    assert not showing.whole
    showing.refresh(NOON_MS, 1, 50)
    assert showing.whole


def test_what_failed_to_be_shown_is_not_whole() -> None:
    board = board_of(*({"rep_id": f"r{n}", "call_id": f"c{n}"} for n in range(5)))
    showing = Showing(board)
    assert isinstance(board.store, Broken)
    board.store.broken = True
    with pytest.raises(OSError, match="disk"):
        showing.refresh(NOON_MS + 1, 1, 5)
    board.store.broken = False
    assert not showing.whole
    showing.refresh(NOON_MS + 2, 1, 4)
    assert not showing.whole
    showing.refresh(NOON_MS + 3, 1, 4)
    assert showing.whole


def test_recovery_keeps_only_the_newest_two_days() -> None:
    days = [{"call_id": f"c{n}", "at_ms": NOON_MS - n * DAY_MS} for n in range(30)]
    board = board_of(*days)
    segments, _ = board.take()
    again = Scoreboard(0, 1, Plan.empty("UTC"), MemorySegments())
    again.recover(segments, len(segments) - 1)
    again.recovered()
    assert sum(len(rep.days) for rep in again.reps.values()) == 2
    assert [rep.history.months.keys() for rep in again.reps.values()] != []


def test_a_rep_outside_the_roster_stays_in_the_last_team_that_was_named() -> None:
    board = written(board_of({"team_id": "north"}))
    showing = Showing(board)
    later = NOON_MS + 9 * DAY_MS
    apply_slice(board, "call-ended", [record("call-ended", call(rep_id="bo", at_ms=later), 7)], {})
    written(board)
    showing.show_again()
    shots, partials = showing.refresh(later + 1, 2, 50)
    assert {shot.rep_id: shot.team_id for shot in shots} == {"ana": "north", "bo": "unassigned"}
    (north,) = [part for part in partials if (part.level, part.id) == ("team", "north")]
    assert north.windows["year"].contacts == 1


def test_a_rep_that_changes_team_leaves_nothing_behind() -> None:
    text = """
    [sites.hq]
    zone = "UTC"
    [teams.north]
    site = "hq"
    [teams.south]
    site = "hq"
    [[roster]]
    rep = "ana"
    team = "north"
    until = 2026-09-25
    [[roster]]
    rep = "ana"
    team = "south"
    from = 2026-09-25
    """
    showing = Showing(board_of({}, plan=parse_plan(text, "UTC")))
    showing.refresh(NOON_MS + 1, 1, 50)
    showing.show_again()
    _, partials = showing.refresh(NOON_MS + DAY_MS, 2, 50)
    teams = {part.id: part for part in partials if part.level == "team"}
    assert {name: part.reps for name, part in teams.items()} == {"north": 0, "south": 1}
    # The day stays with the team it was worked for, and the floor has it once.
    assert (teams["north"].windows["month"].contacts, teams["south"].windows["today"].contacts) == (
        1,
        0,
    )
    (site,) = [part for part in partials if part.level == "site"]
    assert site.windows["month"].contacts == 1
    (shot,), _ = showing.refresh(NOON_MS + DAY_MS + 16 * 60_000, 2, 50)
    board = board_rows([shot], "month", NOON_MS + DAY_MS)
    contacts = {team.id: (team.reps, team.kpis["contacts"].value) for team in board.teams}
    assert contacts == {"north": (0, 1), "south": (1, 0)}
    assert board.floor is not None
    assert board.floor.kpis["contacts"].value == 1


def test_the_shift_window_appears_when_the_shift_starts() -> None:
    text = """
    [sites.hq]
    zone = "UTC"
    shifts = [{ name = "late", start = "14:00", end = "22:00" }]
    [teams.north]
    site = "hq"
    [[roster]]
    rep = "ana"
    team = "north"
    """
    showing = Showing(board_of({"at_ms": NOON_MS - 5 * HOUR_MS}, plan=parse_plan(text, "UTC")))
    starts_ms = NOON_MS + 2 * HOUR_MS
    (before,), _ = showing.refresh(starts_ms - 1000, 1, 50)
    assert "shift" not in before.windows
    (after,), _ = showing.refresh(starts_ms, 1, 50)
    assert "shift" in after.windows
