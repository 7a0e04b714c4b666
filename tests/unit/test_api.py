"""The JSON API: the board's numbers, page by page, and every error as a problem."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from sinks.wallboard.api import boards as api_boards
from sinks.wallboard.auth import Auth
from sinks.wallboard.model import BoardModel
from sinks.wallboard.scope import EVERYTHING, Scope
from sinks.wallboard.server import serve
from sinks.wallboard.tokens import Grants, new_grant
from streams.core.board import Board, board_rows, encode_board
from streams.core.clock import ManualClock
from streams.core.snapshot import ADDITIVE_WINDOWS, WINDOWS
from tests.browser.floor import news, rep

NOW = 1_800_000_000_000
PATHS = (
    "reps",
    "reps/r-0001",
    "teams",
    "teams/north",
    "leaderboard",
    "board",
    "freshness",
    "alerts",
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def model(clock: ManualClock) -> BoardModel:
    model = BoardModel(clock, team_names={"north": "North"}, partitions=2)
    model.take(news(NOW, *(rep(number) for number in range(12))))
    return model


@pytest.fixture(autouse=True)
def _never_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every board is computed for the one who asks."""
    monkeypatch.setattr(api_boards, "OLDEST_S", 0.0)
    monkeypatch.setattr(api_boards, "REST", 0)


@pytest_asyncio.fixture
async def client(model: BoardModel) -> AsyncIterator[ClientSession]:
    server = await serve(model, "127.0.0.1", 0)
    async with ClientSession(f"{server.url}api/v1/") as session:
        yield session
    await server.close()


async def get(client: ClientSession, path: str, **options: Any) -> Any:
    async with client.get(path, **options) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def every_page(client: ClientSession, path: str, **query: str) -> list[Any]:
    items: list[Any] = []
    while True:
        answer = await get(client, path, params=query)
        assert 0 < len(answer["items"]) <= int(query["limit"])
        items += answer["items"]
        if answer["next"] is None:
            return items
        query["cursor"] = answer["next"]


async def test_the_board_is_that_of_the_command_byte_for_byte(
    model: BoardModel, client: ClientSession
) -> None:
    async with client.get("board?window=60m&team=north&sort=contacts") as answer:
        found = await answer.read()

    shots = list(model.latest.reps.values())
    expected = board_rows(
        shots, "60m", NOW, team="north", sort="contacts", team_names={"north": "North"},
        partitions=2,
        freshness=model.latest.freshness.values(),
        status=model.latest.status.values(),
    )  # fmt: skip
    assert found == encode_board(expected)


@pytest.mark.parametrize("window", WINDOWS)
async def test_every_way_to_a_number_gives_the_same_number(
    client: ClientSession, window: str
) -> None:
    board = await get(client, "board", params={"window": window})
    rows = {row["rep_id"]: row for row in board["rows"]}

    assert {
        row["rep_id"]: row for row in await every_page(client, "reps", window=window, limit="5")
    } == rows
    for rep_id in ("r-0000", "r-0007"):
        own = (await get(client, f"reps/{rep_id}"))["windows"][window]
        assert (own["kpis"], own["money"]) == (rows[rep_id]["kpis"], rows[rep_id]["money"])
    for place in await every_page(
        client, "leaderboard", window=window, kpi="conversion", limit="5"
    ):
        assert place["figure"] == rows[place["rep_id"]]["kpis"]["conversion"]
    if window in ADDITIVE_WINDOWS:
        assert await every_page(client, "teams", window=window, limit="1") == board["teams"]
        for team in board["teams"]:
            assert (await get(client, f"teams/{team['id']}"))["windows"][window] == team


async def test_pages_hold_everybody_once_though_reps_come_and_go(
    model: BoardModel, client: ClientSession
) -> None:
    first = await get(client, "reps?limit=6")
    assert [row["rep_id"] for row in first["items"]] == [f"r-{n:04}" for n in range(6)]

    batch = news(NOW)
    batch.released = [0]  # every second rep goes, that of the cursor perhaps among them
    model.latest.release(batch.released)

    rest = await get(client, "reps", params={"cursor": first["next"], "limit": "6"})
    seen = [row["rep_id"] for row in rest["items"]]
    assert seen == sorted(seen)
    assert {"r-0007", "r-0009", "r-0011"} <= set(seen) <= {f"r-{n:04}" for n in range(6, 12)}


