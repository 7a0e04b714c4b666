"""Dead letters of a real floor: found, sent again, counted once, deleted where that is honest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.cli.kafka_read import Record
from streams.core.dead_letter import dead_letter
from streams.core.errors import MalformedEvent
from streams.core.events import CALL_ENDED, DEAL_CLOSED
from streams.core.partition import partition_of
from tests.builders import call, deal
from tests.integration.floor import Floor, Row
from tests.integration.mixed_events import Sending
from tests.services.kafka import KafkaServer

AT = "2025-03-07T10:00:00Z"
PARTITIONS = 2
REP = next(f"rep-{n}" for n in range(99) if partition_of(b"rep-%d" % n, PARTITIONS) == 0)


def event(topic: str, **fields: Any) -> bytes:
    """An event of REP that counts, unless the fields spoil it."""
    made = (deal if topic == DEAL_CLOSED else call)(rep_id=REP, occurred_at=AT, **fields)
    return json.dumps(made).encode()


class OldRelease:
    """A floor whose older release rejected everything sent so far, though it is good."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor

    def reject(self, *events: Sending) -> list[Record]:
        """Send events that become dead letters, and are passed over by the release of today."""
        self.floor.send(events)
        topics = sorted({one.topic for one in events})
        records = self.floor.read(*topics)
        producer = Producer(self.floor.settings.kafka() | {"log_level": 0})
        for record in records:
            letter = dead_letter(record, MalformedEvent("schema", "$.op", "a field of tomorrow"))
            headers: list[tuple[str, str | bytes | None]] = [*letter.headers]
            producer.produce(
                letter.topic, letter.value, letter.key, record.partition, headers=headers
            )
        assert producer.flush(30) == 0
        settings = self.floor.settings
        consumer = Consumer(settings.kafka() | {"group.id": settings.group})
        marks = {(r.topic, r.partition): r.offset + 1 for r in records}
        consumer.commit(
            offsets=[TopicPartition(*at, n) for at, n in marks.items()], asynchronous=False
        )
        consumer.close()
        # It wrote nothing of what its state rests on; whoever upgrades from it says so once.
        assert self.floor.run("topics", "accept").exit_code == 0
        return records


@pytest.fixture
def floor(kafka: KafkaServer, tmp_path: Path) -> Iterator[Floor]:
    found = Floor(kafka, tmp_path, partitions=str(PARTITIONS))
    yield found
    found.close()


def listed(floor: Floor, *options: str) -> list[Row]:
    """What `dead-letters list --json` prints."""
    done = floor.run("dead-letters", "list", "--json", *options)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(floor: Floor, *args: str, code: int = 0) -> str:
    """What a subcommand prints; it must end with that exit code."""
    done = floor.run("dead-letters", *args)
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return " ".join(done.output.split())


def test_a_letter_sent_again_counts_once_with_the_version_of_its_first_place(
    floor: Floor,
) -> None:
    old = OldRelease(floor).reject(
        Sending(CALL_ENDED, "the-pbx", event(CALL_ENDED, call_id="c1")),
        Sending(CALL_ENDED, REP, event(CALL_ENDED, call_id="c2")),
        Sending(DEAL_CLOSED, "the-crm", event(DEAL_CLOSED, deal_id="d1", closed_at=AT)),
    )
    # Corrected since: the first place of a letter is older, whenever it is sent again.
    newer = event(CALL_ENDED, call_id="c2", talk_ms=99_000)
    floor.worker("a")
    floor.send([Sending(CALL_ENDED, REP, newer)])
    floor.settle()
    floor.audit()
    assert sum(row["dials"] for row in floor.totals()) == 1

    assert "3 events" not in run(floor, "list", "--reason", "lines")
    told = run(floor, "resubmit", "--dry-run")
    assert f"under '{REP}', partition 0" in told
    assert "2 events go to" in told
    assert floor.read(DEAL_CLOSED)[1:] == []

    for _ in range(2):
        assert "sent 3 events again" in run(floor, "resubmit", "--yes")
        floor.settle()
        (row,) = floor.totals()
        assert (row["dials"], row["talk_ms"]) == (2, 60_000 + 99_000)
        assert (row["deals_gross"], row["revenue_net"]) == ("1.0000", {"EUR": 10_000})
        floor.audit()
    assert floor.workers["a"].by_topic("floorcast_events_misrouted_total").total() == 0
    assert len(listed(floor)) == 3

    done = floor.run("explain", "--rep", REP, "--date", AT[:10], "--json")
    told_of = {one["id"]: one for one in map(json.loads, done.stdout.splitlines())}
    first = next(r for r in old if b'"c1"' in (r.value or b""))
    assert told_of["c1"]["origin_ms"] == first.timestamp
    assert told_of["c1"].get("origin_offset", 0) == first.offset


