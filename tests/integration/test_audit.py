"""totals, explain and audit on a real Kafka that holds a floor, its state and its dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from producers.simulator import floor_profile, plan_text, simulate
from streams.cli.main import cli
from streams.core.codec import ORIGIN_TOPIC
from streams.core.dead_letter import SUFFIX
from streams.core.events import CALL_ENDED
from streams.settings import Settings
from streams.topics import SCOREBOARD_TABLE, all_topics, changelog, kinds_by_topic
from tests.property.counted_floor import CountedFloor
from tests.services.kafka import KafkaServer

START_MS = int(datetime(2026, 3, 27, tzinfo=UTC).timestamp() * 1000)


class Site:
    """A counted floor put on Kafka as workers would have left it."""

    def __init__(self, kafka: KafkaServer, name: str, plan: Path) -> None:
        self.settings = Settings(
            brokers=kafka.bootstrap, topic_prefix=f"{name}.", partitions=3, plan=str(plan)
        )
        self.environ = {
            "FLOORCAST_BROKERS": kafka.bootstrap,
            "FLOORCAST_TOPIC_PREFIX": f"{name}.",
            "FLOORCAST_PARTITIONS": "3",
            "FLOORCAST_PLAN": str(plan),
        }
        self.floor = CountedFloor(plan.read_text(), "UTC", 400, 500)
        self.producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        names = {topic.name for topic in all_topics(self.settings)}
        # The events are of an earlier year: the broker would remove them after half a minute.
        kept = {"retention.ms": "-1"}
        for made in admin.create_topics([NewTopic(n, 3, 1, config=kept) for n in names]).values():
            made.result()

    def count(self) -> list[dict[str, Any]]:
        """Count everything in memory and write all of it to Kafka; the rows."""
        rows = self.floor.rows()
        for (topic, partition), log in self.floor.logs.items():
            for record in log:
                self.producer.produce(
                    self.settings.topic(topic),
                    record.value,
                    record.key,
                    partition,
                    timestamp=record.timestamp,
                    headers=dict(record.headers),
                )
            self.producer.flush(30)
        state = changelog(self.settings, SCOREBOARD_TABLE)
        for partition, key, segment in self.floor.segments:
            self.producer.produce(state, segment, key, partition)
        for letter in self.floor.dead_letters:
            headers: dict[str, str | bytes | None] = dict(letter.headers)
            headers[ORIGIN_TOPIC] = self.settings.topic(letter.topic.removesuffix(SUFFIX))
            topic = self.settings.topic(letter.topic)
            self.producer.produce(topic, letter.value, letter.key, headers=headers)
        assert self.producer.flush(30) == 0
        return rows

    def commit(self, less: int = 0) -> None:
        """Commit every input to its end, calls `less` events before theirs."""
        group = {"bootstrap.servers": self.settings.brokers, "group.id": self.settings.group}
        consumer = Consumer(group)
        for topic, kind in kinds_by_topic(self.settings).items():
            offsets = [len(self.floor.logs[kind, p]) for p in range(3)]
            behind = less if kind == CALL_ENDED else 0
            marks = [TopicPartition(topic, p, max(o - behind, 0)) for p, o in enumerate(offsets)]
            consumer.commit(offsets=marks, asynchronous=False)
        consumer.close()

    def run(self, *args: str) -> Result:
        """A command's outcome."""
        return CliRunner().invoke(cli, list(args), env=self.environ, catch_exceptions=False)


@pytest.fixture
def site(kafka: KafkaServer, tmp_path: Path) -> Iterator[Site]:
    profile = floor_profile(8, 2, 5, lively=4)
    plan = tmp_path / "plan.toml"
    plan.write_text(plan_text(profile))
    found = Site(kafka, f"audit-{uuid4().hex[:8]}", plan)
    for n, arrival in enumerate(simulate(profile, START_MS, START_MS + 2 * 86_400_000)):
        # Every hundredth comes without a key, as from a PBX that sends none; some are broken.
        key = None if n % 100 == 0 else arrival.key.encode()
        value = json.dumps(arrival.value).encode()
        found.floor.send(arrival.topic, key, value, arrival.arrival_ms)
        if n % 500 == 0:
            found.floor.send(arrival.topic, key, b"{broken", arrival.arrival_ms)
    yield found


