"""Nothing that was put into the outbox is forgotten, whatever happens to who sends it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import pytest

from streams.engine.outbox import FEW, Outbox, Outgoing


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


class Batches:
    """Takes whole batches of at most `most` records too; refuses, loses and waits by first key."""

    def __init__(self, most: int = 10) -> None:
        self.one_by_one = Kafka()
        self.taken: dict[tuple[str, int], list[bytes | None]] = {}
        self.batches = 0
        self._most = most

    async def send(self, record: Outgoing) -> asyncio.Future[object]:
        future = await self.one_by_one.send(record)
        if record.partition is not None:
            self.taken.setdefault((record.topic, record.partition), []).append(record.key)
        return future

    async def send_batch(
        self, topic: str, partition: int, records: Sequence[Outgoing]
    ) -> tuple[int, asyncio.Future[object]]:
        future = await self.one_by_one.send(records[0])
        some = records[: self._most]
        self.taken.setdefault((topic, partition), []).extend(one.key for one in some)
        self.batches += 1
        return len(some), future

    def outbox(self) -> Outbox:
        return Outbox(self.send, self.send_batch)


def keys(numbers: Iterable[int]) -> list[bytes]:
    return [b"%d" % number for number in numbers]


def put_many(outbox: Outbox, names: Iterable[bytes], topic: str = "topic") -> None:
    """Into three partitions in turn."""
    for number, key in enumerate(names):
        outbox.put(Outgoing(topic, key, b"", number % 3))


async def test_much_goes_in_batches_in_the_order_of_each_partition() -> None:
    kafka = Batches()
    outbox = kafka.outbox()
    put_many(outbox, keys(range(300)))
    put_many(outbox, keys(range(30)), "another")
    outbox.put(Outgoing("topic", b"300", b"", 0))
    outbox.put(Outgoing("topic", b"anywhere", b""))
    await outbox.acknowledged()
    for partition in range(3):
        first = keys(range(partition, 300, 3))
        assert kafka.taken["topic", partition] == first + ([b"300"] if partition == 0 else [])
        assert kafka.taken["another", partition] == keys(range(partition, 30, 3))
    assert kafka.batches == 3 * (10 + 1)
    assert b"anywhere" in kafka.one_by_one.taken


async def test_little_goes_one_by_one() -> None:
    kafka = Batches()
    outbox = kafka.outbox()
    put_many(outbox, keys(range(FEW)))
    await outbox.acknowledged()
    assert kafka.batches == 0
    assert kafka.one_by_one.taken == keys(range(FEW))


async def test_a_sender_that_is_cancelled_between_batches_loses_and_repeats_nothing() -> None:
    kafka = Batches()
    outbox = kafka.outbox()
    names = keys(range(100))
    names[30] = b"slow"  # the first of a second batch
    put_many(outbox, names)
    sender = asyncio.create_task(outbox.send())
    while not kafka.batches:
        await asyncio.sleep(0)
    sender.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sender
    put_many(outbox, [b"a", b"b", b"c"])
    kafka.one_by_one.go_on.set()
    await outbox.acknowledged()
    for partition, last in enumerate((b"a", b"b", b"c")):
        assert kafka.taken["topic", partition] == [*names[partition::3], last]


@pytest.mark.parametrize("key", [b"bad", b"lost"])
async def test_a_batch_that_was_refused_stops_every_commit_from_then_on(key: bytes) -> None:
    kafka = Batches()
    outbox = kafka.outbox()
    put_many(outbox, [key, *keys(range(60))])
    for _ in range(2):
        with pytest.raises((ValueError, ConnectionError)):
            await outbox.acknowledged()


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
