"""Alerts on the page: who is shown which, who may act on them, and from where."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from msgspec import structs

from sinks.wallboard.alerts import MOST, Badge, alerts_shown, entries_for
from sinks.wallboard.api.acting import Acting
from sinks.wallboard.auth import Auth
from sinks.wallboard.hub import Hub
from sinks.wallboard.model import BoardModel
from sinks.wallboard.scope import EVERYTHING, Scope
from sinks.wallboard.server import serve
from sinks.wallboard.tokens import Grants, new_grant
from sinks.wallboard.view import ViewKey
from streams.core.alerts.actions import AlertAction
from streams.core.alerts.book import Entry, Happened
from streams.core.alerts.known import KnownAlerts
from streams.core.alerts.told import RepAlert
from streams.core.clock import ManualClock
from streams.core.errors import PipelineError
from tests.browser.floor import news, rep
from tests.builders import HOUR_MS

NOW = 1_800_000_000_000
JSON = {"Content-Type": "application/json"}
NORTH = Scope(teams=frozenset({"north"}))
ANA = Scope(reps=frozenset({"ana"}))


def entry(alert_id: str = "a-1", rep_id: str = "ana", team_id: str = "north", **more: Any) -> Entry:
    alert = RepAlert(
        alert_id=alert_id,
        kind="conversion_drop" if rep_id else "team_conversion_drop",
        state="red",
        site_id="s",
        team_id=team_id,
        rep_id=rep_id,
        at_ms=NOW - HOUR_MS,
        evidence=8_100.0,
    )
    life = (Happened(1, "red"), Happened(2, "comment", "mia", "talks too fast"))
    return structs.replace(Entry(alert=alert, state="red", life=life), **more)


ALL = (
    entry(),
    entry("b-1", "bo", "south"),
    entry("t-1", "", "north", state="amber"),
)


class Floor:
    """A page with alerts, its tokens, and what was done there."""

    def __init__(self, folder: Path) -> None:
        self.path, self.clock = folder / "tokens", ManualClock(NOW)
        self.done: list[AlertAction] = []
        self.away = False
        self.model = BoardModel(self.clock)
        self.model.take(news(NOW, rep(3), rep(4)))
        self.model.take_alerts(KnownAlerts(position=1, moment_ms=0, entries=ALL))

    def token(self, scope: Scope, *, acts: bool = True) -> dict[str, str]:
        _, token = new_grant(self.path, self.clock, "mia of north", scope, acts=acts)
        return {"Authorization": f"Bearer {token}"}

    async def write(self, action: AlertAction) -> None:
        if self.away:
            msg = "it could not be written to alert-actions"
            raise PipelineError(msg)
        self.done.append(action)

    @asynccontextmanager
    async def page(self, *, open_: bool = False, acts: bool = True) -> AsyncIterator[ClientSession]:
        auth = None if open_ else Auth(Grants(self.path, self.clock))
        acting = Acting(self.write, "root") if acts else None
        page = await serve(self.model, port=0, auth=auth, acting=acting)
        async with ClientSession(page.url) as session:
            yield session
        await page.close()


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path)


async def post(
    client: ClientSession, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    sent = json.dumps({} if body is None else body)
    async with client.post(f"/api/v1/alerts/{path}", data=sent, headers=JSON | headers) as answer:
        return answer.status, json.loads(await answer.text())


async def ids(client: ClientSession, headers: dict[str, str]) -> list[str]:
    async with client.get("/api/v1/alerts", headers=headers) as answer:
        return [one["alert"]["alert_id"] for one in (await answer.json())["reps"]]


# -- who sees which


async def test_everybody_is_told_of_their_own_alerts(floor: Floor) -> None:
    async with floor.page() as client:
        assert await ids(client, floor.token(EVERYTHING)) == ["a-1", "b-1", "t-1"]
        assert await ids(client, floor.token(NORTH)) == ["a-1", "t-1"]
        assert await ids(client, floor.token(ANA, acts=False)) == ["a-1"]
        async with client.get("/api/v1/alerts") as answer:
            assert answer.status == 401


def test_what_people_said_is_for_whoever_leads_the_team() -> None:
    (seen,) = entries_for(ALL, ANA)
    assert [one.what for one in seen.life] == ["red"]
    assert entries_for(ALL, NORTH)[0].life == ALL[0].life


def test_a_badge_is_the_most_urgent_open_alert() -> None:
    def badge(*entries: Entry) -> Badge | None:
        return alerts_shown(entries).reps.get("ana")

    ended = entry(state="recovered")
    assert badge(ended) is None
    assert badge(ended, entry(state="amber"), entry(state="acknowledged")) == Badge("acknowledged")
    assert badge(entry(state="amber"), entry(muted_until_ms=NOW)) == Badge("red", muted=True)


def test_a_page_lists_so_many_and_counts_all() -> None:
    many = [entry(f"a-{n}", f"r-{n}", state="amber") for n in range(MOST + 20)]
    shown = alerts_shown([*many, entry("red", "zoe")])
    assert (len(shown.entries), shown.total, shown.unseen) == (MOST, MOST + 21, 1)
    assert shown.entries[0].alert.alert_id == "red"
    assert len(shown.reps) == MOST + 21


async def test_alerts_are_encoded_once_for_all_who_see_the_same(floor: Floor) -> None:
    hub = Hub(floor.model)

    async def alerts(scope: Scope) -> Any:
        async with hub.viewer(ViewKey("today", None, "deals_net", scope=scope), "") as viewer:
            while True:
                found = await viewer.take()
                assert found is not None
                if found.data.startswith(b"event: alerts"):
                    return found

    assert await alerts(NORTH) is await alerts(NORTH)
    assert b"b-1" not in (await alerts(NORTH)).data
    assert b"b-1" in (await alerts(EVERYTHING)).data


async def test_a_viewer_is_told_of_a_change_and_of_nothing_without_one(floor: Floor) -> None:
    hub = Hub(floor.model)
    key = ViewKey("today", None, "deals_net")

    async with hub.running(), hub.viewer(key, "") as viewer:

        async def next_alerts() -> list[str]:
            while True:
                found = await viewer.take()
                assert found is not None
                head, _, data = found.data.partition(b"\ndata: ")
                if head == b"event: alerts":
                    return [one["alert"]["alert_id"] for one in json.loads(data)["entries"]]

        assert await next_alerts() == ["a-1", "b-1", "t-1"]
        # The same again, heard later; then one that has ended.
        floor.model.take_alerts(KnownAlerts(position=2, moment_ms=0, entries=(*ALL,)))
        floor.model.take_alerts(KnownAlerts(position=1, moment_ms=9))
        floor.model.take_alerts(KnownAlerts(position=3, moment_ms=0, entries=ALL[1:]))
        assert await next_alerts() == ["b-1", "t-1"]


# -- who may act


async def test_a_supervisor_acts_by_name_on_the_own_team(floor: Floor) -> None:
    mia = floor.token(NORTH)
    until_ms = NOW + HOUR_MS
    async with floor.page() as client:
        status, said = await post(client, "a-1/ack", {"text": "on it"}, **mia)
        assert (status, said["by"], said["at_ms"]) == (202, "mia of north", NOW)
        assert (await post(client, "t-1/comment", {"text": "new list"}, **mia))[0] == 202
        muted = {"rep_id": "ana", "until_ms": until_ms}
        assert (await post(client, "mute", muted, **mia))[0] == 202
        assert (await post(client, "unmute", {"team_id": "north"}, **mia))[0] == 202
    assert [(one.verb, one.alert_id or one.rep_id or one.team_id) for one in floor.done] == [
        ("ack", "a-1"),
        ("comment", "t-1"),
        ("mute", "ana"),
        ("unmute", "north"),
    ]
    assert {one.by for one in floor.done} == {"mia of north"}
    assert floor.done[2].until_ms == until_ms


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("b-1/ack", {}),
        ("none/ack", {}),
        ("mute", {"rep_id": "bo", "until_ms": NOW + 1}),
        ("mute", {"rep_id": "nobody", "until_ms": NOW + 1}),
        ("mute", {"team_id": "south", "until_ms": NOW + 1}),
        ("unmute", {"team_id": "nowhere"}),
    ],
)
async def test_what_is_not_of_the_own_team_is_not_there(floor: Floor, path: str, body: Any) -> None:
    async with floor.page() as client:
        status, problem = await post(client, path, body, **floor.token(NORTH))
    assert status == 404
    assert "here, or none of a team you lead" in problem["detail"]
    assert floor.done == []


@pytest.mark.parametrize("scope", [EVERYTHING, NORTH, ANA])
async def test_a_token_of_a_screen_looks_and_does_not_act(floor: Floor, scope: Scope) -> None:
    screen = floor.token(scope, acts=False)
    async with floor.page() as client:
        for path, body in (("a-1/ack", {}), ("mute", {"rep_id": "ana", "until_ms": NOW + 1})):
            status, problem = await post(client, path, body, **screen)
            assert status == 403
            assert "may look and not act" in problem["detail"]
        async with client.get("/api/page", headers=screen) as answer:
            assert not (await answer.json())["acts"]
        async with client.get("/api/page", headers=floor.token(scope)) as answer:
            assert (await answer.json())["acts"]
        assert (await post(client, "a-1/ack"))[0] == 401
    assert floor.done == []


async def test_a_rep_does_not_act_on_own_alerts(floor: Floor) -> None:
    async with floor.page() as client:
        assert (await post(client, "a-1/ack", {}, **floor.token(ANA)))[0] == 404
    assert floor.done == []


async def test_without_a_log_in_whoever_runs_the_page_acts(floor: Floor) -> None:
    async with floor.page(open_=True) as client:
        assert (await post(client, "b-1/ack"))[0] == 202
    assert [one.by for one in floor.done] == ["root"]


# -- from where


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_cannot_act_with_somebodys_cookie(
    floor: Floor, headers: dict[str, str]
) -> None:
    async with floor.page(open_=True) as client:
        assert (await post(client, "a-1/ack", {}, **headers))[0] == 403
    assert floor.done == []


async def test_a_form_cannot_act(floor: Floor) -> None:
    async with floor.page(open_=True) as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            status, _ = await post(client, "a-1/ack", {}, **{"Content-Type": kind})
            assert status == 415
    assert floor.done == []


async def test_the_page_itself_can_act(floor: Floor) -> None:
    async with floor.page(open_=True) as client:
        own = str(client._base_url).rstrip("/")  # it has no public name
        assert (await post(client, "a-1/ack", {}, **{"Sec-Fetch-Site": "same-origin"}))[0] == 202
        assert (await post(client, "a-1/ack", {}, Origin=own))[0] == 202


# -- what is wrong


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("a-1/comment", {}, "missing required field `text`"),
        ("a-1/comment", {"text": " "}, "a comment says something"),
        ("a-1/ack", {"txt": "x"}, "unknown field `txt`"),
        ("mute", {"rep_id": "ana", "until_ms": NOW}, "must lie after now"),
        ("mute", {"until_ms": NOW + 1}, "mute names either a rep or a team"),
        ("mute", [], "Expected `object`"),
    ],
)
async def test_a_wrong_body_is_a_problem_that_says_what_is_wrong(
    floor: Floor, path: str, body: Any, said: str
) -> None:
    async with floor.page(open_=True) as client:
        status, problem = await post(client, path, body)
    assert status == 400
    assert said in problem["detail"]
    assert "\n" not in problem["detail"]
    assert floor.done == []


@pytest.mark.parametrize("body", [b'{"text": "\xff"}', b"{"])
async def test_a_body_that_cannot_be_read_is_a_problem_and_no_fault_of_the_server(
    floor: Floor, body: bytes
) -> None:
    async with (
        floor.page(open_=True) as client,
        client.post("/api/v1/alerts/a-1/ack", data=body, headers=JSON) as answer,
    ):
        problem = await answer.json()
    assert answer.status == 400
    assert problem["detail"].startswith("the body is wrong: ")


async def test_a_kafka_that_is_away_is_said(floor: Floor) -> None:
    floor.away = True
    async with floor.page(open_=True) as client:
        status, problem = await post(client, "a-1/ack")
    assert (status, problem["detail"]) == (503, "it could not be written to alert-actions")


async def test_a_page_without_kafka_takes_no_action(floor: Floor) -> None:
    async with floor.page(open_=True, acts=False) as client:
        assert (await post(client, "a-1/ack"))[0] == 403
        async with client.get("/api/page") as answer:
            assert not (await answer.json())["acts"]


async def test_looking_takes_no_post_and_acting_no_get(floor: Floor) -> None:
    async with floor.page(open_=True) as client:
        assert (await post(client, ""))[0] in {404, 405}
        async with client.get("/api/v1/alerts/a-1/ack") as answer:
            assert answer.status == 405
            assert answer.headers["Allow"] == "POST"
