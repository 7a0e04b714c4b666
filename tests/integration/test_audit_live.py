"""`floorcast audit` beside a floor at work, and again and again with --watch."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from producers.simulator import plan_text
from streams.cli.state import read_state
from streams.core.clock import SystemClock
from streams.core.contribution import (
    CALL,
    RETRACTED,
    call_head,
    entity_key,
    facts_of,
    flags_of,
    origin_of,
    revision_of,
)
from streams.core.segment import encode_segment, segment_key
from streams.core.version import origin_bytes
from streams.topics import SCOREBOARD_TABLE, changelog
from tests.integration.floor import FLOORCAST, Floor, wait_until
from tests.integration.live_events import REPS, live_events
from tests.integration.mixed_events import PROFILE
from tests.services.http import is_ready
from tests.services.kafka import KafkaServer
from tests.services.ports import free_port
from tests.services.process import ChildProcess

METRIC = "floorcast_audit_"


class Watch:
    """A `floorcast audit --watch` process."""

    def __init__(self, floor: Floor, folder: Path) -> None:
        self._url = f"http://127.0.0.1:{free_port()}/metrics"
        self._environ = os.environ | floor.environ | {"FLOORCAST_DATA_DIR": str(folder / "data")}
        self._process = ChildProcess("audit", folder / "audit.log")

    def start(self) -> None:
        """Start it, a round a second."""
        port = self._url.rpartition(":")[2].partition("/")[0]
        command: list[str | Path] = [
            FLOORCAST,
            "audit",
            "--watch",
            "--every",
            "1",
            "--port",
            port,
            "--wait",
            "20",
        ]
        self._process.start(command, ready=lambda: is_ready(self._url), env=self._environ)

    def stop(self) -> int | None:
        """Ask it to end; its exit code."""
        return self._process.stop()

    def value(self, name: str) -> float | None:
        """The value of one of its metrics, None when it does not export it yet."""
        with urlopen(self._url, timeout=10) as answer:
            text: str = answer.read().decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == METRIC + name:
                    return sample.value
        return None

    def said(self) -> str:
        """Everything it has logged."""
        return self._process.log.read_text("utf-8")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.toml"
    file.write_text(plan_text(PROFILE), encoding="utf-8")
    return file


@pytest.fixture
def floor(kafka: KafkaServer, tmp_path: Path, plan: Path) -> Iterator[Floor]:
    found = Floor(kafka, tmp_path, plan=str(plan))
    yield found
    found.close()


def plant(floor: Floor) -> tuple[str, str]:
    """Write what no event says into the changelog, under another writer, once it is at rest.

    A call that never was, and one of today's calls retracted by a revision that was never sent. The
    ids of the calls, of which the first is made up.
    """
    state = read_state(floor.settings)
    (rep, day), key, contribution = next(
        (name, key, contribution)
        for name, rep_day in state.rep_days.items()
        for key, contribution in rep_day.entities.items()
        if key[0] == CALL and not flags_of(contribution) & RETRACTED
    )
    facts = int.from_bytes(facts_of(contribution), "big")
    origin = origin_bytes(*origin_of(key, contribution))
    head = call_head(revision_of(contribution), origin, facts, flags_of(contribution))
    later = call_head(revision_of(contribution) + 1, origin, facts, RETRACTED)
    retracted = later + contribution[len(head) :]
    never = entity_key(CALL, "pbx", "never-was")
    topic = changelog(floor.settings, SCOREBOARD_TABLE)
    producer = Producer(floor.settings.kafka() | {"partitioner": "murmur2_random", "log_level": 0})
    producer.produce(
        topic,
        encode_segment((never, key), {never: contribution, key: retracted}),
        segment_key(rep.encode(), day, b"stranger", 0),
    )
    assert producer.flush(30) == 0
    return "never-was", key.decode().partition("\x1f")[2]


@pytest.mark.timeout(180)
def test_a_floor_at_work_is_audited_and_today_is_compared(floor: Floor) -> None:
    floor.worker("a")
    events = list(live_events(SystemClock().now_ms(), 13_000))
    floor.send(events[:6_000])
    findings: list[tuple[dict[str, Any], float]] = []
    with floor.sending(events[6_000:], per_second=300) as sending:
        time.sleep(1)  # for the producer to be in full flow when the first cut is made
        while sending.is_alive():
            began_s = time.monotonic()
            findings.append((floor.audit(), time.monotonic() - began_s))
    assert max(found["in_flight"] for found, _ in findings) > 0
    for found, took_s in findings:
        # Every event is of the last half hour, so every rep-day is what people look at now.
        assert found["rep_days"] >= len(REPS)
        assert found["cells"] > 25 * len(REPS)
        # At most what came meanwhile, and what a producer that was held up sent at once.
        assert found["in_flight"] < 300 * took_s + 1_000
    floor.settle()
    assert floor.audit()["in_flight"] == 0


@pytest.mark.timeout(180)
def test_what_no_event_says_is_found_and_named(floor: Floor) -> None:
    floor.worker("a")
    floor.send(list(live_events(SystemClock().now_ms(), 1_000)))
    floor.settle()
    made_up, changed = plant(floor)
    audited = floor.run("audit", "--wait", "10")
    assert audited.exit_code == 1
    lines = audited.stdout.splitlines()
    (line,) = (one for one in lines if one.startswith(f"  call pbx {made_up}: "))
    assert "only in the state; " in line
    assert "; the state has revision " in line
    (line,) = (one for one in lines if one.startswith(f"  call pbx {changed}: "))
    assert "counted otherwise; " in line
    assert "; dials: recounted 1, totals 0; " in line
    where = lines[lines.index(line) + 1]
    assert floor.settings.topic("call-ended") in where or "earlier events" in where

    found = json.loads(floor.run("audit", "--json", "--wait", "10").stdout)
    (events,) = found["events"].values()
    wrong = {event["id"]: event for event in events}
    assert wrong.keys() == {made_up, changed}
    partition, offset = wrong[changed]["partition"], wrong[changed]["offset"]
    (raw,) = (
        one
        for one in floor.read("call-ended")
        if (one.partition, one.offset) == (partition, offset)
    )
    assert raw.value is not None
    assert json.loads(raw.value)["call_id"] == changed


@pytest.mark.timeout(240)
def test_a_watch_goes_from_right_to_wrong_and_outlives_kafka(
    make_kafka: Callable[..., KafkaServer], tmp_path: Path, plan: Path
) -> None:
    kafka = make_kafka()
    floor = Floor(kafka, tmp_path, plan=str(plan))
    watch = Watch(floor, tmp_path)
    try:
        floor.worker("a")
        events = list(live_events(SystemClock().now_ms(), 3_000))
        floor.send(events[:1_000])
        watch.start()
        wait_until(lambda: (watch.value("cells_compared") or 0) > 0, 60)
        # Only what is new is read in later rounds; it is counted all the same.
        with floor.sending(events[1_000:], per_second=300):
            before = watch.value("last_success_timestamp_seconds") or 0
            wait_until(lambda: (watch.value("last_success_timestamp_seconds") or 0) > before, 60)
            assert watch.value("cells_differing") == 0
        floor.settle()
        wait_until(lambda: watch.value("entities_in_flight") == 0, 60)
        assert watch.value("cells_differing") == 0
        assert "differs:" not in watch.said()

        kafka.stop()
        wait_until(lambda: (watch.value("failures_total") or 0) > 0, 90)
        assert "no audit: Kafka: " in watch.said()
        assert "Traceback" not in watch.said()
        last, cells = (
            watch.value(name) for name in ("last_success_timestamp_seconds", "cells_compared")
        )
        assert cells
        kafka.start()
        wait_until(lambda: watch.value("last_success_timestamp_seconds") != last, 90)
        assert watch.value("cells_differing") == 0

        made_up, changed = plant(floor)
        wait_until(lambda: watch.value("cells_differing"), 60)
        said = watch.said()
        assert f"call pbx {made_up}: only in the state; " in said
        assert f"call pbx {changed}: counted otherwise; " in said
        assert watch.stop() == 0
        assert not (tmp_path / "data" / "audit").exists()
    finally:
        watch.stop()
        floor.close()
