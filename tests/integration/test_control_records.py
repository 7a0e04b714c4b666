"""Topics that end in a transaction's marker, which no fetch ever returns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.builders import call
from tests.integration.floor import Floor, wait_until
from tests.services.kafka import KafkaServer


@pytest.fixture
def floor(kafka: KafkaServer, tmp_path: Path) -> Iterator[Floor]:
    made = Floor(kafka, tmp_path, partitions="1")
    yield made
    made.close()


def test_a_marker_at_the_end_of_an_input_is_no_lag(floor: Floor) -> None:
    producer = Producer(floor.settings.kafka() | {"transactional.id": "pbx"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(floor.settings.topic("call-ended"), json.dumps(call()).encode(), "ana")
    producer.commit_transaction(30)
    worker = floor.worker("one")

    def lag() -> float:
        return sum(lag for _, lag in worker.metrics("floorcast_consumer_lag_events"))

    wait_until(lambda: worker.by_topic("floorcast_events_accepted_total").total() == 1)
    wait_until(lambda: lag() == 0)
    assert worker.running