def test_what_is_bad_still_stays_and_when_forced_comes_back_once_and_is_told(
    floor: Floor,
) -> None:
    floor.worker("a")
    bad = event(CALL_ENDED, call_id="c1", talk_ms="long")
    floor.send([Sending(CALL_ENDED, REP, bad), Sending(CALL_ENDED, REP, b"\xff{")])
    floor.send([Sending(CALL_ENDED, REP, event(CALL_ENDED, call_id="c2"))])
    floor.settle()
    letters = {one["source"]: one for one in listed(floor)}
    assert letters.keys() == {"pbx", "?"}
    assert listed(floor, "--source", "?", "--input", "call-ended:0") == [letters["?"]]
    assert listed(floor, "--source", "?", "--input", "call-ended:1") == []

    shown = run(floor, "show", letters["?"]["id"])
    assert "00000000 ff 7b" in shown
    assert "$.talk_ms" in run(floor, "show", letters["pbx"]["id"].replace(".dead-letter", ""))
    assert "there is no letter" in run(floor, "show", "call-ended:1:999", code=1)

    told = run(floor, "resubmit", "--yes", code=1)
    assert "`talk_ms` is" in told
    assert "nothing to send" in told
    assert len(listed(floor)) == 2

    for number in (1, 2):
        assert "sent 1 events again" in run(
            floor, "resubmit", "--source", "pbx", "--force", "--yes"
        )
        floor.settle()
        rounds = [one["resubmitted"] for one in listed(floor, "--source", "pbx")]
        assert rounds == list(range(number + 1))
        floor.audit()
    table = run(floor, "list")
    assert "2 times" in table
    assert "schema 3 1 " in table


def test_a_letter_that_audit_needs_stays_and_others_can_be_deleted(floor: Floor) -> None:
    floor.worker("a")
    bad = [Sending(CALL_ENDED, REP, b"{%d" % n) for n in range(3)]
    floor.send([*bad, Sending(CALL_ENDED, REP, event(CALL_ENDED))])
    floor.settle()
    topic = floor.settings.topic(CALL_ENDED)

    assert "say which letters" in run(floor, "purge", code=2)
    told = run(floor, "purge", "--all", "--yes", code=1)
    assert "3 chosen letters stay, for their events are still in the input" in told
    assert "nothing was done" in run(floor, "purge", "--all", "--force", code=1)
    assert len(listed(floor)) == 3

    admin = AdminClient(floor.settings.kafka() | {"log_level": 0})
    admin.delete_records([TopicPartition(topic, 0, 2)])[TopicPartition(topic, 0)].result()
    told = run(floor, "purge", "--all", "--dry-run", code=1)
    assert "2 letters go, all before offset 2" in told
    assert len(listed(floor)) == 3
    run(floor, "purge", "--all", "--yes", code=1)
    (left,) = listed(floor)
    assert left["origin"]["offset"] == 2

    told = run(floor, "purge", "--all", "--force", "--yes")
    assert "audit" in told
    assert listed(floor) == []
    assert "no dead letters" in run(floor, "list")


def test_after_a_forced_purge_audit_reports_what_the_command_said(floor: Floor) -> None:
    floor.worker("a")
    floor.send([Sending(CALL_ENDED, REP, b"{"), Sending(CALL_ENDED, REP, event(CALL_ENDED))])
    floor.settle()
    floor.audit()
    assert "reports each as unreadable" in run(floor, "purge", "--all", "--force", "--yes")
    audited = floor.run("audit", "--json", "--wait", "5")
    assert audited.exit_code == 1
    assert json.loads(audited.stdout)["unreadable"] == [
        {"topic": CALL_ENDED, "partition": 0, "offset": 0}
    ]
