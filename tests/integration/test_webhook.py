"""A receiver gets each message, signed, though it is away, refuses, or two workers post."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from msgspec import json

from sinks.webhook import WebhookPusher
from streams.core.clock import SystemClock
from tests.integration.alert_floor import Book, Tried, until
from tests.services.ports import free_port
from tests.services.programs import REPOSITORY
from tests.unit.alert_entries import TEXT, ack, end_of, red

SECRET = "a secret of the receiver's"
LOOK_S = 0.05
README = (REPOSITORY / "sinks/README.md").read_text("utf-8")


class Receiver:
    """An HTTP server that keeps what it is sent; `answer` is its status."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook?key=opens-the-door"
        self.answer: Callable[[dict[str, Any]], int] = lambda _: 204
        self.got: list[tuple[dict[str, str], bytes]] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def messages(self) -> list[dict[str, Any]]:
        """The bodies in the order they came."""
        return [json.decode(body) for _, body in self.got]

    def ids(self) -> list[str]:
        return [one["id"] for one in self.messages()]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = self.answer(json.decode(body))
        if status < 300:
            self.got.append((dict(request.headers), body))
        return web.Response(status=status, text="not now")


@asynccontextmanager
async def posting(receiver: Receiver, *books: Book, **options: Any) -> AsyncIterator[Tried]:
    tried = Tried()
    pushers = [
        WebhookPusher(
            receiver.url,
            SECRET,
            book.entries,
            book.clock,
            tried=tried,
            look_s=LOOK_S,
            page_url="https://boards.example.com",
            **options,
        )
        for book in books
    ]
    for one in pushers:
        await one.start()
    try:
        yield tried
    finally:
        for one in pushers:
            await one.stop()
        await receiver.stop()


def now_ms() -> int:
    return SystemClock().now_ms()


async def test_a_red_and_its_recovery_are_posted_once_each() -> None:
    receiver, book = Receiver(), Book()
    await receiver.start()
    alert = red("r-1", at_ms=now_ms() - 60_000)
    book.hear(alert)
    async with posting(receiver, book):
        await until(lambda: len(receiver.got) == 1, "no red came")
        book.hear(end_of(alert, at_ms=now_ms()))
        await until(lambda: len(receiver.got) == 2, "no recovery came")
        first, second = receiver.messages()
    assert (first["event"], first["text"], first["text_zh"]) == ("red", TEXT["en"], TEXT["zh"])
    assert first["link"] == "https://boards.example.com/rep/r-1"
    assert first["alert"]["rep_id"] == "r-1"
    assert (second["event"], second["why"]) == ("recovered", "evidence")
    assert second["text"].startswith("Recovered.")
    assert [headers["Floorcast-Id"] for headers, _ in receiver.got] == receiver.ids()


async def test_a_receiver_that_is_away_gets_it_when_it_is_back(caplog: Any) -> None:
    receiver, book = Receiver(), Book()
    book.hear(red("r-1", at_ms=now_ms() - 60_000))
    async with posting(receiver, book) as tried:
        await until(lambda: tried.failed > 0, "nobody has noticed that it is away")
        await receiver.start()
        await until(lambda: tried.sent == 1, "it was not posted when it was back")
    assert receiver.ids() == [f"{one['alert']['alert_id']}:red" for one in receiver.messages()]
    assert "opens-the-door" not in caplog.text


async def test_a_message_that_is_refused_does_not_hold_up_the_next() -> None:
    receiver, book = Receiver(), Book()
    await receiver.start()
    receiver.answer = lambda message: 400 if message["alert"]["rep_id"] == "r-1" else 200
    at_ms = now_ms() - 60_000
    book.hear(red("r-1", at_ms=at_ms), red("r-2", at_ms=at_ms + 1))
    async with posting(receiver, book) as tried:
        await until(lambda: tried.failed > 1, "what was refused is not tried again")
        assert receiver.ids() == [f"r-2-{at_ms + 1}:red"]
        receiver.answer = lambda _: 200
        await until(lambda: len(receiver.got) == 2, "what was refused never came")


async def test_of_two_workers_the_owner_posts() -> None:
    receiver, one, other = Receiver(), Book(), Book()
    await receiver.start()
    for book in (one, other):
        book.hear(red("r-1", at_ms=now_ms() - 60_000), red("r-2", at_ms=now_ms() - 60_000))
    async with (
        posting(receiver, one, mine=lambda alert: alert.rep_id == "r-1"),
        posting(receiver, other, mine=lambda alert: alert.rep_id == "r-2"),
    ):
        await until(lambda: len(receiver.got) >= 2, "a message is missing")
    assert sorted(message["alert"]["rep_id"] for message in receiver.messages()) == ["r-1", "r-2"]


async def test_what_somebody_has_in_hand_is_not_posted() -> None:
    receiver, book = Receiver(), Book()
    await receiver.start()
    first, second = red("r-1", at_ms=now_ms() - 60_000), red("r-2", at_ms=now_ms() - 60_000)
    book.hear(first, second, ack(first, at_ms=now_ms()))
    async with posting(receiver, book):
        await until(lambda: len(receiver.got) == 1, "no red came")
    assert receiver.messages()[0]["alert"]["rep_id"] == "r-2"


async def test_the_readmes_receiver_knows_who_sent_it_and_when() -> None:
    """The snippet is taken as it stands there."""
    (snippet,) = re.findall(r"```python\n(.+?)```", README, re.DOTALL)
    known: dict[str, Any] = {}
    exec(compile(snippet, "README", "exec"), known)
    from_floorcast = known["from_floorcast"]
    receiver, book = Receiver(), Book()
    await receiver.start()
    book.hear(red("r-1", at_ms=now_ms() - 60_000))
    async with posting(receiver, book):
        await until(lambda: len(receiver.got) == 1, "no red came")
    ((headers, body),) = receiver.got
    said, now_s = headers["Floorcast-Signature"], now_ms() // 1000
    assert from_floorcast(body, said, SECRET, now_s)
    assert not from_floorcast(body + b" ", said, SECRET, now_s)
    assert not from_floorcast(body, said, "another secret", now_s)
    assert not from_floorcast(body, said, SECRET, now_s + 301)
    later = said.replace(f"t={said[2:].split(',')[0]}", f"t={now_s + 300}")
    assert not from_floorcast(body, later, SECRET, now_s + 300)
    for broken in ("", "v1=00", "t=now,v1=00", "nothing"):
        assert not from_floorcast(body, broken, SECRET, now_s)
