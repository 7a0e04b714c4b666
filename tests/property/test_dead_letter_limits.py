"""The stop rule looks at every event, however they are sliced."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.dead_letter import DeadLetterLimits, StopReason

runs = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 60), st.sampled_from([188, 189, 199, 200, 201, 900, 1000, 1001])),
        st.booleans(),
    ),
    max_size=30,
)
sparse = st.lists(st.integers(0, 29).map(lambda x: x > 1), min_size=0, max_size=1_500)
verdicts = st.one_of(runs.map(lambda rs: [good for n, good in rs for _ in range(n)]), sparse)


def recount(events: list[bool]) -> StopReason | None:
    """The rule by its words: look at the whole past at every event."""
    row = 0
    for last in range(1, len(events) + 1):
        row = 0 if events[last - 1] else row + 1
        window = events[max(0, last - 1_000) : last]
        bad = window.count(False)
        offset = max((i for i in range(last) if not events[i]), default=-1)
        if row == 50:
            return StopReason("in_a_row", 50, 50, offset)
        if last >= 200 and bad > 0.05 * len(window):
            return StopReason("ratio", bad, len(window), offset)
    return None


def one_by_one(events: list[bool]) -> DeadLetterLimits:
    limits = DeadLetterLimits()
    for offset, good in enumerate(events):
        limits.observe(good, offset)
    return limits


@given(verdicts)
@settings(deadline=None)
def test_the_rule_is_the_brute_force_recount(events: list[bool]) -> None:
    assert one_by_one(events).stopped == recount(events)


@given(verdicts)
def test_runs_of_good_events_count_as_their_events(events: list[bool]) -> None:
    limits = DeadLetterLimits()
    offset = 0
    for good, run in groupby(events):
        length = len(list(run))
        if good:
            limits.observe_good(length)
        else:
            for at in range(offset, offset + length):
                limits.observe_bad(at)
        offset += length
    assert limits.stopped == one_by_one(events).stopped
