"""The producer and its commands on a real Kafka: nothing lost, doubled or on a wrong partition."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from producers.jsonl import line_of
from producers.kafka import EventProducer, KafkaUnavailable
from streams.cli.main import main
from streams.core.codec import decode_event
from streams.core.events import CALL_ENDED, SURVEY_SUBMITTED, CallEnded
from streams.core.partition import partition_of
from tests.services.kafka import KafkaServer

EXAMPLE = Path(__file__).parents[2] / "producers" / "csv_import" / "examples" / "calls.toml"
PARTITIONS = 7
KEYS = [
    *(f"r-{number:04d}" for number in range(400)),
    *("a" * length for length in range(1, 40)),
    *("张伟", "Zoë", "é", "e\u0301", "🎧", " ", "r 1", "\x1f"),
]


class Received(NamedTuple):
    """A record as the codec takes it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def make_topic(server: KafkaServer, name: str, partitions: int = PARTITIONS) -> str:
    admin = AdminClient(server.client_settings())
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
    return name


def read_all(server: KafkaServer, topic: str) -> list[Received]:
    """Every record of a topic, by partition and offset."""
    consumer = Consumer(
        server.client_settings() | {"group.id": str(uuid4()), "enable.auto.commit": False}
    )
    try:
        found = []
        for partition in consumer.list_topics(topic, 10).topics[topic].partitions:
            at = TopicPartition(topic, partition, 0)
            end = consumer.get_watermark_offsets(at, 10)[1]
            consumer.assign([at])
            while end and consumer.position([at])[0].offset < end:
                found += [received(message) for message in consumer.consume(1_000, 1.0)]
        return found
    finally:
        consumer.close()


def received(message: Message) -> Received:
    assert message.error() is None
    headers: Any = message.headers() or []
    place = (message.topic() or "", message.partition() or 0, message.offset() or 0)
    key: Any = message.key()
    value: Any = message.value()
    return Received(*place, message.timestamp()[1], key, value, headers)


def call(number: int, rep: str = "r-1") -> dict[str, Any]:
    return {
        "event_id": f"e-{number}",
        "source": "pbx-1",
        "occurred_at": "2026-03-02T10:00:00Z",
        "rep_id": rep,
        "call_id": f"c-{number}",
        "direction": "outbound",
        "result": "busy",
    }


