"""A generation that follows another writes no dead letter twice, and forgets none."""

from __future__ import annotations

import asyncio

import pytest

from streams.core.codec import ORIGIN_OFFSET, ORIGIN_PARTITION, ORIGIN_TOPIC
from streams.engine import quiet_outbox
from streams.engine.outbox import Outgoing
from streams.engine.predecessor import Predecessor
from streams.engine.quiet_outbox import QuietOutbox
from streams.settings import Settings

INPUT, LETTERS, STOPS = "call-ended", "call-ended.dead-letter", "input-stops"


class Before(Predecessor):
    """A generation before that has counted up to `at`, and one event more with each look."""

    def __init__(self, at: int, step: int = 0) -> None:
        super().__init__(Settings(partitions=1))
        self.at, self.step = at, step

    async def look(self) -> None:
        self.at += self.step
        self._passed[INPUT, 0] = self.at


def outbox(before: Predecessor, *, live: bool) -> tuple[QuietOutbox, list[Outgoing]]:
    sent: list[Outgoing] = []

    async def send(record: Outgoing) -> asyncio.Future[object]:
        sent.append(record)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    return QuietOutbox(send, before, [LETTERS], [STOPS], live=live), sent


def letter(offset: int) -> Outgoing:
    headers = [
        (ORIGIN_TOPIC, INPUT.encode()),
        (ORIGIN_PARTITION, b"0"),
        (ORIGIN_OFFSET, b"%d" % offset),
    ]
    return Outgoing(LETTERS, None, b"bad", 0, headers)


def offsets(sent: list[Outgoing]) -> list[int]:
    return [int(dict(record.headers)[ORIGIN_OFFSET]) for record in sent]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet_outbox, "PATIENCE_S", 0.05)
    monkeypatch.setattr(quiet_outbox, "LOOK_S", 0.005)


@pytest.mark.parametrize("live", [False, True])
async def test_what_the_one_before_has_passed_it_has_told(live: bool) -> None:
    box, sent = outbox(Before(10), live=live)
    for offset in (3, 9, 10, 11):
        box.put(letter(offset))
    await box.send()
    assert sent == []  # not before it is known what the one before has done
    await box.acknowledged()
    assert offsets(sent) == [10, 11]
    assert box.dropped == 2


async def test_a_rebuild_waits_a_moment_for_the_one_before_to_pass_a_bad_event() -> None:
    box, sent = outbox(Before(10, step=1), live=False)
    box.put(letter(12))
    await box.acknowledged()
    assert (sent, box.dropped) == ([], 1)


async def test_without_one_before_everything_is_told() -> None:
    box, sent = outbox(Before(0), live=True)
    box.put(letter(0))
    await box.acknowledged()
    assert offsets(sent) == [0]


async def test_stops_are_told_once_it_is_live_and_all_else_at_once() -> None:
    box, sent = outbox(Before(0), live=False)
    stop, posting = Outgoing(STOPS, b"k", b"v", 0), Outgoing("deal-postings.g1", b"k", b"v")
    box.put(stop)
    box.put(posting)
    await box.send()
    assert sent == [posting]
    box.live = True
    box.put(stop)
    await box.acknowledged()
    assert sent == [posting, stop]