def test_a_floor_that_is_counted_right_is_clean_and_its_totals_are_printed(site: Site) -> None:
    rows = site.count()
    site.commit()

    printed = site.run("totals", "--json")
    assert [json.loads(line) for line in printed.stdout.splitlines()] == rows
    rep, date = rows[0]["rep_id"], rows[0]["date"]
    one = site.run("totals", "--json", "--rep", rep, "--from", date, "--to", date)
    assert [json.loads(line) for line in one.stdout.splitlines()] == rows[:1]

    explained = site.run("explain", "--rep", rep, "--date", date, "--json")
    parts = [json.loads(line) for line in explained.stdout.splitlines()]
    assert sum("dials" in part.get("counts", ()) for part in parts) == rows[0]["dials"]
    assert site.run("explain", "--rep", rep, "--date", "2020-01-01").exit_code == 1

    audited = site.run("audit", "--json", "--wait", "5")
    findings = json.loads(audited.stdout)
    assert audited.exit_code == 0
    assert findings["clean"]
    assert (findings["rep_days"], findings["differing"]) == (len(rows), 0)
    assert findings["cells"] > 28 * len(rows)
    assert len(site.floor.dead_letters) > 3  # and none of them was counted


def test_a_number_that_is_wrong_is_found_and_the_events_behind_it_are_shown(site: Site) -> None:
    rows = site.count()
    site.commit()
    lost = json.dumps({**json.loads(_a_call(site)), "call_id": "never-counted"}).encode()
    calls = site.floor.logs[CALL_ENDED, 0]
    site.floor.send(CALL_ENDED, calls[-1].key, lost, calls[-1].timestamp)
    site.producer.produce(
        site.settings.topic(CALL_ENDED), lost, calls[-1].key, 0, timestamp=calls[-1].timestamp
    )
    assert site.producer.flush(30) == 0
    site.commit()  # as if it had been counted
    audited = site.run("audit", "--wait", "5")
    assert audited.exit_code == 1
    assert " dials: recounted " in audited.stdout
    assert " never-counted: not in the state; " in audited.stdout
    place = f"{site.settings.topic(CALL_ENDED)}:0 offset {len(calls) - 1}: upsert, revision 0, "
    assert place in audited.stdout
    assert f"{len(rows)} rep-days compared" in audited.stdout


def test_when_the_first_events_are_removed_what_rests_on_the_others_is_compared(site: Site) -> None:
    rows = site.count()
    site.commit()
    whole = json.loads(site.run("audit", "--json", "--wait", "5").stdout)
    name = site.settings.topic(CALL_ENDED)
    half = len(site.floor.logs[CALL_ENDED, 0]) // 2
    admin = AdminClient({"bootstrap.servers": site.settings.brokers})
    for done in admin.delete_records([TopicPartition(name, 0, half)]).values():
        done.result(30)

    audited = site.run("audit", "--json", "--wait", "5")
    findings = json.loads(audited.stdout)
    assert audited.exit_code == 0
    assert findings["removed"] == {f"{name}:0": half}
    assert findings["not_auditable"] >= half // 2
    assert (findings["differing"], findings["in_flight"]) == (0, 0)
    assert 0 < findings["cells"] < whole["cells"]
    assert findings["rep_days"] <= len(rows)

    calls = site.floor.logs[CALL_ENDED, 0]
    lost = json.dumps({**json.loads(_a_call(site)), "call_id": "never-counted"}).encode()
    site.producer.produce(name, lost, calls[-1].key, 0, timestamp=calls[-1].timestamp)
    assert site.producer.flush(30) == 0
    site.floor.send(CALL_ENDED, calls[-1].key, lost, calls[-1].timestamp)
    site.commit()
    audited = site.run("audit", "--wait", "5")
    assert audited.exit_code == 1
    assert "left out: not auditable" in audited.stdout
    assert " never-counted: not in the state; " in audited.stdout


def test_events_that_wait_to_be_counted_are_told_and_left_out_on_both_sides(site: Site) -> None:
    site.count()
    site.commit(less=3)
    audited = site.run("audit", "--json", "--wait", "0")
    findings = json.loads(audited.stdout)
    assert audited.exit_code == 1
    assert sum(findings["lag"].values()) == 9
    assert findings["differing"] == 0
    # Nine records, broken ones among them, of which each may be about an entity of its own.
    assert 1 <= findings["in_flight"] <= 9


def _a_call(site: Site) -> bytes:
    """The value of a good call of partition 0."""
    values = [record.value for record in site.floor.logs[CALL_ENDED, 0] if record.key]
    return next(value for value in reversed(values) if value and value != b"{broken")
