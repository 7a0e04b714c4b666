"""The SQL recount and the core share no code; on any floor they must give the same rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.simulator import floor_profile, plan_text, simulate
from streams.core.codec import Origin, origin_headers
from streams.core.dead_letter import RESUBMITTED
from streams.core.events import CALL_ENDED, DEAL_CLOSED, EVENTS, SURVEY_SUBMITTED, VISIT_LOGGED
from streams.core.partition import partition_of
from streams.recount.load import connect, load_events, load_plan
from streams.recount.recount import Row, recount
from tests.property.counted_floor import CountedFloor

PLAN = """
[sites.berlin]
zone = "Europe/Berlin"
[sites.shanghai]
zone = "Asia/Shanghai"
[sites.york]
zone = "America/New_York"
[teams.north]
site = "berlin"
[teams.east]
site = "shanghai"
[teams.west]
site = "york"
[[roster]]
rep = "r1"
team = "north"
[[roster]]
rep = "r2"
team = "east"
until = 2026-03-29
[[roster]]
rep = "r2"
team = "west"
from = 2026-03-29
[[roster]]
rep = "r3"
team = "west"
from = 2026-03-28
until = 2026-03-30
[dispositions]
SALE = ["positive"]
NI = ["negative"]
CB = ["callback"]
A = []
[deals]
reversals = "{reversals}"
"""

BASE = datetime(2026, 3, 28, 20, tzinfo=UTC)
"""Berlin's clock changes at 01:00Z of the 29th; days begin at 04:00Z, 16:00Z, 22:00Z and 23:00Z."""

reps = st.sampled_from(["r1", "r2", "r3", "r4", "é5"])
teams = st.sampled_from([None, None, "red", "blue"])
ids = st.sampled_from(["1", "2", "3"])
sources = st.sampled_from(["a", "b"])
revisions = st.sampled_from([None, None, 0, 1, 2])
ops = st.sampled_from(["upsert", "upsert", "upsert", "retract"])
instants = st.one_of(
    st.sampled_from([0, 2, 3, 4, 5, 8, 20, 26, 27, 32, 33]).map(lambda hours: hours * 3_600_000),
    st.integers(0, 40 * 3_600_000),
).flatmap(lambda ms: st.sampled_from([ms, max(ms - 1, 0)]))


@st.composite
def times(draw: st.DrawFn) -> str:
    at = BASE + timedelta(milliseconds=draw(instants))
    return at.isoformat(timespec="milliseconds")


