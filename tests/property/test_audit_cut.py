"""Wherever a working floor is cut, state and recount agree once what is in flight is left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.cli.audit_cut import Outcome, Removed, compare_at
from streams.core.changelog import ChangelogReader
from streams.core.events import CALL_ENDED, EVENTS
from streams.recount.load import bury, connect, load_events, load_plan
from streams.recount.origin import Sending
from tests.property.counted_floor import CountedFloor, Record
from tests.property.test_recount_equals_core import BASE, KEYS, PLAN, sent

ZONE = "UTC"
LATE_MS = int(BASE.timestamp() * 1000) + 41 * 3_600_000

Positions = dict[tuple[str, int], int]

arrivals_ = st.lists(
    st.tuples(sent, st.sampled_from(["right", "right", "none", "wrong", "broken"])),
    min_size=5,
    max_size=60,
)
"""Events with the key they come under; a broken one is the beginning of its value."""


def sent_to(
    plan: str, detail_days: int, arrivals: Iterable[Any], late_ms: int = LATE_MS
) -> CountedFloor:
    """A floor whose topics hold the events; nothing is counted yet."""
    floor = CountedFloor(plan, ZONE, detail_days, 7)
    for number, ((topic, event), keyed) in enumerate(arrivals):
        value = json.dumps(event).encode()
        key = {"none": None, "wrong": b"other"}.get(keyed, event[KEYS[topic]].encode())
        # One millisecond apart: what has no order by log time and offset has none on either side.
        floor.send(topic, key, value[:9] if keyed == "broken" else value, late_ms + number)
    return floor


def counted_to(whole: CountedFloor, plan: str, ends: Positions) -> CountedFloor:
    """The floor counted up to these ends of its inputs."""
    floor = CountedFloor(plan, ZONE, whole.detail_days, 7)
    for at, end in ends.items():
        floor.logs[at] = whole.logs[at][:end]
    floor.rows()
    return floor


def audited(
    whole: CountedFloor,
    plan: str,
    cut: Positions,
    loads: Iterable[tuple[Positions, Mapping[str, set[Sending]]]],
    state: ChangelogReader,
    *,
    removed: Positions | None = None,
) -> Outcome:
    """The comparison, raw events being loaded up to each of `loads` and their dead letters.

    What lies before `removed` is not retained.
    """
    first = removed or {}
    gone = [whole.logs[at][: first[at]][-1].timestamp for at in first if first[at]]
    with connect() as connection, TemporaryDirectory() as spool:
        load_plan(connection, plan, ZONE, whole.detail_days)
        reached: Positions = dict(first)
        for ends, dead in loads:
            for topic in EVENTS:
                bury(connection, topic, dead[topic])
                fresh: list[Record] = []
                for at in [at for at in ends if at[0] == topic]:
                    fresh += whole.logs[at][reached.get(at, 0) : ends[at]]
                load_events(connection, topic, fresh, dead[topic], Path(spool))
            reached = ends
        return compare_at(
            cut,
            connection,
            state,
            whole.plan,
            detail_days=whole.detail_days,
            removed=Removed(max(gone), Path(spool)) if gone else None,
        )


@settings(max_examples=40)
@given(
    arrivals=arrivals_,
    reversals=st.sampled_from(["restate", "contra"]),
    detail_days=st.sampled_from([1, 400]),
    data=st.data(),
)
def test_a_state_of_any_later_moment_agrees_with_the_recount(
    arrivals: list[Any], reversals: str, detail_days: int, data: st.DataObject
) -> None:
    plan = PLAN.format(reversals=reversals)
    whole = sent_to(plan, detail_days, arrivals)
    ends = {at: len(log) for at, log in whole.logs.items()}
    # What was committed, and what some worker had applied when the state was read.
    cut = {at: data.draw(st.integers(0, end), f"cut of {at}") for at, end in ends.items()}
    ahead = {at: data.draw(st.integers(cut[at], end)) for at, end in ends.items()}
    first, later = counted_to(whole, plan, cut), counted_to(whole, plan, ahead)
    # Of what lies behind the cut any part may have been written: postings without the rest, say.
    written = data.draw(st.sets(st.integers(0, max(len(later.segments) - 1, 0))))
    state = ChangelogReader()
    for partition, key, segment in first.segments:
        state.add(partition, key, segment)
    for number in written & set(range(len(later.segments))):
        state.add(*later.segments[number])

    # An earlier round may have read some of it, before any dead letter was known.
    dead = {topic: first.dead[topic] | later.dead[topic] for topic in EVENTS}
    none: dict[str, set[Sending]] = {topic: set() for topic in EVENTS}
    loads = [(ahead, none), (ends, dead)] if data.draw(st.booleans()) else [(ends, dead)]
    found, flying, _ = audited(whole, plan, cut, loads, state)
    assert found.differences == []
    assert flying <= sum(ends.values()) - sum(cut.values())


@settings(max_examples=10)
@given(arrivals=arrivals_)
def test_a_state_that_lacks_a_call_below_the_cut_is_found(arrivals: list[Any]) -> None:
    plan = PLAN.format(reversals="restate")
    call = {
        "event_id": "e",
        "source": "lost",
        "rep_id": "r1",
        "call_id": "1",
        "direction": "outbound",
        "result": "busy",
        "occurred_at": BASE.isoformat(),
    }
    floor = sent_to(plan, 400, [*arrivals, ((CALL_ENDED, call), "right")])
    cut = {at: len(log) for at, log in floor.logs.items()}
    floor.rows()
    everything, lacking = ChangelogReader(), ChangelogReader()
    for segment in floor.segments:
        everything.add(*segment)
        lacking.add(*segment)
    for rep_day in lacking.rep_days.values():
        rep_day.drop(b"clost\x1f1")
    assert audited(floor, plan, cut, [(cut, floor.dead)], everything)[0].differences == []
    found, _ = audited(floor, plan, cut, [(cut, floor.dead)], lacking)[:2]
    assert [(d.rep_id, d.column) for d in found.differences if d.column == "dials"] == [
        ("r1", "dials")
    ]


@settings(max_examples=40)
@given(
    arrivals=arrivals_,
    reversals=st.sampled_from(["restate", "contra"]),
    late_ms=st.sampled_from([LATE_MS, int(BASE.timestamp() * 1000)]),
    data=st.data(),
)
def test_what_rests_on_retained_events_is_still_compared_when_others_are_removed(
    arrivals: list[Any], reversals: str, late_ms: int, data: st.DataObject
) -> None:
    plan = PLAN.format(reversals=reversals)
    whole = sent_to(plan, 400, arrivals, late_ms)
    ends = {at: len(log) for at, log in whole.logs.items()}
    removed = {at: data.draw(st.integers(0, end), f"removed of {at}") for at, end in ends.items()}
    whole.rows()
    state = ChangelogReader()
    for segment in whole.segments:
        state.add(*segment)
    held = sum(len(one.entities) for one in state.rep_days.values())
    found, flying, gone = audited(whole, plan, ends, [(ends, whole.dead)], state, removed=removed)
    assert (found.differences, flying) == ([], 0)
    assert gone <= held
    if not any(removed.values()):
        assert gone == 0
