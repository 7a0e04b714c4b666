"""What a worker knows of its group before there is one."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer

from streams.engine.lane.membership import ConsumerThread


async def test_a_client_that_is_still_starting_belongs_to_no_group_and_has_no_complaint() -> None:
    thread = ConsumerThread.__new__(ConsumerThread)  # without a Faust app around it
    thread._consumer = AIOKafkaConsumer(bootstrap_servers="127.0.0.1:1")
    try:
        assert thread.group_error() is None
        generation, _ = thread.membership()
        assert generation == -1
    finally:
        await thread._consumer.stop()