def events_of(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Events with these fields; None leaves a field out."""
    envelope = {
        "event_id": st.just("e"),
        "source": sources,
        "rep_id": reps,
        "team_id": teams,
        "op": ops,
        "revision": revisions,
        "occurred_at": times(),
    }
    return st.fixed_dictionaries(envelope | fields).map(
        lambda event: {name: value for name, value in event.items() if value is not None}
    )


durations = st.sampled_from([None, 0, 9_999, 10_000, 65_000])
calls = events_of(
    {
        "call_id": ids,
        "direction": st.sampled_from(["inbound", "outbound"]),
        "result": st.sampled_from(["answered", "answered", "answered", "busy", "dropped"]),
        "answered_by": st.sampled_from([None, "human", "machine", "fax", "unknown"]),
        "answered_at": st.one_of(st.none(), times()),
        "talk_ms": durations,
        "hold_ms": durations,
        "wrap_ms": durations,
        "disposition": st.sampled_from([None, "SALE", "NI", "CB", "A", "NEW"]),
    }
)
scales = st.sampled_from([(1, 5), (1, 10), (0, 10), (1, 3), (1, 4), (0, 1), (-2, 2), (0.5, 4.25)])
surveys = st.builds(
    lambda event, scale, part: (
        event
        | {
            "scale_min": scale[0],
            "scale_max": scale[1],
            "score": round(scale[0] + (scale[1] - scale[0]) * part, 4),
        }
    ),
    events_of({"response_id": ids, "metric": st.sampled_from(["csat", "csat", "nps", "ces"])}),
    scales,
    st.sampled_from([0, 0.1, 0.333, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2]),
)
visits = events_of({"visit_id": ids})
credits_ = st.sampled_from(
    [
        None,
        [("r1", 0.5, "red"), ("r2", 0.5, None)],
        [("r4", 0.3333, None), ("r2", 0.3333, "red"), ("r3", 0.3334, "blue")],
        [("r4", 0.25, None), ("é5", 0.5, None), ("r4", 0.25, "blue")],
        [("r1", 0.5, None), ("r2", 0.4, None)],  # 90 %: a dead letter
        [("r4", 1, "red"), ("r1", 0, None)],
    ]
)
line_weights = st.sampled_from([None, [("x", 1)], [("x", 1), ("y", 2), ("x", 4)], [("y", 0)]])


@st.composite
def deals(draw: st.DrawFn) -> dict[str, Any]:
    event = draw(
        events_of(
            {
                "deal_id": st.sampled_from(["1", "2"]),
                "status": st.sampled_from(
                    ["won", "won", "amended", "cancelled", "refunded", "reinstated"]
                ),
                "closed_at": times(),
                "currency": st.sampled_from(["EUR", "EUR", "EUR", "CNY"]),
                "reversed_minor": st.sampled_from([None, None, 0, 1, 33, 100, 5_000]),
                "is_new_customer": st.booleans(),
            }
        )
    )
    amount = draw(st.sampled_from([0, 1, 100, 997, 2**53 - 1]))
    weights = draw(line_weights)
    if weights:
        whole = sum(weight for _, weight in weights)
        parts = [amount * weight // (whole or 1) for _, weight in weights]
        parts[0] += 0 if whole == 0 else amount - sum(parts)
        event["lines"] = [
            {"product_id": product, "amount_minor": part}
            for (product, _), part in zip(weights, parts, strict=True)
        ]
        amount = sum(parts)
    shares = draw(credits_)
    if shares:
        event["credits"] = [
            {"rep_id": rep, "share": share, "team_id": team} for rep, share, team in shares
        ]
    return event | {"amount_minor": amount}


KEYS = {
    CALL_ENDED: "rep_id",
    DEAL_CLOSED: "deal_id",
    SURVEY_SUBMITTED: "rep_id",
    VISIT_LOGGED: "rep_id",
}
sent = st.one_of(
    st.tuples(st.just(CALL_ENDED), calls),
    st.tuples(st.just(DEAL_CLOSED), deals()),
    st.tuples(st.just(DEAL_CLOSED), deals()),
    st.tuples(st.just(SURVEY_SUBMITTED), surveys),
    st.tuples(st.just(VISIT_LOGGED), visits),
)


def recounted(floor: CountedFloor, plan: str, zone: str) -> list[Row]:
    """The rows by SQL, of what the core has read."""
    with connect() as connection, TemporaryDirectory() as spool:
        load_plan(connection, plan, zone, floor.detail_days)
        for topic in EVENTS:
            dead = floor.dead[topic]
            assert not load_events(connection, topic, floor.raw(topic), dead, Path(spool))
        return recount(connection)


@settings(max_examples=40)
@given(
    arrivals=st.lists(
        st.tuples(sent, st.sampled_from(["right", "right", "none", "wrong"]), st.integers(0, 2)),
        min_size=5,
        max_size=60,
    ),
    reversals=st.sampled_from(["restate", "contra"]),
    zone=st.sampled_from(["UTC", "Pacific/Auckland"]),
    detail_days=st.sampled_from([1, 400]),
    slice_size=st.sampled_from([1, 7, 1000]),
)
def test_any_events_however_keyed_give_the_same_rows(
    arrivals: list[tuple[tuple[str, dict[str, Any]], str, int]],
    reversals: str,
    zone: str,
    detail_days: int,
    slice_size: int,
) -> None:
    plan = PLAN.format(reversals=reversals)
    floor = CountedFloor(plan, zone, detail_days, slice_size)
    logged_ms = int(BASE.timestamp() * 1000) + 41 * 3_600_000
    astray = False
    for (topic, event), keyed, later_ms in arrivals:
        # Log time and offset tell the versions of an entity apart: two records of one entity in two
        # partitions at one offset in one millisecond are beyond what either side defines.
        apart = astray or keyed != "right"
        logged_ms += max(later_ms, 1) if apart else later_ms
        astray = keyed != "right"
        key = {"right": event[KEYS[topic]].encode(), "none": None, "wrong": b"other"}[keyed]
        floor.send(topic, key, json.dumps(event).encode(), logged_ms)
    rows = floor.rows()
    assert recounted(floor, plan, zone) == rows


@settings(max_examples=15)
@given(
    arrivals=st.lists(
        st.tuples(sent, st.integers(0, 2), st.integers(1, 3), st.booleans()),
        min_size=1,
        max_size=30,
    ),
    reversals=st.sampled_from(["restate", "contra"]),
    order=st.randoms(use_true_random=False),
)
def test_events_sent_again_give_the_rows_of_their_first_places(
    arrivals: list[tuple[tuple[str, dict[str, Any]], int, int, bool]],
    reversals: str,
    order: Random,
) -> None:
    plan = PLAN.format(reversals=reversals)
    once, again = CountedFloor(plan, "UTC", 400, 7), CountedFloor(plan, "UTC", 400, 7)
    first_ms = int(BASE.timestamp() * 1000) + 41 * 3_600_000
    later: list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]] = []
    for number, ((topic, event), later_ms, times, astray) in enumerate(arrivals):
        first_ms += 1 + later_ms
        if topic != DEAL_CLOSED:
            # Versions of few entities, of equal revision: their first places alone decide.
            event |= {"source": "a", "rep_id": "r1", "occurred_at": BASE.isoformat()}
            event.pop("revision", None)
        key, value = event[KEYS[topic]].encode(), json.dumps(event).encode()
        once.send(topic, key, value, first_ms)
        where = partition_of(key, 3)
        origin = Origin(topic, where, len(once.logs[topic, where]) - 1, first_ms)
        for sending in range(times):
            mark = (RESUBMITTED, b"1 %d-%d" % (number, sending))
            headers = [*origin_headers(origin), mark]
            later.append((topic, b"other" if astray else key, value, headers))
    order.shuffle(later)
    for at, (topic, key, value, headers) in enumerate(later):
        again.send(topic, key, value, first_ms + 60_000 + at, headers)
    rows = again.rows()
    assert rows == once.rows()
    assert recounted(again, plan, "UTC") == rows


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("reversals", ["restate", "contra"])
def test_a_simulated_floor_gives_the_same_rows(seed: int, reversals: str) -> None:
    profile = floor_profile(12, 4, seed, lively=4, visits=True)
    plan = plan_text(profile) + f'\n[deals]\nreversals = "{reversals}"\n'
    floor = CountedFloor(plan, "UTC", 400, 500)
    start_ms = int(datetime(2026, 3, 27, tzinfo=UTC).timestamp() * 1000)
    for arrival in simulate(profile, start_ms, start_ms + 4 * 86_400_000):
        value = json.dumps(arrival.value).encode()
        floor.send(arrival.topic, arrival.key.encode(), value, arrival.arrival_ms)
    rows = floor.rows()
    assert len(rows) >= 12
    assert recounted(floor, plan, "UTC") == rows
