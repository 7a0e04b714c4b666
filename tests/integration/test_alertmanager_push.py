"""A real Alertmanager has what fires once, whoever tells it, and whatever happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sinks.alertmanager import AlertmanagerPusher
from streams.core.clock import SystemClock
from tests.integration.alert_floor import Book, Tried, until
from tests.services.alertmanager import AlertmanagerServer
from tests.services.programs import REPOSITORY
from tests.unit.alert_entries import TEXT, ack, end_of, mute, red

CONFIG = (REPOSITORY / "deploy/alertmanager/alertmanager.yml").read_text("utf-8")
Start = Callable[[str], AlertmanagerServer]
LOOK_S = 0.1


@asynccontextmanager
async def telling(
    server: AlertmanagerServer, *books: Book, url: str | None = None
) -> AsyncIterator[list[Tried]]:
    """One worker a book, each telling the server."""
    tries = [Tried() for _ in books]
    pushers = [
        AlertmanagerPusher(
            url or server.url,
            book.firing,
            book.clock,
            page_url="https://boards.example.com",
            tried=tried,
            look_s=LOOK_S,
        )
        for book, tried in zip(books, tries, strict=True)
    ]
    for one in pushers:
        await one.start()
    try:
        yield tries
    finally:
        for one in pushers:
            await one.stop()


async def held(server: AlertmanagerServer) -> list[dict[str, Any]]:
    """What the server has, asked beside the event loop."""
    return await asyncio.to_thread(server.alerts)


async def until_held(server: AlertmanagerServer, *reps: str) -> None:
    """Wait until it has just the alerts of these reps."""
    found: list[str] = []
    try:
        async with asyncio.timeout(20):
            while found != sorted(reps):
                await asyncio.sleep(0.1)
                found = sorted(one["labels"]["rep"] for one in await held(server))
    except TimeoutError:
        msg = f"has {found}, not {sorted(reps)}"
        raise AssertionError(msg) from None


def now_ms() -> int:
    return SystemClock().now_ms()


async def test_what_fires_is_there_once_though_two_workers_tell_it(
    alertmanager_server: Start,
) -> None:
    server, at_ms = alertmanager_server(CONFIG), now_ms()
    one, other = Book(), Book()
    for book in (one, other):
        book.hear(red("r-1", at_ms=at_ms - 3_600_000), red("r-2", at_ms=at_ms - 60_000))
    async with telling(server, one, other) as tries:
        await until(lambda: all(one.sent for one in tries), "a worker has told nothing")
        await until_held(server, "r-1", "r-2")
        (alert,) = [one for one in await held(server) if one["labels"]["rep"] == "r-1"]
    assert alert["labels"]["alertname"] == "FloorcastConversionDrop"
    assert alert["annotations"]["description"] == TEXT["en"]
    assert alert["annotations"]["text_zh"] == TEXT["zh"]
    assert alert["generatorURL"] == "https://boards.example.com/rep/r-1"
    assert [one["name"] for one in alert["receivers"]] == ["supervisors"]


async def test_what_recovers_is_acknowledged_or_muted_is_resolved(
    alertmanager_server: Start,
) -> None:
    server, at_ms, book = alertmanager_server(CONFIG), now_ms() - 60_000, Book()
    reds = [red(f"r-{n}", at_ms=at_ms) for n in range(4)]
    book.hear(*reds)
    async with telling(server, book):
        await until_held(server, "r-0", "r-1", "r-2", "r-3")
        book.hear(
            end_of(reds[0], at_ms=at_ms + 1),
            ack(reds[1], at_ms=at_ms + 1),
            mute("r-2", at_ms=at_ms + 1, until_ms=at_ms + 3_600_000),
        )
        await until_held(server, "r-3")


async def test_an_alertmanager_that_was_away_or_lost_everything_has_it_again(
    alertmanager_server: Start,
) -> None:
    server, book = alertmanager_server(CONFIG), Book()
    book.hear(red("r-1", at_ms=now_ms() - 60_000))
    async with telling(server, book) as (tried,):
        await until_held(server, "r-1")
        await asyncio.to_thread(server.kill)
        book.hear(red("r-2", at_ms=now_ms() - 60_000))
        await until(lambda: tried.failed > 0, "nobody has noticed that it is away")
        (server.folder / "data").rename(server.folder / "lost")
        await asyncio.to_thread(server.start, CONFIG)
        await until_held(server, "r-1", "r-2")


async def test_nothing_is_told_before_the_book_is_whole(alertmanager_server: Start) -> None:
    server, book = alertmanager_server(CONFIG), Book()
    first = red("r-1", at_ms=now_ms() - 60_000)
    book.whole = False
    book.hear(first)
    async with telling(server, book) as (tried,):
        await asyncio.sleep(5 * LOOK_S)
        assert (tried.sent, tried.failed) == (0, 0)
        book.hear(ack(first, at_ms=now_ms()), red("r-2", at_ms=now_ms() - 60_000))
        book.whole = True
        await until_held(server, "r-2")


async def test_a_wrong_path_is_said_and_tried_again(
    alertmanager_server: Start, caplog: Any
) -> None:
    server, book = alertmanager_server(CONFIG), Book()
    book.hear(red("r-1", at_ms=now_ms() - 60_000))
    wrong = server.url.replace("http://", "http://floor:pass@") + "/elsewhere"
    async with telling(server, book, url=wrong) as (tried,):
        await until(lambda: tried.failed > 1, "it is not tried again")
    assert f"alertmanager at {server.url} answers 404" in caplog.text
    assert "pass" not in caplog.text
