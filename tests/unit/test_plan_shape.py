"""A plan's shape holds what may have been counted already, and nothing of tomorrow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.calendar import DAY_MS, HOUR_MS, MINUTE_MS
from streams.core.plan import Plan, parse_plan
from streams.core.plan_shape import (
    PlanShape,
    days_begun,
    kept_from,
    plan_changes,
    shape_at,
    shape_over,
)

DETAIL_DAYS = 400


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOW = at("2026-11-23T20:30")  # 15:30 in New York, 04:30 of the 24th in Shanghai

SITES = """
[sites.us]
zone = "America/New_York"
[sites.cn]
zone = "Asia/Shanghai"
[teams.u1]
site = "us"
[teams.u2]
site = "us"
[teams.c]
site = "cn"
[dispositions]
SALE = ["positive"]
"""


def plan(roster: str = "", sites: str = SITES, zone: str = "UTC") -> Plan:
    return parse_plan(sites + roster, zone)


def entry(rep: str, team: str, **dates: str) -> str:
    lines = [f'rep = "{rep}"', f'team = "{team}"', *(f"{k[:-1]} = {v}" for k, v in dates.items())]
    return "\n[[roster]]\n" + "\n".join(lines) + "\n"


def changes(before: Plan, after: Plan, now_ms: int = NOW, later_ms: int | None = None) -> list[str]:
    """What differs of what `before` may have counted by `now_ms`, looked at when `after` comes."""
    stored = shape_at(before, now_ms, DETAIL_DAYS)
    found = shape_over(after, stored.first_day, stored.upto_ms)
    return plan_changes(stored, found, kept_from(later_ms or now_ms, DETAIL_DAYS))


def test_what_begins_tomorrow_where_it_happens_changes_nothing() -> None:
    before = plan(entry("ana", "u1"))
    moved = entry("ana", "u1", until_="2026-11-24") + entry("ana", "c", from_="2026-11-25")
    hired = entry("ana", "u1") + entry("bo", "u2", from_="2026-11-24")
    left = entry("ana", "u1", until_="2026-11-24")
    for after in (moved, hired, left):
        assert changes(before, plan(after)) == []


@pytest.mark.parametrize(
    "after",
    [
        entry("ana", "u1", until_="2026-11-23"),
        entry("ana", "u1", until_="2025-11-23"),
        entry("ana", "u1") + entry("bo", "u2", from_="2026-11-23"),
        # In Shanghai the 24th is under way, and a move there takes place when it begins there.
        entry("ana", "u1", until_="2026-11-24") + entry("ana", "c", from_="2026-11-24"),
        entry("ana", "c"),
        "",
    ],
)
def test_what_changes_a_day_that_has_begun_is_told(after: str) -> None:
    (told,) = changes(plan(entry("ana", "u1")), plan(after))
    assert told.startswith("the roster says something else")


def test_a_day_counts_as_begun_ten_minutes_ahead() -> None:
    before, after = plan(entry("ana", "u1")), plan(entry("ana", "u1", until_="2026-11-24"))
    midnight = at("2026-11-24T05:00")
    assert changes(before, after, midnight - 11 * MINUTE_MS) == []
    assert changes(before, after, midnight - 10 * MINUTE_MS) != []


def test_moves_within_a_zone_labels_and_shifts_change_nothing() -> None:
    before = plan(entry("ana", "u1"))
    after = plan(
        entry("ana", "u2"),
        SITES.replace('[teams.u2]\nsite = "us"', '[teams.u2]\nsite = "us"\nname = "Two"'),
    )
    assert changes(before, after) == []


def test_flags_reversals_and_zones_are_told() -> None:
    before = plan()
    assert changes(before, plan(sites=SITES.replace('"positive"', '"negative"'))) == [
        "dispositions have other flags"
    ]
    assert changes(before, plan('[deals]\nreversals = "contra"\n')) == [
        "deals.reversals is contra, it was restate"
    ]
    assert changes(before, plan(zone="Asia/Tokyo")) == [
        "the zone of whoever the plan does not place is Asia/Tokyo, it was UTC"
    ]
    moved = SITES.replace("America/New_York", "America/Chicago")
    assert len(changes(plan(entry("ana", "u1")), plan(entry("ana", "u1"), moved))) == 1


@settings(max_examples=40)
@given(days=st.integers(0, 900), minutes=st.integers(0, 1439))
def test_the_passing_of_time_changes_nothing(days: int, minutes: int) -> None:
    same = plan(entry("ana", "u1", until_="2026-11-29") + entry("ana", "c", from_="2026-11-29"))
    later_ms = NOW + days * DAY_MS + minutes * MINUTE_MS
    assert changes(same, same, NOW, later_ms) == []
    # Nor does moving the record on: what it says of the days before is still the same.
    again = shape_at(same, later_ms, DETAIL_DAYS)
    assert plan_changes(again, shape_over(same, again.first_day, again.upto_ms), 0) == []


def shifted(shape: PlanShape, zone: str, day: int, by_ms: int) -> PlanShape:
    """The shape had that zone's rules said something else from a day on."""
    runs = [run for run in shape.zones[zone] if run[0] < day]
    runs.append((day, runs[-1][1] + by_ms))
    return PlanShape(
        **{name: getattr(shape, name) for name in shape.__struct_fields__ if name != "zones"},
        zones=shape.zones | {zone: runs},
    )


def test_a_corrected_rule_of_kept_days_is_told() -> None:
    stored = shape_at(plan(entry("ana", "u1")), NOW, DETAIL_DAYS)
    first = kept_from(NOW, DETAIL_DAYS)
    assert stored.first_day == first
    corrected = shifted(stored, "America/New_York", first + 100, HOUR_MS)
    (told,) = plan_changes(stored, corrected, first)
    assert "America/New_York" in told


def test_a_rule_that_differed_only_before_the_kept_days_is_not_told() -> None:
    shape = shape_at(plan(), NOW, DETAIL_DAYS)
    runs = [(shape.first_day, -HOUR_MS), (shape.first_day + 10, 0)]
    other = PlanShape(
        **{name: getattr(shape, name) for name in shape.__struct_fields__ if name != "zones"},
        zones={"UTC": runs},
    )
    assert plan_changes(other, shape, shape.first_day) != []
    assert plan_changes(other, shape, shape.first_day + 9) != []
    assert plan_changes(other, shape, shape.first_day + 10) == []


def test_each_zone_has_days_of_its_own() -> None:
    begun = days_begun(plan(entry("ana", "u1") + entry("li", "c")), NOW)
    assert begun["Asia/Shanghai"] == begun["America/New_York"] + 1 == begun["UTC"] + 1
