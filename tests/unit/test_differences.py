"""What a rebuild changes is told per KPI of the floor, and by the rep-days that moved most."""

from __future__ import annotations

from streams.core.calendar import date_of, day_number
from streams.core.changelog import ChangelogReader
from streams.core.differences import MOST, differences
from streams.core.events import CALL_ENDED
from streams.core.intake import apply_slice
from streams.core.plan import parse_plan
from streams.core.rep_day import RepDay
from streams.core.scoreboard import Scoreboard
from streams.engine.stores import MemorySegments
from tests.builders import DAY_MS, NOON_MS, call, record

DAY = NOON_MS // DAY_MS
RepDays = dict[tuple[str, int], RepDay]


def counted(plan: str, *events: dict[str, object]) -> RepDays:
    """Rep-days of these calls under a plan."""
    board = Scoreboard(0, 1, parse_plan(plan, "UTC"), MemorySegments())
    board.new_writer(bytes(8))
    records = [record(CALL_ENDED, event, n) for n, event in enumerate(events)]
    assert not apply_slice(board, CALL_ENDED, records, {CALL_ENDED: CALL_ENDED}).dead
    reader = ChangelogReader()
    for key, segment in board.take()[0]:
        reader.add(0, key, segment)
    return reader.rep_days


def calls(rep: str, count: int, at_ms: int = NOON_MS) -> list[dict[str, object]]:
    return [
        call(rep_id=rep, at_ms=at_ms + n, call_id=f"{rep}-{at_ms}-{n}", disposition="SALE")
        for n in range(count)
    ]


CONTACT = '[dispositions]\nSALE = ["positive"]\n'
NONE = "[dispositions]\nSALE = []\n"


def test_the_same_state_differs_in_nothing() -> None:
    state = counted(CONTACT, *calls("ana", 3))
    found = differences(state, state, 0)
    assert (found.rep_days, found.differing) == (1, 0)
    assert not (found.kpis or found.most)
    assert "Dials" in found.same
    empty = differences({}, {}, 0)
    assert (empty.rep_days, empty.differing) == (0, 0)


def test_what_flags_change_is_told_by_kpi_and_by_rep_day() -> None:
    events = [*calls("ana", 3), *calls("bo", 1)]
    found = differences(counted(CONTACT, *events), counted(NONE, *events), 0)
    kpis = {kpi.name: (kpi.before, kpi.after) for kpi in found.kpis}
    wanted = {"contacts": (4, 0), "contact_rate": (1.0, 0.0), "conversion": (0.0, None)}
    assert kpis.items() >= wanted.items()
    assert "dials" not in kpis
    assert "Dials" in found.same
    assert (found.rep_days, found.differing) == (2, 2)
    assert {day.rep_id for day in found.most} == {"ana", "bo"}
    assert found.most[0].changed["contacts"][1] == 0


def test_a_day_that_only_one_side_has_counts_as_moved_whole() -> None:
    one = counted(CONTACT, *calls("ana", 2))
    found = differences(one, {}, 0)
    (day,) = found.most
    assert day.date == date_of(DAY).isoformat()
    assert day.changed["dials"] == (2, 0)


def test_days_that_are_not_kept_are_not_compared() -> None:
    early = counted(CONTACT, *calls("ana", 2, NOON_MS - 5 * DAY_MS), *calls("ana", 1))
    found = differences(early, {}, DAY - 1)
    assert (found.rep_days, found.first_date) == (1, date_of(DAY).isoformat())
    assert day_number(date_of(DAY)) == DAY


def test_the_list_is_bounded_and_begins_with_what_moved_most() -> None:
    before = counted(CONTACT, *(one for n in range(MOST + 5) for one in calls(f"rep-{n}", 1)))
    after = counted(CONTACT, *(one for n in range(MOST + 5) for one in calls(f"rep-{n}", 2)))
    after.pop(("rep-3", DAY))
    found = differences(before, after, 0)
    assert len(found.most) == MOST
    assert found.differing == MOST + 5
    assert found.most[0].rep_id == "rep-3"
