"""The API of `floorcast wallboard`, with tokens, on a real floor: the numbers of the board."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from producers.simulator import plan_text
from streams.core.clock import SystemClock
from tests.integration.floor import FLOORCAST, Floor, wait_until
from tests.integration.mixed_events import PROFILE, events_now
from tests.services.http import is_ready
from tests.services.kafka import KafkaServer
from tests.services.ports import free_port
from tests.services.process import ChildProcess
from tests.services.redis import RedisServer

WINDOWS = ("today", "week", "60m", "last20")


class Api(NamedTuple):
    """A floor that stands still, and its API on an address beyond loopback's name."""

    floor: Floor
    url: str

    def get(self, path: str, token: str) -> Any:
        """The answer as JSON, or the status of an error."""
        asked = Request(f"{self.url}{path}", headers={"Authorization": f"Bearer {token}"})
        try:
            with urlopen(asked, timeout=10) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                return error.code

    def token(self, *options: str) -> str:
        """A new token."""
        done = self.floor.run("tokens", "create", "--name", "test", *options)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()


@pytest.fixture
def api(
    kafka: KafkaServer, tmp_path: Path, make_redis: Callable[..., RedisServer]
) -> Iterator[Api]:
    plan = tmp_path / "plan.toml"
    plan.write_text(plan_text(PROFILE), encoding="utf-8")
    floor = Floor(
        kafka,
        tmp_path,
        plan=str(plan),
        redis_url=make_redis().url,
        page_auth="token",
        page_tokens=str(tmp_path / "tokens.jsonl"),
        page_host="0.0.0.0",
    )
    floor.worker("a")
    floor.send(list(events_now(SystemClock().now_ms())))
    floor.settle()
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    process = ChildProcess("wallboard", tmp_path / "wallboard.log")
    process.start(
        [FLOORCAST, "wallboard", "--port", str(port)],
        ready=lambda: is_ready(f"{url}healthz"),
        timeout_s=30,
        env=os.environ | floor.environ,
    )
    yield Api(floor, url)
    process.kill()
    floor.close()


def board(floor: Floor, window: str) -> Any:
    done = floor.run("board", "--json", "--window", window)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def figures(found: Any) -> Any:
    """What must agree: not when it was computed, nor what only one of them knows of partitions."""
    rows = {row["rep_id"]: row for row in found["rows"]}
    return rows, found["teams"], found["floor"]


def test_every_number_of_the_api_is_that_of_the_board(api: Api) -> None:
    token = api.token("--everything")
    for window in WINDOWS:
        # Trailing windows move on by themselves; what both say at one time is compared.
        wait_until(
            lambda window=window: (
                figures(api.get(f"api/v1/board?window={window}", token))  # type: ignore[misc] # bound now, for the loop goes on
                == figures(board(api.floor, window))
            )
        )
    whole = board(api.floor, "week")
    assert len(whole["rows"]) == len(PROFILE.reps)
    assert whole["floor"]["kpis"]["dials"]["value"] > 0
    for row in whole["rows"]:
        own = api.get(f"api/v1/reps/{row['rep_id']}", token)
        assert own["windows"]["week"] == {"kpis": row["kpis"], "money": row["money"]}
    for team in whole["teams"]:
        assert api.get(f"api/v1/teams/{team['id']}", token)["windows"]["week"] == team


def test_a_supervisor_sees_own_teams_until_the_token_is_revoked(api: Api) -> None:
    whole = board(api.floor, "week")
    team = whole["teams"][0]["id"]
    token = api.token("--team", team)

    def seen() -> Any:
        return api.get("api/v1/board?window=week", token)

    wait_until(lambda: len(seen()["rows"]) == whole["teams"][0]["reps"])
    assert {row["team_id"] for row in seen()["rows"]} == {team}
    assert seen()["teams"] == [whole["teams"][0]]
    assert api.get(f"api/v1/teams/{whole['teams'][1]['id']}", token) == 404

    began_s = time.monotonic()
    assert api.floor.run("tokens", "revoke", token.split("_")[1]).exit_code == 0

    assert seen() == 401
    assert time.monotonic() - began_s < 5
