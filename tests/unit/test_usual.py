"""What is usual for a rep: the working days before today, and no others."""

from streams.core.calendar import DAY_MS as DAY
from streams.core.intake import apply_slice
from streams.core.showing import Showing
from streams.core.snapshot import RepSnapshot
from tests.builders import DAY_MS, NOON_MS, call, record
from tests.unit.test_showing import board_of, written


def shot(*days_back: int) -> tuple[Showing, RepSnapshot]:
    """A rep's snapshot at noon, with one call at 11:59 on each of these days before it."""
    calls = [
        {"call_id": f"c{number}", "at_ms": NOON_MS - back * DAY_MS - 60_000}
        for number, back in enumerate(days_back)
    ]
    showing = Showing(written(board_of(*calls)))
    (found,), _ = showing.refresh(NOON_MS, 1, 50)
    return showing, found


def test_today_is_not_usual_and_days_without_work_are_left_out() -> None:
    _, found = shot(0, 1, 3)

    assert found.usual is not None
    assert len(found.usual.days) == 2
    assert found.usual.tally.contacts == sum(day.contacts for day in found.usual.days) == 2
    assert [day.date for day in found.usual.days] == sorted(day.date for day in found.usual.days)


def test_no_more_than_twenty_days_and_none_beyond_sixty_are_looked_back_on() -> None:
    _, found = shot(*range(40))
    assert found.usual is not None
    assert len(found.usual.days) == 20

    _, found = shot(0, 61)
    assert found.usual is None


def test_a_late_event_changes_what_is_usual_and_todays_does_not() -> None:
    showing, found = shot(0, 1)
    late = call(call_id="late", at_ms=NOON_MS - 5 * DAY)
    apply_slice(showing.board, "call-ended", [record("call-ended", late, 90)], {})
    (after,), _ = showing.refresh(NOON_MS + 1, 2, 50)

    assert found.usual is not None
    assert after.usual is not None
    assert (len(found.usual.days), len(after.usual.days)) == (1, 2)


def test_the_line_of_the_day_holds_todays_contacts() -> None:
    _, found = shot(0, 1)
    assert found.line is not None
    assert sum(found.line.contacts) == found.windows["today"].contacts == 1
