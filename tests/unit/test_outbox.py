"""Nothing that was put into the outbox is forgotten, whatever happens to who sends it."""

from __future__ import annotations

import asyncio

import pytest

from streams.engine.outbox import Outbox, Outgoing


class Kafka:
    """Takes records one by one; refuses those whose key is `bad`, and waits at a `slow` one."""

    def __init__(self) -> None:
        self.taken: list[bytes | None] = []
        self.go_on = asyncio.Event()

    async def send(self, record: Outgoing) -> asyncio.Future[object]:
        if record.key == b"bad":
            raise ValueError("too large")
        if record.key == b"slow":
            await self.go_on.wait()
        self.taken.append(record.key)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if record.key == b"lost":
            future.set_exception(ConnectionError("the broker went away"))
        else:
            future.set_result(None)
        return future


def put(outbox: Outbox, *keys: bytes) -> None:
    for key in keys:
        outbox.put(Outgoing("topic", key, b""))


async def test_a_sender_that_is_cancelled_loses_nothing() -> None:
    kafka = Kafka()
    outbox = Outbox(kafka.send)
    put(outbox, b"1", b"slow", b"2", b"3")
    sender = asyncio.create_task(outbox.send())
    while kafka.taken != [b"1"]:
        await asyncio.sleep(0)
    sender.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sender
    kafka.go_on.set()
    await outbox.acknowledged()
    assert kafka.taken == [b"1", b"slow", b"2", b"3"]


@pytest.mark.parametrize("key", [b"bad", b"lost"])
async def test_what_was_refused_stops_every_commit_from_then_on(key: bytes) -> None:
    kafka = Kafka()
    outbox = Outbox(kafka.send)
    put(outbox, b"1", key, b"2")
    await outbox.send()
    for _ in range(2):
        with pytest.raises((ValueError, ConnectionError)):
            await outbox.acknowledged()


async def test_records_go_out_in_the_order_they_were_put() -> None:
    kafka = Kafka()
    outbox = Outbox(kafka.send)
    put(outbox, b"1", b"2")
    put(outbox, b"3")
    await asyncio.gather(outbox.send(), outbox.send())
    assert kafka.taken == [b"1", b"2", b"3"]
