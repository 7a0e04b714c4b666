"""Laws of the roster: a rep is in one place at a time, wherever in the world."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from streams.core.calendar import DAY_MS, Zone, day_number, zone_names
from streams.core.roster import Entry, Roster, Site, Team

FIRST = day_number(date(2026, 1, 1))
zones = st.sampled_from(sorted(zone_names())).map(Zone)
HOME = Site("default", Zone("UTC"))


def team(name: str, zone: Zone) -> Team:
    return Team(name, Site(f"{name}-site", zone), name)


@given(zones, zones, st.integers(0, 400), st.integers(-3 * DAY_MS, 3 * DAY_MS))
def test_a_rep_who_moves_is_never_nowhere_and_the_new_site_says_when(
    old: Zone, new: Zone, after: int, near_ms: int
) -> None:
    move = FIRST + after
    entries = [
        Entry("r", team("new", new), from_day=move),
        Entry("r", team("old", old), until_day=move),
    ]
    at_ms = move * DAY_MS + near_ms
    moved = at_ms >= new.day_bounds(move)[0]
    assert Roster(entries, HOME).place("r", at_ms).team_id == ("new" if moved else "old")


@given(zones, st.integers(0, 400), st.integers(1, 90), st.integers(-3, 93), st.integers(0, DAY_MS))
def test_an_entry_holds_on_its_local_dates_and_on_no_others(
    zone: Zone, after: int, length: int, days: int, within_ms: int
) -> None:
    first = FIRST + after
    entry = Entry("r", team("t", zone), from_day=first, until_day=first + length)
    at_ms = (first + days) * DAY_MS + within_ms
    place = Roster([entry], HOME).place("r", at_ms)
    assert place.in_roster == (first <= zone.day_of(at_ms) < first + length)
    assert place.site.id == ("t-site" if place.in_roster else "default")


@given(st.sampled_from([None, FIRST]), st.sampled_from([None, FIRST + 9]))
def test_a_fixed_place_is_given_only_when_it_is_the_place_at_every_time(
    start: int | None, end: int | None
) -> None:
    home = team("t", Zone("Asia/Shanghai"))
    roster = Roster([Entry("r", home, from_day=start, until_day=end)], HOME)
    seen = {roster.place("r", day * DAY_MS).team_id for day in range(FIRST - 2, FIRST + 12)}
    fixed = roster.fixed_place("r")
    assert (fixed is not None) == (len(seen) == 1)
    assert fixed is None or fixed.team_id == "t"
