"""Laws of local days in every time zone, above all at the moments when clocks change."""

import random
import struct
import zoneinfo
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.calendar import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Shift,
    Zone,
    date_of,
    day_number,
    shift_at,
    zone_names,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FROM_MS = day_number(date(1999, 1, 1)) * DAY_MS
UNTIL_MS = day_number(date(2031, 1, 1)) * DAY_MS
NAMES = sorted(zone_names())
HARD = (
    "Africa/Casablanca",  # sets its clock back for Ramadan
    "America/Havana",  # changes at midnight
    "America/Sao_Paulo",  # a day that began at 01:00
    "America/St_Johns",  # changed at 00:01 until 2011
    "Antarctica/Casey",  # set back by three hours at 02:00
    "Asia/Kathmandu",
    "Asia/Pyongyang",  # half an hour, twice
    "Asia/Shanghai",
    "Australia/Lord_Howe",  # summer time of half an hour
    "Europe/London",
    "Pacific/Apia",  # had no 2011-12-30
    "Pacific/Chatham",
)
instants = st.integers(FROM_MS, UNTIL_MS - 1)
zones = st.sampled_from(NAMES).map(Zone) | st.sampled_from(HARD).map(Zone)


@pytest.fixture(autouse=True, scope="module")
def _rules_of_the_package() -> Iterator[None]:
    """Compare with the `tzdata` package, not with the machine's own, maybe older, rules."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


def listed(name: str) -> list[int]:
    """The instants in ms of the changes that a zone's file lists (RFC 8536, version 2)."""
    content = resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    head = struct.Struct(">4s1s15x6l")
    isut, isstd, leaps, times, types, chars = head.unpack_from(content)[2:]
    second = head.size + times * 5 + types * 6 + chars + leaps * 8 + isstd + isut
    count = head.unpack_from(content, second)[5]
    return [at * 1000 for at in struct.unpack_from(f">{count}q", content, second + head.size)]


def ruled(name: str, from_ms: int) -> Iterator[int]:
    """The changes after the listed ones, by the rule for all later years, until UNTIL_MS."""
    info = zoneinfo.ZoneInfo(name)

    def offset(at_ms: int) -> timedelta | None:
        return (EPOCH + timedelta(milliseconds=at_ms)).astimezone(info).utcoffset()

    for start in range(from_ms, UNTIL_MS, 7 * DAY_MS):  # rules change months apart
        low, high = start, start + 7 * DAY_MS
        if offset(low) != (after := offset(high)):
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if offset(middle) == after else (middle, high)
            yield high


@cache
def changes(name: str) -> tuple[int, ...]:
    """Every change of a zone's clock from shortly before FROM_MS until UNTIL_MS."""
    start = FROM_MS - 7 * DAY_MS
    known = listed(name)
    later = ruled(name, max([start, *known[-1:]]))
    return tuple(sorted({at for at in (*known, *later) if start <= at < UNTIL_MS}))


def date_shown(info: tzinfo, at_ms: int) -> date:
    return (EPOCH + timedelta(milliseconds=at_ms)).astimezone(info).date()


def near_changes(name: str) -> Iterator[int]:
    """Instants in every hour that holds a change, and on both sides of its ends."""
    for change in changes(name):
        hour = change // HOUR_MS * HOUR_MS
        yield from (hour - 1, hour, change - 1, change, hour + HOUR_MS - 1, hour + HOUR_MS)


def latest_day_reached(zone: Zone, at_ms: int) -> int:
    """The latest date that the clock has shown up to an instant."""
    known = changes(zone.name)
    last = known[: bisect_right(known, at_ms)][-2:]
    return max([zone.day_of(at_ms), *(zone.day_of(change - 1) for change in last)])


def test_every_zone_that_python_knows_is_one_of_ours() -> None:
    assert set(NAMES) == zoneinfo.available_timezones()


@pytest.mark.parametrize("part", range(4))
def test_a_day_is_the_date_that_the_clock_shows_at_every_change_of_every_zone(part: int) -> None:
    for name in NAMES[part::4]:
        zone, info = Zone(name), zoneinfo.ZoneInfo(name)
        for at_ms in near_changes(name):
            assert date_of(zone.day_of(at_ms)) == date_shown(info, at_ms), (name, at_ms)