async def test_a_leaderboard_ranks_whoever_has_a_sample(client: ClientSession) -> None:
    by_rate = await get(client, "leaderboard?kpi=conversion&min_sample=60")
    ranks = {one["rep_id"]: one["rank"] for one in by_rate["items"]}
    assert {rep_id for rep_id, rank in ranks.items() if rank is None} == {
        "r-0000", "r-0001", "r-0002",  # no contact, 25 and 50 contacts
    }  # fmt: skip
    assert all(one["rank"] is None for one in by_rate["items"][-3:])
    assert {rank for rank in ranks.values() if rank} == {1}, "all convert alike"

    by_count = await get(client, "leaderboard?kpi=contacts&limit=3")
    assert [(one["rank"], one["rep_id"]) for one in by_count["items"]] == [
        (1, "r-0011"), (2, "r-0010"), (3, "r-0009"),
    ]  # fmt: skip
    fewest = await get(client, "leaderboard?kpi=revenue_reversed")
    assert (fewest["currency"], fewest["items"][0]["rep_id"]) == ("EUR", "r-0001")
    assert fewest["items"][-1]["figure"] == {"value": None}


async def test_a_site_narrows_reps_and_places(client: ClientSession) -> None:
    for path in ("reps", "leaderboard"):
        assert len((await get(client, f"{path}?site=default"))["items"]) == 12
        assert (await get(client, f"{path}?site=elsewhere"))["items"] == []


async def test_the_tag_stays_while_the_numbers_do(
    model: BoardModel, clock: ManualClock, client: ClientSession
) -> None:
    for path in ("reps", "reps/r-0003", "teams", "teams/north", "leaderboard", "board", "alerts"):
        tag = (await client.get(path)).headers["ETag"]
        clock.advance(10)
        again = await client.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", tag), path
    model.take(news(NOW, rep(3, version=2, extra=5)))
    for path in (
        "reps",
        "reps/r-0003",
        "teams",
        "teams/north",
        "leaderboard?kpi=contacts",
        "board",
    ):
        assert (await client.get(path, headers={"If-None-Match": tag})).status == 200


async def test_no_proxy_may_hand_an_answer_to_another(client: ClientSession) -> None:
    for path in (*PATHS, "openapi.json"):
        answer = await client.get(path)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Authorization" in answer.headers["Vary"]


async def test_alerts_are_what_is_wrong_and_nothing_when_nothing_is(
    model: BoardModel, clock: ManualClock, client: ClientSession
) -> None:
    assert (await get(client, "alerts"))["items"] == []

    clock.advance(3_600_000)
    batch = news(NOW + 1)
    batch.status[0].state = "recovering"
    model.take(batch)

    kinds = {one["kind"] for one in (await get(client, "alerts"))["items"]}
    assert kinds == {"recovering", "silent"}


