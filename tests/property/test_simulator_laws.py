"""Laws of the simulated floor, for any floor, seed and period."""

from __future__ import annotations

import itertools
from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.kafka import key_of
from producers.simulator import FloorProfile, floor_profile, plan_text, simulate
from streams.core.codec import check_envelope, check_scale, to_ms
from streams.core.deal_event import normalise
from streams.core.events import EVENTS, CallEnded, DealClosed, SurveySubmitted
from streams.core.plan import parse_plan

HOUR_MS = 3_600_000
# 2026-10-24: both sites change their clocks within the weeks drawn from here, and Sundays are off.
FIRST_MS = 1_792_800_000_000

hours = st.integers(0, 9 * 24).map(lambda hour: FIRST_MS + hour * HOUR_MS)


@st.composite
def profiles(draw: st.DrawFn) -> FloorProfile:
    reps = draw(st.integers(1, 6))
    return floor_profile(
        reps,
        draw(st.integers(1, reps)),
        draw(st.integers(0, 2**32)),
        lively=draw(st.sampled_from([1.0, 4.0])),
        visits=draw(st.booleans()),
        around_ms=draw(st.none() | hours),
    )


@given(profiles(), hours, st.integers(1, 20))
@settings(max_examples=15)
def test_the_same_profile_and_period_give_the_same_bytes(
    profile: FloorProfile, start_ms: int, length: int
) -> None:
    period = (start_ms, start_ms + length * HOUR_MS)
    first, second = (
        [msgspec.json.encode(arrival) for arrival in simulate(profile, *period)] for _ in range(2)
    )
    assert first == second


@given(profiles(), hours, st.integers(1, 20), st.integers(1, 20))
@settings(max_examples=15)
def test_adjoining_parts_of_a_period_give_what_the_whole_gives(
    profile: FloorProfile, start_ms: int, first: int, second: int
) -> None:
    # opened            split               end
    # |----- first -----)|----- second -----)
    split_ms = start_ms + first * HOUR_MS
    end_ms = split_ms + second * HOUR_MS
    whole = list(simulate(profile, start_ms, end_ms))
    parts = list(simulate(profile, start_ms, split_ms))
    parts += simulate(profile, split_ms, end_ms, opened_ms=start_ms)
    assert parts == whole


@given(profiles(), hours, st.integers(1, 30))
@settings(max_examples=15)
def test_arrivals_come_in_order_inside_the_period_and_never_before_they_happened(
    profile: FloorProfile, start_ms: int, length: int
) -> None:
    end_ms = start_ms + length * HOUR_MS
    arrivals = list(simulate(profile, start_ms, end_ms))
    times = [arrival.arrival_ms for arrival in arrivals]
    assert times == sorted(times)
    assert all(start_ms <= at < end_ms for at in times)
    for arrival in arrivals:
        event = msgspec.convert(arrival.value, EVENTS[arrival.topic])
        assert to_ms(event.occurred_at) < arrival.arrival_ms


@given(profiles(), hours)
@settings(max_examples=15)
def test_every_event_is_one_that_a_worker_accepts_under_its_right_key(
    profile: FloorProfile, start_ms: int
) -> None:
    for arrival in simulate(profile, start_ms, start_ms + 20 * HOUR_MS):
        event = msgspec.json.decode(msgspec.json.encode(arrival.value), type=EVENTS[arrival.topic])
        occurred_ms = to_ms(event.occurred_at)
        check_envelope(event, occurred_ms, arrival.arrival_ms)
        if isinstance(event, SurveySubmitted):
            check_scale(event)
        if isinstance(event, DealClosed):
            normalise(event, occurred_ms, to_ms(event.closed_at), 0, 0)
        assert arrival.key == key_of(arrival.topic, arrival.value)
        assert arrival.key == (event.deal_id if isinstance(event, DealClosed) else event.rep_id)


@given(profiles(), hours)
@settings(max_examples=10)
def test_a_retraction_repeats_the_rep_and_the_time_of_what_it_takes_back(
    profile: FloorProfile, start_ms: int
) -> None:
    calls: dict[tuple[str, str], set[tuple[str, str]]] = {}
    retracted = []
    for arrival in simulate(profile, start_ms, start_ms + 48 * HOUR_MS):
        event = msgspec.convert(arrival.value, EVENTS[arrival.topic])
        if not isinstance(event, CallEnded):
            continue
        place = (event.rep_id, arrival.value["occurred_at"])
        if event.op == "retract":
            retracted.append(((event.source, event.call_id), place, event.revision))
        else:
            calls.setdefault((event.source, event.call_id), set()).add(place)
    for call, place, revision in retracted:
        assert revision > 0
        places = calls.get(call, set())
        assert {at for _, at in places} <= {place[1]}
        # The call may be so late that the period ends first: then only its new place is seen.
        assert place in places or len(places) <= 1


@given(profiles())
@settings(max_examples=10)
def test_the_plan_knows_exactly_the_reps_and_teams_of_the_floor(profile: FloorProfile) -> None:
    plan = parse_plan(plan_text(profile), "UTC")
    assert plan.reps() == sorted(rep.id for rep in profile.reps)
    assert set(plan.teams) == {team.id for team in profile.teams}
    assert {site.id: plan.sites[site.id].zone.name for site in profile.sites} == {
        site.id: site.zone for site in profile.sites
    }
    for rep in profile.reps:
        assert plan.name_of(rep.id) == rep.name
        assert plan.place(rep.id, FIRST_MS).team_id == rep.team.id


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 99))
def test_teams_are_even_and_two_of_them_work_in_two_zones(reps: int, teams: int, seed: int) -> None:
    teams = min(reps, teams)
    profile = floor_profile(reps, teams, seed)
    sizes = Counter(rep.team.id for rep in profile.reps).values()
    assert len(sizes) == teams
    assert max(sizes) - min(sizes) <= 1
    assert len({site.zone for site in profile.sites}) >= min(2, teams)
    assert len({rep.id for rep in profile.reps}) == reps
    assert all(a != b for a, b in itertools.pairwise(rep.id for rep in profile.reps))
