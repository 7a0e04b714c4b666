"""Logs of calls and surveys as Hypothesis draws them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.builders import DAY_MS, HOUR_MS, NOON_MS, Record, call, record, survey

ZONE = "America/New_York"

# Few entities and few instants, so that events of one log often meet: 4 AM UTC is midnight.
instants = st.sampled_from(
    [NOON_MS, NOON_MS - 7 * HOUR_MS, NOON_MS - 9 * HOUR_MS, NOON_MS - 3 * DAY_MS]
)
common = {
    "at_ms": instants,
    "rep_id": st.sampled_from(["ana", "ana", "bo"]),
    "op": st.sampled_from(["upsert", "upsert", "upsert", "retract"]),
    "revision": st.sampled_from([0, 0, 1]),
}
calls = st.fixed_dictionaries(
    common
    | {
        "source": st.sampled_from(["pbx", "pbx", "pbx-2"]),
        "call_id": st.integers(1, 4).map(str),
        "direction": st.sampled_from(["inbound", "outbound"]),
        "result": st.sampled_from(["answered", "answered", "busy", "abandoned"]),
        "answered_by": st.sampled_from(["human", "machine", "unknown"]),
        "talk_ms": st.sampled_from([0, 9_999, 10_000, 86_400_000]),
        "wrap_ms": st.sampled_from([0, 9_000]),
        "disposition": st.sampled_from([None, "SALE"]),
        "lead_id": st.sampled_from([None, "l1", "l2"]),
    }
)
surveys = st.fixed_dictionaries(
    common
    | {
        "response_id": st.integers(1, 2).map(str),
        "metric": st.sampled_from(["csat", "nps", "ces"]),
        "score": st.integers(1, 5),
    }
)


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """A log with repeats: some events come again, unchanged, under another offset."""
    events: list[tuple[str, dict[str, Any]]] = draw(
        st.lists(
            st.one_of(
                calls.map(lambda fields: ("call-ended", call(**fields))),
                surveys.map(lambda fields: ("survey-submitted", survey(**fields))),
            ),
            min_size=1,
            max_size=40,
        )
    )
    again = draw(st.lists(st.integers(0, len(events) - 1), max_size=10))
    events += [events[i] for i in again]
    return [record(topic, value, offset) for offset, (topic, value) in enumerate(events)]