@given(zones, instants)
def test_a_day_is_the_date_that_the_clock_shows_at_any_instant(zone: Zone, at_ms: int) -> None:
    assert date_of(zone.day_of(at_ms)) == date_shown(zoneinfo.ZoneInfo(zone.name), at_ms)


@given(st.sampled_from(NAMES), st.lists(instants, min_size=1), st.randoms(use_true_random=False))
def test_the_cache_never_changes_an_answer(
    name: str, some: list[int], shuffler: random.Random
) -> None:
    asked = [at for instant in some for at in (instant, instant // HOUR_MS * HOUR_MS)]
    hard = list(near_changes(name))
    asked += shuffler.sample(hard, min(20, len(hard)))
    shuffler.shuffle(asked)
    warm = Zone(name)
    for at_ms in asked + asked:
        hour = at_ms // HOUR_MS
        fresh = Zone(name).fill(at_ms)
        assert warm.offset_ms(at_ms) == fresh
        assert warm.hours.get(hour, fresh) == fresh


@pytest.mark.parametrize("name", HARD)
def test_only_hours_without_a_change_are_cached(name: str) -> None:
    zone = Zone(name)
    moved = set()
    for at_ms in near_changes(name):
        zone.offset_ms(at_ms)
        if zone.offset_ms(at_ms) != zone.offset_ms(at_ms - 1):
            moved.add(at_ms // HOUR_MS)
    inside = {at // HOUR_MS for at in changes(name) if at % HOUR_MS}
    assert not moved & inside & zone.hours.keys()


def test_no_zone_changes_its_offset_twice_within_an_hour_since_1970() -> None:
    for name in NAMES:
        hours = [at // HOUR_MS for at in {*listed(name), *changes(name)} if at >= 0]
        assert len(hours) == len(set(hours)), name


@pytest.mark.parametrize("part", range(4))
def test_every_instant_near_a_change_lies_in_exactly_one_day(part: int) -> None:
    for name in NAMES[part::4]:
        zone = Zone(name)
        # All changes of the hard zones, five of every other one.
        known = changes(name) if name in HARD else changes(name)[:3] + changes(name)[-2:]
        for change in known:
            for at_ms in (change - 1, change):
                day = latest_day_reached(zone, at_ms)
                bounds = {d: zone.day_bounds(d) for d in range(day - 2, day + 3)}
                holding = [d for d, (start, end) in bounds.items() if start <= at_ms < end]
                assert holding == [day], (name, at_ms)


@given(zones, instants)
def test_days_tile_time_without_gap_or_overlap(zone: Zone, at_ms: int) -> None:
    day = zone.day_of(at_ms)
    bounds = [zone.day_bounds(d) for d in range(day - 2, day + 3)]
    assert all(start <= end for start, end in bounds)
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]
    start, end = zone.day_bounds(latest_day_reached(zone, at_ms))
    assert start <= at_ms < end


@given(zones, instants)
def test_a_day_begins_when_its_date_is_first_shown(zone: Zone, at_ms: int) -> None:
    day = zone.day_of(at_ms)
    start, end = zone.day_bounds(day)
    assert zone.day_of(start) == day
    assert zone.day_of(start - 1) < day
    assert zone.day_of(end) > day
    assert 20 * HOUR_MS <= end - start <= 28 * HOUR_MS


@pytest.mark.parametrize("name", HARD)
def test_a_night_shift_holds_every_instant_between_its_wall_clock_ends(name: str) -> None:
    """Walk over the nights at each change of the clock, quarter of an hour by quarter."""
    zone = Zone(name)
    night = [Shift("night", 22 * 60, 30 * 60)]
    for change in changes(name)[:: 1 if name == "Pacific/Apia" else 4]:
        day = zone.day_of(change)
        for evening in (day - 1, day):
            start_ms = zone.first_at(evening * DAY_MS + 22 * HOUR_MS)
            end_ms = zone.first_at(evening * DAY_MS + 30 * HOUR_MS)
            this = ("night", start_ms, end_ms)
            for at_ms in range(start_ms, end_ms, 15 * MINUTE_MS):
                assert shift_at(zone, night, at_ms) == this
            assert shift_at(zone, night, start_ms - 1) != this
            assert shift_at(zone, night, end_ms) != this