@pytest.fixture
def floor(kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Settings of a floor of its own on the shared broker; gives its topics' prefix."""
    prefix = f"producers-{uuid4().hex[:8]}."
    monkeypatch.setenv("FLOORCAST_BROKERS", kafka.bootstrap)
    monkeypatch.setenv("FLOORCAST_TOPIC_PREFIX", prefix)
    monkeypatch.setenv("FLOORCAST_PARTITIONS", "3")
    yield prefix
    admin = AdminClient(kafka.client_settings())
    ours = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
    if ours:
        for done in admin.delete_topics(ours).values():
            done.result(30)


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_every_key_lands_on_the_partition_that_the_core_says(kafka: KafkaServer) -> None:
    topic = make_topic(kafka, f"keys-{uuid4().hex[:8]}")
    producer = EventProducer(kafka.client_settings())
    for key in KEYS:
        producer.send(topic, key, call(1, key))
    assert producer.flush(30)
    records = read_all(kafka, topic)
    assert len(records) == len(KEYS)
    for record in records:
        assert record.key is not None
        assert record.partition == partition_of(record.key, PARTITIONS)


def test_nothing_is_lost_doubled_or_reordered_when_the_broker_is_killed(
    make_kafka: Callable[..., KafkaServer],
) -> None:
    server = make_kafka()
    topic = make_topic(server, "calls", 3)
    producer = EventProducer(server.client_settings())
    total, keys = 30_000, 20
    for number in range(total):
        producer.send(topic, f"r-{number % keys}", call(number))
        if number == total // 4:
            while producer.delivered == 0:
                producer.poll(0.1)
            # From here on it answers nobody: what is sent is under way when it is killed.
            os.kill(server.pid, signal.SIGSTOP)
        if number == total // 2:
            server.kill()
            assert len(producer) > 0, "everything was delivered before the kill"
        if number == total * 3 // 4:
            server.start()
    assert producer.flush(90)
    assert (producer.sent, producer.delivered, producer.failed) == (total, total, 0)
    numbers = defaultdict(list)
    for record in read_all(server, topic):
        assert record.value is not None
        numbers[record.key].append(int(msgspec.json.decode(record.value)["event_id"][2:]))
    assert sum(map(len, numbers.values())) == total
    for of_key in numbers.values():
        assert of_key == sorted(set(of_key))


def test_a_full_queue_holds_the_sender_back_and_loses_nothing(kafka: KafkaServer) -> None:
    topic = make_topic(kafka, f"full-{uuid4().hex[:8]}")
    producer = EventProducer(kafka.client_settings(), queue_events=50)
    for number in range(5_000):
        producer.send(topic, "r-1", call(number))
        assert len(producer) <= 50
    assert producer.flush(30)
    assert len(read_all(kafka, topic)) == producer.delivered == 5_000


def test_what_has_no_acknowledgement_at_the_deadline_has_failed(
    make_kafka: Callable[..., KafkaServer],
) -> None:
    server = make_kafka()
    topic = make_topic(server, "calls")
    producer = EventProducer(server.client_settings())
    producer.send(topic, "r-1", call(0))
    assert producer.flush(30)
    server.kill()
    for number in range(10):
        producer.send(topic, "r-1", call(number))
    assert not producer.flush(1.0)
    assert (producer.sent, producer.delivered, producer.failed) == (11, 1, 10)
    assert len(producer.errors) == 5
    assert producer.errors[0].startswith(f"{topic}: no acknowledgement within 1 s")


def test_what_kafka_refuses_has_failed_and_its_neighbours_arrive(kafka: KafkaServer) -> None:
    topic = make_topic(kafka, f"large-{uuid4().hex[:8]}")
    producer = EventProducer(kafka.client_settings())
    producer.send(topic, "r-1", call(1))
    producer.send(topic, "r-1", call(2) | {"disposition": "x" * 2_000_000})
    producer.send(topic, "r-1", call(3))
    assert not producer.flush(30)
    assert (producer.sent, producer.delivered, producer.failed) == (3, 2, 1)
    assert "too large" in producer.errors[0].lower()
    assert len(read_all(kafka, topic)) == 2


def test_cloudevents_headers_are_read_by_the_codec_and_off_by_default(kafka: KafkaServer) -> None:
    for cloudevents in (True, False):
        topic = make_topic(kafka, f"headers-{uuid4().hex[:8]}", 1)
        producer = EventProducer(kafka.client_settings(), cloudevents=cloudevents)
        producer.send(topic, "r-1", call(1))
        assert producer.flush(30)
        (record,) = read_all(kafka, topic)
        assert bool(record.headers) == cloudevents
        assert decode_event(CALL_ENDED, record) == msgspec.convert(call(1), CallEnded)


def test_missing_topics_are_named_with_the_command_that_makes_them(kafka: KafkaServer) -> None:
    producer = EventProducer(kafka.client_settings(), topic_name=lambda name: f"nowhere.{name}")
    with pytest.raises(KafkaUnavailable, match=r"no topic nowhere\.call-ended.*topics create"):
        producer.check([CALL_ENDED])


def test_a_simulated_day_is_in_kafka_as_it_is_in_the_file(
    kafka: KafkaServer, floor: str, tmp_path: Path
) -> None:
    assert run("topics", "create") == 0
    start = (datetime.now(UTC) - timedelta(days=9)).date()
    floor_options = ["--reps", "3", "--teams", "2", "--start", str(start), "--days", "2"]
    file = tmp_path / "floor.jsonl"
    assert run("simulate", *floor_options, "--out", file) == 0
    assert run("simulate", *floor_options, "--kafka") == 0
    lines = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]
    assert len(lines) > 100
    for topic in {line["topic"] for line in lines}:
        records = read_all(kafka, floor + topic)
        wanted = [msgspec.json.encode(line["value"]) for line in lines if line["topic"] == topic]
        assert sorted(record.value or b"" for record in records) == sorted(wanted)
        for record in records:
            assert record.partition == partition_of(record.key or b"", 3)

    # Replayed, every record is there a second time, under the same key.
    assert run("replay", file) == 0
    again = read_all(kafka, floor + CALL_ENDED)
    calls = [line for line in lines if line["topic"] == CALL_ENDED]
    assert len(again) == 2 * len(calls)
    keys = [record.key or b"" for record in again]
    assert sorted(keys) == sorted(2 * [line["key"].encode() for line in calls])


def test_an_import_that_is_repeated_sends_the_same_events_under_the_same_keys(
    kafka: KafkaServer, floor: str, tmp_path: Path
) -> None:
    assert run("topics", "create") == 0
    rows, rejects = tmp_path / "calls.csv", tmp_path / "rejects.csv"
    head = "Agent,Number of call,Date,Time,Talk,Wrap,Result,Code,Rating"
    calls = [f"r-{n % 9},{n},03/02/2026,10:00:00,0:01:30,5,OK,SALE,{n % 5 + 1}" for n in range(60)]
    rows.write_text("\n".join([head, *calls, "VDAD,99,03/02/2026,10:00:00,,,NOANS,,"]) + "\n")
    for _ in range(2):
        assert run("import", EXAMPLE, rows, "--kafka", "--rejects", rejects) == 0
    assert len(rejects.read_text().splitlines()) == 2
    for topic in (CALL_ENDED, SURVEY_SUBMITTED):
        records = read_all(kafka, floor + topic)
        assert len(records) == 120
        assert len({record.value for record in records}) == 60
        for record in records:
            event = decode_event(topic, record)
            assert record.key == event.rep_id.encode()
            assert record.partition == partition_of(record.key, 3)


def test_a_command_whose_events_cannot_be_delivered_ends_with_exit_code_1(
    floor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(b"".join(line_of(CALL_ENDED, "r-1", call(number)) for number in range(3)))
    assert run("replay", file) == 1
    said = capsys.readouterr().err
    assert "3 of 3 events were not delivered" in said
    assert f"{floor}call-ended: " in said


def test_a_bad_line_ends_a_replay_and_what_stands_before_it_is_delivered(
    kafka: KafkaServer, floor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("topics", "create") == 0
    file = tmp_path / "calls.jsonl"
    file.write_bytes(line_of(CALL_ENDED, "r-1", call(1)) + b"{\n")
    assert run("replay", file, "--speed", "2") == 1
    said = capsys.readouterr().err
    assert "1 events delivered" in said
    assert f"{file}, line 2: " in said
    assert len(read_all(kafka, floor + CALL_ENDED)) == 1
