"""The lane on a real broker, under the faults it must survive: totals are exact, nothing lags."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.cimpl import NewPartitions

from tests.integration.lane_floor import Floor, wait_until
from tests.services.kafka import KafkaServer

STOPPED_ITSELF = 70


@pytest.fixture
def make_floor(tmp_path: Path) -> Iterator[Callable[..., Floor]]:
    """Makes floors with topics; their workers are killed at the end."""
    floors: list[Floor] = []

    def make(server: KafkaServer, **options: str) -> Floor:
        floor = Floor(server.client_settings(), tmp_path, **options)  # type: ignore[arg-type] # only `store` is passed here
        floors.append(floor)
        floor.create_topics()
        return floor

    yield make
    for floor in floors:
        floor.close()


MakeFloor = Callable[..., Floor]


@pytest.mark.parametrize("store", ["rocksdb", "memory"])
def test_killed_workers_leave_exact_totals(
    kafka: KafkaServer, make_floor: MakeFloor, store: str
) -> None:
    floor = make_floor(kafka, store=store)
    first, second = floor.start("a"), floor.start("b")
    wait_until(lambda: floor.owning(2))
    sending = floor.sending(5_000, per_second=500)
    time.sleep(2)
    first.kill()
    first.start()
    time.sleep(4)
    second.kill()
    first.kill()
    first.start()
    second.start()
    sending.join()
    floor.settle()
    assert floor.kinds["duplicate"] and floor.kinds["bad"]


def test_a_worker_that_joins_and_leaves_causes_no_replay(
    kafka: KafkaServer, make_floor: MakeFloor
) -> None:
    floor = make_floor(kafka)
    first = floor.start("a")
    wait_until(lambda: floor.owning(1))
    sending = floor.sending(5_000, per_second=400)
    time.sleep(1)
    second = floor.start("b")
    wait_until(lambda: floor.owning(2))
    time.sleep(1)
    assert second.leave() == 0
    left = floor.workers.pop("b").told()
    sending.join()
    floor.settle()
    assert (
        first.told()["events"] + left["events"] == floor.kinds["event"] + floor.kinds["duplicate"]
    )
    assert first.told()["refused"] == left["refused"] == 0


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(
    make_kafka: Callable[..., KafkaServer], make_floor: MakeFloor
) -> None:
    server = make_kafka()
    floor = make_floor(server)
    floor.environ["FLOORCAST_SESSION_TIMEOUT_MS"] = "10000"
    floor.start("a")
    floor.start("b")
    wait_until(lambda: floor.owning(2))
    sending = floor.sending(4_000, per_second=300)
    time.sleep(3)
    server.kill()
    time.sleep(1)
    server.start()
    sending.join()
    floor.settle()


def test_a_worker_paused_past_its_session_ends_itself_and_harms_nothing(
    kafka: KafkaServer, make_floor: MakeFloor
) -> None:
    floor = make_floor(kafka)
    paused = floor.start("a")
    floor.start("b")
    wait_until(lambda: floor.owning(2))
    sending = floor.sending(4_000, per_second=300)
    time.sleep(2)
    paused.signal(signal.SIGSTOP)
    time.sleep(6.5)
    paused.signal(signal.SIGCONT)
    assert paused.process.wait(10) == STOPPED_ITSELF
    assert "the consumer group has gone on without this worker" in paused.last_words()
    sending.join()
    floor.settle()


def test_recovery_ends_where_a_changelog_holds_no_more_records(
    kafka: KafkaServer, make_floor: MakeFloor
) -> None:
    floor = make_floor(kafka, store="memory")
    floor.send(1_000)
    worker = floor.start("a")
    floor.settle()
    worker.kill()
    producer = Producer(floor.client | {"transactional.id": floor.group})
    producer.init_transactions()
    for commit in (True, False):
        producer.begin_transaction()
        for partition in range(floor.partitions):
            segment = b'{"late": 1}' if commit else None
            producer.produce(f"{floor.group}-left-changelog", segment, b"x|w|0", partition)
        producer.flush()
        producer.commit_transaction() if commit else producer.abort_transaction()
    worker.start()
    wait_until(lambda: floor.owning(1))
    assert worker.told()["totals"]["left/x"] == [1, 1]
    assert worker.told()["recovery"][1] == 0


def test_a_committed_offset_below_the_start_of_the_log_stops_the_worker(
    kafka: KafkaServer, make_floor: MakeFloor
) -> None:
    floor = make_floor(kafka)
    floor.send(2_000)
    topic = next(iter(floor.inputs))
    consumer = Consumer(floor.client | {"group.id": floor.group})
    consumer.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    consumer.close()
    for done in floor.admin.delete_records([TopicPartition(topic, 0, 10)]).values():
        done.result()
    worker = floor.start("a")
    assert worker.process.wait(30) == STOPPED_ITSELF
    assert f"{topic}:0 was committed up to 3" in worker.last_words()
    assert "starts at 10: retention has removed 7 records" in worker.last_words()


def test_a_topic_with_other_partitions_than_its_neighbours_stops_the_worker(
    kafka: KafkaServer, make_floor: MakeFloor
) -> None:
    floor = make_floor(kafka)
    topic = next(iter(floor.inputs))
    for done in floor.admin.create_partitions([NewPartitions(topic, 5)]).values():
        done.result()
    worker = floor.start("a")
    assert worker.process.wait(30) == STOPPED_ITSELF
    assert "the same number of partitions" in worker.last_words()
    assert f"{topic} [0, 1, 2, 3, 4]" in worker.last_words()


def test_a_worker_that_the_group_refuses_says_so_and_ends(
    kafka: KafkaServer, make_floor: MakeFloor
) -> None:
    floor = make_floor(kafka)
    worker = floor.start("a", FLOORCAST_SESSION_TIMEOUT_MS="1000")
    assert worker.process.wait(30) == STOPPED_ITSELF
    assert "the consumer group cannot be joined: InvalidSessionTimeoutError" in worker.last_words()


def test_a_broker_that_asks_for_a_login_gets_it_from_consumer_and_producer(
    make_kafka: Callable[..., KafkaServer], make_floor: MakeFloor
) -> None:
    floor = make_floor(make_kafka(user="floor", password="pass w0rd"))
    floor.send(500)
    worker = floor.start("a")
    floor.settle()
    assert "w0rd" not in worker.log.read_text()


def test_an_input_that_stops_is_not_read_on_while_all_others_are(
    kafka: KafkaServer, make_floor: MakeFloor
) -> None:
    floor = make_floor(kafka)
    calls, surveys, _ = floor.inputs
    worker = floor.start("a")
    wait_until(lambda: floor.owning(1))
    producer = Producer(floor.client)
    stopped, other = ("s", 0), ("o", 1)

    def tell(topic: str, where: tuple[str, int], count: int) -> None:
        for number in range(count):
            event = {"key": where[0], "id": str(number), "revision": 1}
            producer.produce(topic, json.dumps(event).encode(), partition=where[1])

    tell(calls, stopped, 5)
    producer.produce(calls, b"stop", partition=stopped[1])
    tell(calls, stopped, 300)
    producer.flush()
    wait_until(lambda: floor.lag() == 301)
    tell(surveys, stopped, 7)
    tell(calls, other, 9)
    producer.flush()
    wait_until(lambda: floor.lag() == 301)
    assert worker.told()["totals"] == {"left/s": [7, 7], f"left/{other[0]}": [9, 9]}
    worker.kill()
    floor.start("a", TOY_IGNORE_STOP="1")
    floor.settle()
    assert floor.totals()["left/s"] == [300, 300]
