"""Laws of the conversion-drop detector: what it says depends on the contacts alone."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack, structs
from msgspec.structs import astuple

from streams.core.alerts.contact import (
    BUCKET_MS,
    Bucket,
    MaturedContact,
    bucket_of,
    distinct,
)
from streams.core.alerts.feed import Matured, decode_feed, encode_feed
from streams.core.alerts.floor_watch import FloorWatch, decode_floor, encode_floor
from streams.core.alerts.habits import Habits, read_days
from streams.core.alerts.outcomes import (
    Alert,
    Cleared,
    Dropped,
    Outcome,
    Recovered,
    Restarted,
)
from streams.core.alerts.recovery import OpenRed
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.step import fold
from streams.core.calendar import DAY_MS, HOUR_MS
from tests.property.slow_alerts import SlowFloor, closed_form

FIRST_MS = 20_000 * DAY_MS + 9 * HOUR_MS
REPS, TEAMS = 7, 8
"""Places of the reps and teams in a stored floor."""
QUICK = AlertSettings(
    red=1e12,
    amber=1e11,
    team_days=10**12,
    baseline_days=3,
    baseline_lag_days=1,
    minimum_days=1,
    minimum_contacts=2,
    minimum_team=3,
    moved_days=1,
)
TOUCHY = AlertSettings(
    red=3,
    amber=2,
    recovered=2,
    team_days=1,
    guard=1,
    baseline_days=3,
    baseline_lag_days=0,
    minimum_days=1,
    minimum_contacts=1,
    minimum_team=2,
    moved_days=1,
)

TOLD = st.one_of(
    st.just((0, 0, 0, "")),  # by an earlier release
    st.tuples(
        st.integers(10, 900),
        st.just(3),
        st.integers(0, 2),
        st.sampled_from(["", "spring", "sales"]),
    ),
)
"""Talk, answered and short calls, and campaign of a contact."""


@st.composite
def floors(draw: st.DrawFn, *, move: bool = False, days: int = 7) -> list[MaturedContact]:
    """Contacts of up to 7 reps in two teams over some days, a few buckets a day; sorted."""
    found = {}
    count = draw(st.integers(1, 60))
    for number in range(count):
        rep = draw(st.integers(0, 6))
        at_ms = FIRST_MS + draw(st.integers(0, days - 1)) * DAY_MS
        at_ms += draw(st.sampled_from([0, 0, 1, 13, 26])) * BUCKET_MS + draw(st.integers(0, 3))
        team = draw(st.sampled_from(["a", "b"])) if move else ("a" if rep < 4 else "b")
        sale = draw(st.sampled_from([True, False, False]))
        one = MaturedContact(at_ms, f"call-{number}", f"r{rep}", team, sale, "", *draw(TOLD))
        found[one.entity] = one
    return sorted(found.values())


def buckets(contacts: list[MaturedContact]) -> list[Bucket]:
    return [
        Bucket(number, tuple(inside))
        for number, inside in groupby(sorted(contacts), lambda one: bucket_of(one.at_ms))
    ]


def folded(
    given_: list[Bucket], config: AlertSettings, floor: FloorWatch | None = None
) -> tuple[bytes, list[Outcome]]:
    floor = floor or FloorWatch("site", "UTC")
    out: list[Outcome] = []
    for bucket in given_:
        floor, said = fold(floor, bucket, config)
        out += said
    return encode_floor(floor), out


@given(st.lists(st.tuples(st.booleans(), st.floats(1e-4, 0.6), st.floats(0.1, 1.0)), max_size=60))
def test_the_recursion_is_the_sum_over_all_moments_of_a_drop(
    scored: list[tuple[bool, float, float]],
) -> None:
    rep, ratios = RepWatch("team"), AlertSettings().ratios
    for sale, p, power in scored:
        rep.score(sale, p, 1.0, ratios, power)
    for held, ratio in zip((rep.low, rep.middle, rep.high), ratios, strict=True):
        assert held == pytest.approx(closed_form(scored, ratio), rel=1e-9)


@given(st.lists(st.tuples(st.booleans(), st.floats(1e-3, 0.6)), max_size=60))
def test_a_run_begins_where_the_evidence_for_a_drop_was_last_none(
    scored: list[tuple[bool, float]],
) -> None:
    rep, ratios = RepWatch("team"), AlertSettings().ratios
    for sale, p in scored:
        rep.score(sale, p, 1.0, ratios)
    likelihoods = [ratios[1] if sale else (1 - ratios[1] * p) / (1 - p) for sale, p in scored]
    product, begin = 1.0, 0
    for at, likelihood in enumerate(likelihoods):
        product *= likelihood
        if product <= 1.0:
            product, begin = 1.0, at + 1
    run = scored[begin:]
    assert (rep.run_contacts, rep.run_sales) == (len(run), sum(sale for sale, _ in run))
    assert rep.run_expected == pytest.approx(sum(p for _, p in run))


@given(floors(move=True))
def test_habits_are_the_sums_over_the_contacts_of_the_day_and_of_the_run(
    contacts: list[MaturedContact],
) -> None:
    floor = FloorWatch("site", "UTC")
    folded(buckets(contacts), TOUCHY, floor)
    for rep_id, rep in floor.reps.items():
        own = [one for one in contacts if one.rep_id == rep_id]
        days = [list(day) for _, day in groupby(own, lambda one: one.at_ms // DAY_MS)]
        newest = days.pop() if days[-1][0].at_ms // DAY_MS == floor.day else []
        assert rep.habits_today == habits(floor, newest)
        run = own[len(own) - rep.run_contacts :]
        assert rep.habits_run == habits(floor, run)
        kept = read_days(rep.habits_past)
        assert len(kept) == len(rep.past_days())
        assert kept == [habits(floor, day) for day in days[len(days) - len(kept) :]]


def habits(floor: FloorWatch, contacts: list[MaturedContact]) -> Habits:
    told = [one for one in contacts if one.answered]
    unsold = [one for one in told if not one.sale]
    number = {"": 0} | {name: one.number for name, one in floor.campaigns.known.items()}
    return Habits(
        sum(one.answered for one in told),
        sum(one.short for one in told),
        len(unsold),
        sum(one.talk_s for one in unsold),
        dict(Counter(number[one.campaign] for one in told)),
    )


@given(floors(move=True), st.data())
def test_what_an_earlier_release_stored_and_sent_is_read_and_goes_on(
    contacts: list[MaturedContact], data: st.DataObject
) -> None:
    given_ = buckets(contacts)
    cut = data.draw(st.integers(0, len(given_)))
    before, _ = folded(given_[:cut], TOUCHY)
    state = msgpack.decode(before[1:])
    *state, _campaigns = state
    for watches in state[REPS], state[TEAMS]:
        for name, (*one, _today, _run, _past) in watches.items():
            watches[name] = one
    old = before[:1] + msgpack.encode(state)
    floor = decode_floor(old)
    _, said = folded(given_[cut:], TOUCHY, floor)
    plain = [structs.replace(one, also=()) if isinstance(one, Alert) else one for one in said]
    _, all_said = folded(given_, TOUCHY)
    expected = all_said[len(folded(given_[:cut], TOUCHY)[1]) :]
    assert plain == [
        structs.replace(one, also=()) if isinstance(one, Alert) else one for one in expected
    ]
    said_then = ["matured", "site", "UTC", [list(astuple(one))[:6] for one in contacts]]
    read = decode_feed(msgpack.encode(said_then))
    assert isinstance(read, Matured)
    assert [astuple(one) for one in read.contacts] == [
        (*astuple(one)[:6], 0, 0, 0, "") for one in contacts
    ]


@settings(max_examples=60)
@given(floors())
def test_the_fold_is_what_the_definition_says(contacts: list[MaturedContact]) -> None:
    floor = FloorWatch("site", "UTC")
    folded(buckets(contacts), QUICK, floor)
    slow = SlowFloor(contacts, QUICK)
    for rep_id, rep in floor.reps.items():
        assert rep.evidence == pytest.approx(slow.evidence(rep_id), rel=1e-9)


@given(floors(move=True), st.randoms(use_true_random=False))
def test_order_and_repeats_in_a_bucket_change_nothing(
    contacts: list[MaturedContact], random_: object
) -> None:
    plain = buckets(contacts)
    mixed = []
    for bucket in plain:
        twice = [*bucket.contacts, *bucket.contacts[::2]]
        random_.shuffle(twice)  # type: ignore[attr-defined]  # the strategy's type says no more
        mixed.append(Bucket(bucket.number, tuple(twice)))
    state, said = folded(plain, TOUCHY)
    other_state, other_said = folded(mixed, TOUCHY)
    assert other_state == state
    repeats = [one for one in other_said if isinstance(one, Dropped)]
    assert [one for one in other_said if not isinstance(one, Dropped)] == said
    assert sum(one.contacts for one in repeats) == sum(-(-len(b.contacts) // 2) for b in plain)
    assert {one.reason for one in repeats} <= {"repeat"}


@given(floors(move=True))
def test_of_repeats_that_differ_the_same_one_counts_in_any_order(
    contacts: list[MaturedContact],
) -> None:
    other = [
        MaturedContact(o.at_ms, o.entity, o.rep_id, o.team_id, not o.sale, "latest")
        for o in contacts
    ]
    assert distinct([*contacts, *other]) == distinct([*other, *contacts])


@given(floors(move=True), st.data())
def test_a_replay_and_a_restart_anywhere_say_the_same(
    contacts: list[MaturedContact], data: st.DataObject
) -> None:
    given_ = buckets(contacts)
    state, said = folded(given_, TOUCHY)
    assert folded(given_, TOUCHY) == (state, said)
    cut = data.draw(st.integers(0, len(given_)))
    first_state, first_said = folded(given_[:cut], TOUCHY)
    later_state, later_said = folded(given_[cut:], TOUCHY, decode_floor(first_state))
    assert later_state == state
    assert first_said + later_said == said


@given(floors(move=True), st.data())
def test_a_bucket_that_was_folded_changes_nothing_and_is_counted(
    contacts: list[MaturedContact], data: st.DataObject
) -> None:
    given_ = buckets(contacts)
    floor = FloorWatch("site", "UTC")
    state, _ = folded(given_, TOUCHY, floor)
    again = data.draw(st.sampled_from(given_))
    after, said = folded([again], TOUCHY, floor)
    assert after == state
    assert said == [Dropped(bucket=again.number, contacts=len(again.contacts), reason="folded")]


@given(floors(move=True))
def test_a_red_is_told_once_and_starts_anew(contacts: list[MaturedContact]) -> None:
    _, said = folded(buckets(contacts), TOUCHY)
    told = [o.id for o in said if isinstance(o, Alert) and o.level == "red"]
    assert max(Counter(told).values(), default=1) == 1
    restarts = sum(isinstance(o, Restarted) and o.reason == "red" for o in said)
    assert restarts == len(told)


@given(floors(move=True))
def test_every_alert_is_over_once_or_still_open(contacts: list[MaturedContact]) -> None:
    floor = FloorWatch("site", "UTC")
    _, said = folded(buckets(contacts), TOUCHY, floor)
    told = {o.id: o for o in said if isinstance(o, Alert)}
    watched = [*floor.reps.values(), *floor.teams.values()]
    over = [o.ends for o in said if isinstance(o, Recovered)]
    open_ = [one.open.alert_id for one in watched if one.open is not None]
    assert sorted([*over, *open_]) == sorted(one.id for one in told.values() if one.level == "red")
    taken = [o.ends for o in said if isinstance(o, Cleared) and o.level == "amber"]
    grown = [one.ends for one in told.values() if one.ends]
    amber = [one.amber_id for one in watched if one.amber]
    ambers = {one.id for one in told.values() if one.level == "amber"}
    assert sorted([*taken, *grown, *amber]) == sorted(ambers)


@given(st.lists(st.tuples(st.booleans(), st.floats(1e-3, 0.6)), max_size=60))
def test_recovery_is_the_detector_turned_round(scored: list[tuple[bool, float]]) -> None:
    red, ratio = OpenRed("x", 1.0), AlertSettings().ratios[1]
    likelihoods = [1 / ratio if sale else (1 - p) / (1 - ratio * p) for sale, p in scored]
    for at_ms, (sale, p) in enumerate(scored):
        red.score(sale, p, ratio, at_ms)
    closed = sum(prod(likelihoods[begin:]) for begin in range(len(scored)))
    assert red.evidence == pytest.approx(min(closed, 1e15), rel=1e-9)
    run = scored[red.since_ms :] if red.contacts else []
    assert (red.contacts, red.sales) == (len(run), sum(sale for sale, _ in run))


@given(floors(move=True))
def test_what_is_stored_is_read_back_as_it_was(contacts: list[MaturedContact]) -> None:
    floor = FloorWatch("site", "UTC")
    state, _ = folded(buckets(contacts), TOUCHY, floor)
    assert decode_floor(state) == floor
    said = Matured("site", "UTC", tuple(contacts))
    assert decode_feed(encode_feed(said)) == said
