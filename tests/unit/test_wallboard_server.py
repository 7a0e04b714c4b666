"""The page's server, asked as a browser asks it."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, ClientSession

from sinks.wallboard import hub as hubs
from sinks.wallboard.hub import Hub, Viewer
from sinks.wallboard.model import BoardModel, WallboardSink
from sinks.wallboard.pages import STATIC, Drill
from sinks.wallboard.server import PageServer, check_host, serve
from sinks.wallboard.view import ViewKey
from sinks.wallboard.wire import GZIP_HEAD, START_OVER, Message
from streams.core.board import decode_board
from streams.core.clock import ManualClock
from streams.core.errors import PipelineError, SettingsError
from streams.core.explain import Explained
from tests.browser.floor import news, rep

NOW = 1_800_000_000_000
KEY = ViewKey("today", None, "deals_net")


@pytest.fixture
def model() -> BoardModel:
    model = BoardModel(ManualClock(NOW), team_names={"north": "North"}, partitions=2)
    model.take(news(NOW, *(rep(number) for number in range(12))))
    return model


@pytest_asyncio.fixture
async def page(model: BoardModel) -> AsyncIterator[PageServer]:
    server = await serve(model, "127.0.0.1", 0)
    yield server
    await server.close()


@pytest_asyncio.fixture
async def client(page: PageServer) -> AsyncIterator[ClientSession]:
    async with ClientSession(page.url) as session:
        yield session


async def message(stream: ClientResponse) -> tuple[str, Any]:
    """The next message of a stream that is not the retry time, alerts or a pulse."""
    event = ""
    async for line in stream.content:
        if line.startswith(b"event: "):
            event = line.decode().strip().removeprefix("event: ")
        if line.startswith(b"data: ") and event not in ("pulse", "alerts"):
            return event, json.loads(line.removeprefix(b"data: "))
    msg = "the stream ended"
    raise AssertionError(msg)


async def test_the_board_is_the_board_of_everybody_else(
    model: BoardModel, client: ClientSession
) -> None:
    answer = await client.get("/api/board?window=60m&team=north&sort=contacts")

    assert decode_board(await answer.read()) == model.board("60m", team="north", sort="contacts")


@pytest.mark.parametrize(
    ("query", "says"),
    [("window=yesterday", "no such window"), ("sort=deals", "did you mean")],
)
@pytest.mark.parametrize("path", ["/api/board", "/events"])
async def test_a_wrong_question_is_answered_in_one_line(
    client: ClientSession, path: str, query: str, says: str
) -> None:
    answer = await client.get(f"{path}?{query}")

    assert answer.status == 400
    text = await answer.text()
    assert says in text
    assert text.count("\n") == 1


async def test_a_viewer_gets_the_whole_board_then_what_changes(
    model: BoardModel, client: ClientSession
) -> None:
    async with client.get("/events") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        event, board = await message(stream)
        assert event == "board"
        assert len(board["rows"]) == 12

        await WallboardSink(model).write(news(NOW + 1, rep(3, version=2, extra=5)))

        event, change = await message(stream)
        assert event == "change"
        assert [row["rep_id"] for row in change["rows"]] == ["r-0003"]


async def test_a_released_partition_leaves_the_page(
    model: BoardModel, client: ClientSession
) -> None:
    async with client.get("/events") as stream:
        await message(stream)
        batch = news(NOW + 1)
        batch.released = [1]
        await WallboardSink(model).write(batch)

        _, change = await message(stream)
        assert set(change["order"]) == {f"r-{number:04}" for number in range(0, 12, 2)}


async def test_the_policy_allows_nothing_from_elsewhere(client: ClientSession) -> None:
    for path in ("/", "/static/app.js", "/api/board", "/no-such-page"):
        answer = await client.get(path)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_name_that_was_made_to_point_here_is_refused(client: ClientSession) -> None:
    answer = await client.get("/api/board", headers={"Host": "evil.example"})

    assert answer.status == 421


async def test_files_beside_the_page_are_not_served(client: ClientSession) -> None:
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py"):
        assert (await client.get(path)).status in {403, 404}


@pytest.mark.parametrize("path", ["", "floor", "team/north", "rep/r-0001", "leaderboard", "tv"])
async def test_every_board_has_an_address(client: ClientSession, path: str) -> None:
    answer = await client.get(f"/{path}")

    assert answer.status == 200
    assert '<div id="app">' in await answer.text()


async def test_a_page_is_told_what_to_show_before_anything_else(client: ClientSession) -> None:
    told = await (await client.get("/api/page")).json()

    assert told["kpis"]["conversion"]["feeds"] == ["call-ended", "deal-closed"]
    assert told["boards"]["tv"]["seconds"] == 12
    assert told["again_s"] is None  # nothing gives events here, so the page asks for none
    assert (await client.get("/api/rep/r-0001/events?date=2099-01-01")).status == 404


async def test_the_events_behind_a_day_are_told_newest_first(model: BoardModel) -> None:
    asked: list[tuple[str, date]] = []

    async def behind(rep_id: str, day: date) -> list[Explained] | None:
        asked.append((rep_id, day))
        if day.year == 2020:
            return None
        if day.year == 2021:
            msg = "Kafka is away"
            raise PipelineError(msg)
        return [Explained(kind="call", source="pbx", id=i, revision=0, at_ms=1) for i in "ab"]

    server = await serve(model, "127.0.0.1", 0, None, Drill(behind, 3))
    try:
        async with ClientSession(server.url) as client:
            path = "/api/rep/r%2F1/events?date="
            told = await (await client.get(path + "2026-11-03")).json()
            none = await (await client.get(path + "2020-01-01")).json()
            away = await client.get(path + "2021-01-01")
            wrong = await client.get(path + "3.11.")
            assert [one["id"] for one in told["events"]] == ["b", "a"]
            assert (none["stored"], none["events"]) == (False, [])
            assert (away.status, await away.text()) == (503, "Kafka is away\n")
            assert (wrong.status, await wrong.text()) == (
                400,
                "date = '3.11.': must be a date such as 2026-11-03\n",
            )
    finally:
        await server.close()
    assert asked[0] == ("r/1", date(2026, 11, 3))


async def test_the_page_weighs_less_than_150_kb_packed() -> None:
    files = [path for path in STATIC.rglob("*") if path.suffix in {".js", ".css", ".html", ".json"}]
    assert len(files) > 20
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) <= 150_000


async def test_a_browser_that_can_unpack_is_sent_packed_messages(
    model: BoardModel, page: PageServer
) -> None:
    async with ClientSession(page.url, auto_decompress=False) as client:
        headers = {"Accept-Encoding": "gzip"}
        async with client.get("/events", headers=headers) as stream:
            assert stream.headers["Content-Encoding"] == "gzip"
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
            text = b""
            while b"event: board" not in text or not text.endswith(b"\n\n"):
                text += unpacker.decompress(await stream.content.readany())
            await WallboardSink(model).write(news(NOW + 1, rep(3, version=2, extra=5)))
            while b"event: change" not in text:
                text += unpacker.decompress(await stream.content.readany())
        async with client.get("/events", headers={"Accept-Encoding": "identity"}) as stream:
            assert "Content-Encoding" not in stream.headers
            assert (await message(stream))[0] == "board"


def test_a_message_packs_the_same_for_everybody_and_anywhere_in_a_stream() -> None:
    messages = [Message(b"data: %d\n\n" % number * 50) for number in range(4)]
    for order in (messages, messages[::-1], [messages[2], messages[2]]):
        stream = GZIP_HEAD + b"".join(one.packed for one in order)
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(stream)
        assert unpacked == b"".join(one.data for one in order)
    assert messages[0].packed is messages[0].packed


async def test_a_choice_that_is_there_can_be_made(model: BoardModel) -> None:
    choices = model.choices()

    assert [(team.id, team.label, team.zone) for team in choices.teams] == [
        ("north", "North", "UTC"),
        ("south", "south", "UTC"),
    ]
    assert (choices.sites, choices.shifts) == (["default"], ["early", "late"])
    assert (choices.products, choices.zone) == (["plan"], "UTC")


async def test_health_is_told(client: ClientSession) -> None:
    answer = await client.get("/healthz")

    assert (answer.status, await answer.json()) == (200, {"healthy": True})


async def test_closing_ends_the_connections_of_viewers(
    page: PageServer, client: ClientSession
) -> None:
    async with client.get("/events") as stream:
        await message(stream)
        async with asyncio.timeout(5):
            await page.close()
            await stream.content.read()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "board.example"])
async def test_other_machines_are_kept_out_while_there_is_no_log_in(
    model: BoardModel, host: str
) -> None:
    with pytest.raises(SettingsError, match="page_host"):
        await serve(model, host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_may_be_listened_on(host: str) -> None:
    check_host(host)


async def test_a_taken_port_is_one_clear_line(page: PageServer, model: BoardModel) -> None:
    port = int(page.url.rstrip("/").rsplit(":", 1)[1])

    with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}"):
        await serve(model, "127.0.0.1", port)


async def test_a_slow_viewer_is_sent_the_whole_board_and_holds_nobody_up(
    model: BoardModel,
) -> None:
    hub = Hub(model)
    async with hub.viewer(KEY, "") as viewer:
        for _ in range(10 * hubs.QUEUE):
            viewer.offer(Message(b"change"))

        assert await viewer.take() is START_OVER
        assert b"event: board" in hub.whole(viewer).data
        after = Message(b"after")
        viewer.offer(after)
        assert await frame(viewer) is after


async def test_a_view_is_encoded_once_for_all_its_viewers(model: BoardModel) -> None:
    hub = Hub(model)
    async with hub.running(), hub.viewer(KEY, "") as one, hub.viewer(KEY, "") as other:
        assert await frame(one) is await frame(other)

        model.take(news(NOW + 1, rep(3, version=2, extra=5)))

        assert await frame(one) is await frame(other)


async def frame(viewer: Viewer) -> Message:
    """The next message of a viewer that is no pulse and no alerts."""
    while True:
        found = await viewer.take()
        assert found
        if not found.data.startswith((b"event: pulse", b"event: alerts")):
            return found


async def test_redis_that_is_away_makes_the_page_stale_and_keeps_its_numbers() -> None:
    clock = ManualClock(NOW)
    model = BoardModel(clock)
    model.take(news(NOW, rep(3)))
    clock.advance(2_000)

    model.cut_off("Redis is away")
    clock.advance(60_000)
    model.cut_off("Redis is away")

    pulse = model.pulse()
    assert (pulse.state, pulse.since_ms, pulse.why) == ("stale", NOW + 2_000, "Redis is away")
    assert len(model.board("today", sort="deals_net").rows) == 1

    model.take(news(NOW + 62_000))
    assert model.pulse().state == "live"
