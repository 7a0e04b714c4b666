"""The latency histogram, filled many at once, is what observing one by one would make."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from streams.engine.telemetry import LATENCY_BUCKETS_S, Telemetry

NOW_MS = 1_790_000_000_000
ages = st.integers(0, 10_000_000) | st.sampled_from([int(s * 1000) for s in LATENCY_BUCKETS_S])


@given(st.lists(ages, max_size=50))
def test_many_at_once_are_counted_as_one_by_one(ages_ms: list[int]) -> None:
    told = Telemetry(CollectorRegistry())
    told.observe_latencies([NOW_MS - age for age in ages_ms] + [-1], NOW_MS)  # -1: no timestamp
    plain = Histogram("plain", "", buckets=LATENCY_BUCKETS_S, registry=None)
    for age in ages_ms:
        plain.observe(age / 1000)

    def shown(histogram: Histogram) -> list[tuple[str, dict[str, str], float]]:
        (family,) = histogram.collect()
        samples = ((s.name.rpartition("_")[2], s.labels, s.value) for s in family.samples)
        return [(name, labels, round(value, 3)) for name, labels, value in samples]

    assert [s for s in shown(told.latency) if s[0] != "created"] == [
        s for s in shown(plain) if s[0] != "created"
    ]
