"""Who may see the page: tokens, users of a proxy, scopes; and nobody else."""

from __future__ import annotations

import ipaddress
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from sinks.wallboard.auth import COOKIE, Auth
from sinks.wallboard.model import BoardModel
from sinks.wallboard.pages import Drill
from sinks.wallboard.scope import EVERYTHING, Scope
from sinks.wallboard.server import serve
from sinks.wallboard.tokens import Grants, new_grant, revoke
from streams.core.board import decode_board
from streams.core.clock import ManualClock
from tests.browser.floor import news, rep

NOW = 1_800_000_000_000
NORTH = Scope(teams=frozenset({"north"}))
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
PATHS = (
    "/",
    "/tv",
    "/team/north",
    "/rep/r-0001",
    "/events",
    "/api/board",
    "/api/page",
    "/api/rep/r-0001/events",
    "/static/app.js",
    "/no-such-page",
)


class Floor:
    """A page with 12 reps in two teams, its file of grants and its clock."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self.file = folder / "tokens.jsonl"
        self.model = BoardModel(self.clock, team_names={"north": "North"}, partitions=2)
        self.model.take(news(NOW, *(rep(number) for number in range(12))))

    def token(self, scope: Scope = EVERYTHING, **options: Any) -> str:
        return new_grant(self.file, self.clock, "someone", scope, **options)[1]

    def auth(self, **options: Any) -> Auth:
        return Auth(Grants(self.file, self.clock), **options)

    @asynccontextmanager
    async def page(self, **options: Any) -> AsyncIterator[ClientSession]:
        server = await serve(self.model, "127.0.0.1", 0, auth=self.auth(**options))
        # Cookies for addresses without a name are kept only by a jar that is told so.
        async with ClientSession(server.url, cookie_jar=CookieJar(unsafe=True)) as client:
            yield client
        await server.close()


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def rows(client: ClientSession, **options: Any) -> list[str]:
    async with client.get("/api/board", **options) as answer:
        assert answer.status == 200
        return sorted(row.rep_id for row in decode_board(await answer.read()).rows)


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_token_nothing_is_shown(floor: Floor, path: str) -> None:
    async with floor.page() as client:
        answer = await client.get(path)

        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "token", ["", "fc", "fc_00000000_x", "x" * 5000, "fc_\udcff", "fc_{id}_wrong", "fc_{id}_"]
)
async def test_a_wrong_token_opens_nothing(floor: Floor, path: str, token: str) -> None:
    floor.token()
    (grant,) = Grants(floor.file, floor.clock).all()
    wrong = token.format(id=grant.id).encode(errors="replace").decode()
    async with floor.page() as client:
        for way in (
            client.get(path, headers=bearer(wrong)),
            client.get(path, params={"token": wrong}),
            client.get(path, cookies={COOKIE: wrong}),
        ):
            assert (await way).status == 401


async def test_health_needs_no_token(floor: Floor) -> None:
    async with floor.page() as client:
        assert (await client.get("/healthz")).status == 200


async def test_a_token_in_the_url_is_exchanged_for_a_cookie(floor: Floor) -> None:
    token = floor.token()
    async with floor.page() as client:
        answer = await client.get(
            "/", params={"window": "60m", "token": token, "team": "a&b"}, allow_redirects=False
        )
        assert answer.status == 303
        assert answer.headers["Location"] == "/?window=60m&team=a%26b"
        cookie = answer.headers["Set-Cookie"]
        assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        assert len(await rows(client)) == 12


async def test_the_way_back_never_leads_to_another_host(floor: Floor) -> None:
    token = floor.token()
    async with floor.page() as client:
        url = f"{client._base_url}/evil.example/?token={token}"
        answer = await client.get(url, allow_redirects=False)

        assert answer.status == 303
        assert answer.headers["Location"] == "/evil.example/"


async def test_behind_tls_the_cookie_is_for_tls_only(floor: Floor) -> None:
    token = floor.token()
    for proxies, secure in ((LOOPBACK, True), ([], False)):
        async with floor.page(proxies=proxies) as client:
            answer = await client.get(
                f"/?token={token}",
                headers={"X-Forwarded-Proto": "https"},
                allow_redirects=False,
            )
            assert ("Secure" in answer.headers["Set-Cookie"].split("; ")) == secure


@pytest.mark.parametrize(
    ("scope", "seen", "teams"),
    [
        (EVERYTHING, range(12), ["north", "south"]),
        (NORTH, range(6), ["north"]),
        (Scope(reps=frozenset({"r-0007"})), [7], []),
        (
            Scope(teams=frozenset({"south"}), reps=frozenset({"r-0001"})),
            [1, *range(6, 12)],
            ["south"],
        ),
        (Scope(), [], []),
    ],
)
async def test_everybody_sees_their_own_scope_on_every_path(
    floor: Floor, scope: Scope, seen: list[int], teams: list[str]
) -> None:
    expected = [f"r-{number:04}" for number in seen]
    headers = bearer(floor.token(scope))
    async with floor.page() as client:
        assert await rows(client, headers=headers) == expected
        assert await rows(client, headers=headers, params={"team": "north"}) == [
            one for one in expected if one < "r-0006"
        ]
        async with client.get("/api/board", headers=headers) as answer:
            board = decode_board(await answer.read())
            assert [one.id for one in board.teams] == teams
            assert (board.floor is not None) == scope.everything
        async with client.get("/events", headers=headers) as stream:
            whole = await whole_board(stream.content)
            assert sorted(row["rep_id"] for row in whole["rows"]) == expected
            assert [one["id"] for one in whole["teams"]] == teams
            own = {*teams, *(row["team_id"] for row in whole["rows"])}
            assert {one[0] for one in whole["choices"].get("teams", ())} == own
            assert sum(whole["listed"].values()) == len(expected)


async def whole_board(lines: Any) -> Any:
    async for line in lines:
        if line.startswith(b"data: "):
            return json.loads(line.removeprefix(b"data: "))
    msg = "the stream ended"
    raise AssertionError(msg)


async def test_a_revoked_token_is_refused_at_once_and_its_stream_ends(floor: Floor) -> None:
    headers = bearer(floor.token())
    (grant,) = Grants(floor.file, floor.clock).all()
    async with floor.page() as client, client.get("/events", headers=headers) as stream:
        await whole_board(stream.content)

        assert revoke(floor.file, floor.clock, [grant.id]) == []

        assert (await client.get("/api/board", headers=headers)).status == 401
        lines = [line async for line in stream.content]  # it ends with the next pulse
        assert b"event: signed-out\n" in lines


async def test_a_token_is_over_when_its_time_is(floor: Floor) -> None:
    headers = bearer(floor.token(expires_ms=NOW + 5_000))
    async with floor.page() as client:
        floor.clock.advance(4_999)
        assert (await client.get("/api/board", headers=headers)).status == 200
        floor.clock.advance(1)
        assert (await client.get("/api/board", headers=headers)).status == 401


async def test_a_user_of_the_trusted_proxy_sees_their_scope(floor: Floor) -> None:
    floor.token(NORTH, user="sue")
    async with floor.page(
        user_header="X-User", proxies=LOOPBACK, hosts=["board.example"]
    ) as client:
        assert await rows(client, headers={"X-User": "sue"}) == [f"r-000{n}" for n in range(6)]
        assert (await client.get("/", headers={"X-User": "eve"})).status == 403
        assert (await client.get("/")).status == 401


async def test_the_user_header_of_anybody_else_is_refused(floor: Floor) -> None:
    floor.token(user="sue")
    token = floor.token()
    elsewhere = [ipaddress.ip_network("10.9.0.0/16")]
    async with floor.page(
        user_header="X-User", proxies=elsewhere, hosts=["board.example"]
    ) as client:
        assert (await client.get("/", headers={"X-User": "sue"})).status == 403
        # A good token does not make a forged header good.
        assert (await client.get("/", headers={"X-User": "sue", **bearer(token)})).status == 403
        assert (await client.get("/", headers=bearer(token))).status == 200


async def test_a_header_that_a_browser_has_added_is_refused(floor: Floor) -> None:
    floor.token(user="sue")
    async with floor.page(user_header="X-User", proxies=LOOPBACK) as client:
        both = [("X-User", "sue"), ("x-user", "boss")]
        assert (await client.get("/", headers=both)).status == 403


async def test_only_listed_hosts_are_answered(floor: Floor) -> None:
    headers = bearer(floor.token())
    async with floor.page(hosts=["Board.example"]) as client:
        for host, status in (
            ("board.example", 200),
            ("board.example:8443", 200),
            ("127.0.0.1", 200),
            ("[::1]:8080", 200),
            ("evil.example", 421),
            ("[", 421),
        ):
            answer = await client.get("/api/board", headers={**headers, "Host": host})
            assert answer.status == status, host


async def test_refusals_are_counted_and_logged_without_the_token(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    token = floor.token()
    told: list[str] = []
    auth = floor.auth(refused=told.append)
    server = await serve(floor.model, "127.0.0.1", 0, auth=auth)
    with caplog.at_level(logging.DEBUG):
        async with ClientSession(server.url) as client:
            for _ in range(3):
                await client.get("/", params={"token": token + "x"})
                await client.get("/", headers=bearer(token + "x"))
        await server.close()
    assert auth.refusals == {"bad_token": 6}
    assert told == ["bad_token"] * 6
    assert [one.getMessage() for one in caplog.records if "refused" in one.getMessage()] == [
        "page: refused bad_token from 127.0.0.1; 1 so far"
    ]
    assert token not in caplog.text


async def test_a_link_from_another_site_asks_again_on_its_own_behalf(floor: Floor) -> None:
    """Browsers leave a strict cookie out of what another site began."""
    html = {"Accept": "text/html"}
    async with floor.page() as client:
        first = await client.get("/", headers={**html, "Sec-Fetch-Site": "cross-site"})
        again = await client.get("/", headers={**html, "Sec-Fetch-Site": "same-origin"})

        assert 'http-equiv="refresh"' in await first.text()
        assert 'http-equiv="refresh"' not in await again.text()
        assert first.content_type == "text/html"


def test_the_file_holds_no_token_and_is_its_owners(floor: Floor) -> None:
    token = floor.token()

    assert token.rpartition("_")[2] not in floor.file.read_text("utf-8")
    assert floor.file.stat().st_mode & 0o077 == 0


def test_a_line_that_is_no_grant_grants_nothing_and_spoils_no_other(floor: Floor) -> None:
    token = floor.token()
    grants = Grants(floor.file, floor.clock)
    with floor.file.open("a") as file:
        file.write('{"id": "half", "na\n')

    assert grants.of_token(token)[0] is not None
    assert len(grants.all()) == 1


def test_a_file_that_went_away_grants_nothing(floor: Floor) -> None:
    token = floor.token()
    grants = Grants(floor.file, floor.clock)
    assert grants.of_token(token)[0] is not None

    floor.file.unlink()

    assert grants.of_token(token) == (None, "bad_token")


async def test_a_request_that_cannot_be_read_is_not_logged(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    token = floor.token()
    async with floor.page() as client:
        answer = await client.get("/", params={"token": token + "x" * 40_000})

    assert answer.status == 400
    assert "it is no HTTP" in caplog.text
    assert token[:20] not in caplog.text


async def test_the_events_behind_a_number_are_for_whoever_may_see_the_number(floor: Floor) -> None:
    asked: list[str] = []

    async def behind(rep_id: str, _: date) -> None:
        asked.append(rep_id)

    tokens = {
        "boss": floor.token(),
        "north": floor.token(NORTH),
        "rep": floor.token(Scope(reps=frozenset({"r-0007"}))),
    }
    server = await serve(floor.model, "127.0.0.1", 0, drill=Drill(behind, 1), auth=floor.auth())
    async with ClientSession(server.url) as client:
        for who, rep_id, status in (
            ("boss", "r-0007", 200),
            ("boss", "nobody", 200),
            ("north", "r-0001", 200),
            ("north", "r-0007", 404),
            ("north", "nobody", 404),
            ("rep", "r-0007", 200),
            ("rep", "r-0001", 404),
        ):
            path = f"/api/rep/{rep_id}/events?date=2026-11-03"
            answer = await client.get(path, headers=bearer(tokens[who]))
            assert answer.status == status, (who, rep_id)
    await server.close()
    assert asked == ["r-0007", "nobody", "r-0001", "r-0007"]


async def test_a_board_of_a_rep_tells_nothing_of_a_rep_of_another_team(floor: Floor) -> None:
    headers = bearer(floor.token(NORTH))
    async with floor.page() as client:
        for rep_id, known in (("r-0001", True), ("r-0007", False)):
            async with client.get(f"/api/board?rep={rep_id}", headers=headers) as answer:
                board = decode_board(await answer.read())
            assert (board.story is not None) == known
            assert [row.rep_id for row in board.rows] == ([rep_id] if known else [])
            assert [one.id for one in board.teams] == (["north"] if known else [])