async def test_freshness_says_stale_when_redis_is_away(
    model: BoardModel, client: ClientSession
) -> None:
    live = await get(client, "freshness")
    assert (live["state"], live["sources"][0]["source"]) == ("live", "pbx")
    assert [one["state"] for one in live["partitions"]] == ["live", "live"]

    model.cut_off("Redis is away")

    stale = await get(client, "freshness")
    assert (stale["state"], stale["since_ms"], stale["why"]) == ("stale", NOW, "Redis is away")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("reps?window=yesterday", "no such window; known: 5m"),
        ("reps?windw=today", "did you mean window?"),
        ("reps?limit=0", "limit = '0': must be int >= 1"),
        ("reps?limit=ten", "limit = 'ten'"),
        ("reps?cursor=x", "cursor = 'x'"),
        ("reps?cursor=WzFd", "cursor = 'WzFd'"),
        ("reps?team=", "team = ''"),
        ("reps?team=north&team=south", "is there twice"),
        ("board?sort=deals", "no such KPI; did you mean"),
        ("leaderboard?kpi=name", "no such KPI"),
        ("leaderboard?currency=eur", "currency = 'eur'"),
        ("freshness?window=today", "there are none here"),
        ("reps/r-0001?window=today", "there are none here"),
        ("events?window=yesterday", "no such window"),
    ],
)
async def test_a_wrong_question_is_a_problem_that_says_what_is_allowed(
    client: ClientSession, path: str, says: str
) -> None:
    async with client.get(path) as answer:
        assert answer.status == 400
        assert answer.content_type == "application/problem+json"
        problem = await answer.json(content_type=answer.content_type)
    assert says in problem["detail"]
    assert (problem["status"], problem["title"], problem["type"]) == (
        400, "Bad Request", "about:blank",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing", 404),
        ("GET", "", 404),
        ("GET", "reps/nobody", 404),
        ("GET", "reps/a%2Fb", 404),
        ("GET", "teams/none", 404),
        ("POST", "reps", 405),
        ("DELETE", "reps/r-0001", 405),
        ("OPTIONS", "board", 405),
    ],
)
async def test_what_is_not_there_is_a_problem_too(
    client: ClientSession, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as answer:
        assert answer.status == status
        problem = await answer.json(content_type="application/problem+json")
        assert problem["status"] == status
        assert problem["detail"]
        assert ("Allow" in answer.headers) == (status == 405)


async def test_another_host_is_a_problem_too(client: ClientSession) -> None:
    async with client.get("reps", headers={"Host": "evil.example"}) as answer:
        assert (answer.status, answer.content_type) == (421, "application/problem+json")


async def test_a_fault_of_ours_is_told_without_its_inside(
    model: BoardModel, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        msg = "inside"
        raise ValueError(msg)

    monkeypatch.setattr(model, "board_of", fail)
    async with client.get("board") as answer:
        assert answer.status == 500
        text = await answer.text()
    assert json.loads(text)["status"] == 500
    assert "inside" not in text


async def test_head_is_get_without_the_body(client: ClientSession) -> None:
    async with client.head("reps") as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_the_stream_is_that_of_the_page(model: BoardModel, client: ClientSession) -> None:
    async with client.get("events?window=60m&team=north") as stream:
        assert stream.content_type == "text/event-stream"
        async for line in stream.content:
            if line.startswith(b"data: "):
                whole = json.loads(line.removeprefix(b"data: "))
                break
    assert (whole["window"], len(whole["rows"])) == ("60m", 6)


async def test_every_path_is_narrowed_to_the_scope(model: BoardModel, tmp_path: Path) -> None:
    clock, file = ManualClock(NOW), tmp_path / "tokens"
    tokens = {
        name: new_grant(file, clock, name, scope)[1]
        for name, scope in (
            ("boss", EVERYTHING),
            ("north", Scope(teams=frozenset({"north"}))),
            ("rep", Scope(reps=frozenset({"r-0001"}))),
        )
    }
    server = await serve(model, "127.0.0.1", 0, auth=Auth(Grants(file, clock)))
    async with ClientSession(f"{server.url}api/v1/") as client:

        async def seen(who: str, path: str) -> Any:
            headers = {"Authorization": f"Bearer {tokens[who]}"}
            async with client.get(path, headers=headers) as answer:
                return await answer.text() if answer.status == 200 else answer.status

        for path in ("reps", "leaderboard", "board", "teams", "reps/r-0007", "teams/south"):
            assert "r-0007" in await seen("boss", path) or "south" in await seen("boss", path)
            for who in ("north", "rep"):
                text = str(await seen(who, path))
                assert "south" not in text
                assert "r-0007" not in text
        assert await seen("rep", "reps/r-0007") == 404
        assert await seen("rep", "teams/north") == 404
        assert await seen("north", "teams/south") == 404
        assert json.loads(await seen("rep", "reps"))["items"][0]["rep_id"] == "r-0001"
        assert len(json.loads(await seen("rep", "reps"))["items"]) == 1
        assert json.loads(await seen("rep", "teams"))["items"] == []
        assert json.loads(await seen("north", "board"))["floor"] is None
    await server.close()


async def test_many_who_ask_at_once_are_shown_one_board(
    model: BoardModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_boards, "OLDEST_S", 60.0)
    boards = api_boards.Boards(model)

    async def ask() -> Board:
        return await boards.board("today", None, "contacts")

    first, *others = await asyncio.gather(*(ask() for _ in range(50)))
    assert all(one is first for one in others)

    model.take(news(NOW, rep(3, version=2, extra=5)))
    assert await ask() is not first


async def test_boards_that_nobody_asks_for_any_more_are_not_kept(model: BoardModel) -> None:
    boards = api_boards.Boards(model)
    for number in range(3 * api_boards.KEPT):
        await boards.board("today", f"no team {number}", "contacts")

    assert len(boards._made) == len(boards._making) == api_boards.KEPT
