"""Days behind `detail_days` are removed from changelog and store, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.core.clock import SystemClock
from streams.core.segment import parse_segment_key
from streams.topics import SCOREBOARD_TABLE, changelog
from tests.builders import DAY_MS, call
from tests.integration.floor import Floor, wait_until
from tests.integration.mixed_events import Sending
from tests.services.kafka import KafkaServer

KEPT = 5
REPS = [f"rep-{number}" for number in range(12)]


def calls_of(days_ago: int, today: int) -> list[Sending]:
    """One call of every rep at noon of that day."""
    at_ms = (today - days_ago) * DAY_MS
    return [
        Sending(
            "call-ended",
            rep,
            json.dumps(call(rep_id=rep, call_id=f"c{days_ago}", at_ms=at_ms)).encode(),
        )
        for rep in REPS
    ]


def stored_days(floor: Floor) -> set[int]:
    """The days of which the changelog holds segments once it is compacted."""
    last = {
        record.key: record.value
        for record in floor.read(
            changelog(floor.settings, SCOREBOARD_TABLE).removeprefix(floor.settings.topic_prefix)
        )
    }
    return {parse_segment_key(key)[1] for key, value in last.items() if key and value is not None}


@pytest.fixture
def floor(kafka: KafkaServer, tmp_path: Path) -> Floor:
    return Floor(kafka, tmp_path, detail_days=str(KEPT))


def test_days_that_are_no_longer_kept_are_removed_and_stay_so(floor: Floor) -> None:
    today = SystemClock().now_ms() // DAY_MS
    worker = floor.worker("a")
    try:
        for days_ago in (9, 8, 7, 3, 1):
            floor.send(calls_of(days_ago, today))
        floor.settle()
        kept = {today - 3, today - 1}
        wait_until(lambda: stored_days(floor) == kept)
        # Another worker, another disk: what is gone does not come back, what is kept is there.
        worker.kill()
        floor.worker("b")
        floor.send(calls_of(8, today) + calls_of(0, today))
        floor.settle()
        assert stored_days(floor) == kept | {today}
        assert floor.audit()["rep_days"] == len(REPS) * 3
        rows = floor.totals()
        assert {row["date"] for row in rows} == {row["date"] for row in rows if row["dials"] == 1}
        assert len(rows) == len(REPS) * 3
    finally:
        floor.close()
