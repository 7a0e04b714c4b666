"""What a simulated floor looks like, with fixed seeds."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections import Counter, deque
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from producers.jsonl import line_of
from producers.simulator import FloorProfile, floor_profile, running_since, simulate
from producers.simulator.profile import Drop, with_drops

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONDAY_MS = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp() * 1000)

DIGEST = "ef385a5f1359f154"
"""Of six hours of a small floor: a new digest means that seeds give other floors than before."""

PRINT_DIGEST = """
from tests.unit.test_simulator import digest
print(digest())
"""


def digest() -> str:
    profile = floor_profile(8, 4, seed=7, visits=True)
    found = sha256()
    for arrival in simulate(profile, MONDAY_MS, MONDAY_MS + 6 * HOUR_MS):
        found.update(line_of(arrival.topic, arrival.key, arrival.value))
    return found.hexdigest()[:16]


def values(days: int = 3, **options: Any) -> list[tuple[str, dict[str, Any]]]:
    profile = floor_profile(options.pop("reps", 60), options.pop("teams", 4), 11, **options)
    arrivals = simulate(profile, MONDAY_MS, MONDAY_MS + days * DAY_MS)
    return [(arrival.topic, arrival.value) for arrival in arrivals]


def test_a_seed_gives_the_same_bytes_in_every_process_and_python() -> None:
    assert digest() == DIGEST
    for hash_seed in ("0", "42"):
        run = subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == DIGEST


def test_another_seed_gives_another_floor() -> None:
    floors = [floor_profile(5, 1, seed) for seed in (1, 2)]
    first, second = (list(simulate(floor, MONDAY_MS, MONDAY_MS + 5 * HOUR_MS)) for floor in floors)
    assert first
    assert first != second


def test_three_days_hold_everything_that_happens_on_a_floor() -> None:
    events = values(visits=True)
    seen: Counter[tuple[Any, ...]] = Counter()
    for topic, value in events:
        for field in ("result", "answered_by", "disposition", "direction", "metric", "channel"):
            seen[field, value.get(field)] += 1
        seen["status", value.get("status"), "reversed_minor" in value] += 1
        seen[topic, value.get("op", "upsert")] += 1
        seen["credits", len(value.get("credits", ()))] += 1
        seen["revised", topic, value.get("revision", 0) > 0] += 1
    wanted: list[tuple[Any, ...]] = [
        *(("result", result) for result in ("answered", "no_answer", "busy", "failed")),
        *(("result", result) for result in ("congestion", "canceled", "abandoned", "dropped")),
        *(("answered_by", who) for who in ("human", "machine", "fax", "unknown", None)),
        *(("disposition", code) for code in ("SALE", "NI", "CB", "XFER", None)),
        ("direction", "inbound"),
        *(("metric", metric) for metric in ("csat", "nps")),
        *(("status", status, False) for status in ("won", "amended", "cancelled", "reinstated")),
        *(("status", "refunded", part) for part in (True, False)),
        *(("credits", count) for count in (0, 2, 3)),
        ("call-ended", "retract"),
        ("deal-closed", "retract"),
        ("visit-logged", "upsert"),
        *(("revised", topic, True) for topic in ("call-ended", "survey-submitted")),
    ]
    assert [what for what in wanted if not seen[what]] == []


def test_some_events_come_twice_and_some_in_the_wrong_order() -> None:
    events = values()
    ids = Counter(value["event_id"] for _, value in events)
    assert 0.01 < sum(count > 1 for count in ids.values()) / len(ids) < 0.04
    newest, late = "", 0
    for topic, value in events:
        if topic == "call-ended":
            late += value["occurred_at"] < newest
            newest = max(newest, value["occurred_at"])
    assert late > len(events) * 0.05


def test_a_deal_moves_to_another_rep_and_its_lines_still_sum_up() -> None:
    owners: dict[str, set[str]] = {}
    for topic, value in values():
        if topic == "deal-closed":
            owners.setdefault(value["deal_id"], set()).add(value["rep_id"])
            if "lines" in value:
                total = sum(line["amount_minor"] for line in value["lines"])
                assert total == value["amount_minor"]
    assert any(len(reps) > 1 for reps in owners.values())


def test_lunch_is_quieter_than_the_hours_around_it() -> None:
    # The first site is eight hours ahead of UTC all year: its 12:00 is 04:00 UTC.
    by_hour = Counter(
        value["started_at"][11:13]
        for topic, value in values(days=1)
        if topic == "call-ended" and value["source"] == "pbx-shanghai"
    )
    assert by_hour["04"] < 0.7 * min(by_hour["03"], by_hour["06"])


def test_one_minute_of_a_lively_floor_shows_everything_move_at_any_hour() -> None:
    for hour in (0, 3, 12, 19):
        now_ms = MONDAY_MS + 6 * DAY_MS + hour * HOUR_MS + 123_456  # a Sunday
        profile = floor_profile(36, 3, 1, lively=4, around_ms=now_ms)
        opened_ms = running_since(profile, now_ms)
        assert 2 * HOUR_MS <= now_ms - opened_ms < 3 * HOUR_MS
        minutes = 5
        end_ms = now_ms + minutes * 60_000
        seen = Counter(
            (arrival.topic, arrival.value.get("status"))
            for arrival in simulate(profile, now_ms, end_ms, opened_ms=opened_ms)
        )
        reversals = seen["deal-closed", "cancelled"] + seen["deal-closed", "refunded"]
        assert seen["call-ended", None] > minutes * 30
        assert seen["deal-closed", "won"] >= minutes * 2
        assert seen["survey-submitted", None] >= minutes
        assert reversals >= minutes


def test_memory_does_not_grow_with_the_length_of_the_period() -> None:
    profile = floor_profile(4, 2, 3)
    peaks = []
    for days in (2, 2, 8):  # the first fills the caches
        tracemalloc.start()
        deque(simulate(profile, MONDAY_MS, MONDAY_MS + days * DAY_MS), maxlen=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 2 * peaks[1]


@pytest.mark.parametrize(("reps", "teams", "lively"), [(3, 4, 1.0), (3, 0, 1.0), (3, 1, 0.5)])
def test_an_impossible_floor_is_refused(reps: int, teams: int, lively: float) -> None:
    with pytest.raises(ValueError, match=r"teams|lively"):
        floor_profile(reps, teams, 1, lively=lively)


def test_a_rep_who_drops_sells_less_from_that_moment_and_nobody_else_changes() -> None:
    profile = floor_profile(6, 2, 3)
    turn_ms = MONDAY_MS + 20 * DAY_MS
    dropped = with_drops(profile, {"r-0002": Drop(0.1, turn_ms)})

    def sales(floor: FloorProfile) -> Counter[tuple[str, bool]]:
        calls = {
            (value["call_id"], value["rep_id"], value["started_at"])
            for _, _, _, value in simulate(floor, MONDAY_MS, MONDAY_MS + 40 * DAY_MS)
            if value.get("disposition") == "SALE"
        }
        turn = datetime.fromtimestamp(turn_ms / 1000, UTC).isoformat()
        return Counter((rep_id, started >= turn) for _, rep_id, started in calls)

    before, after = sales(profile), sales(dropped)
    # Calls that turn out to be another rep's stay where they were.
    assert after["r-0002", True] < 0.3 * before["r-0002", True]
    assert before["r-0002", False] == after["r-0002", False]
    assert sum(before.values()) - sum(after.values()) >= 0.6 * before["r-0002", True]


def test_a_drop_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="no rep r-9: reps are r-0001 to r-0006"):
        with_drops(floor_profile(6, 2, 3), {"r-9": Drop(0.5, 0)})
