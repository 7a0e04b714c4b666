"""The JSON API keeps to its OpenAPI document, whatever is asked of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jsonschema
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from sinks.wallboard.api.openapi import openapi
from sinks.wallboard.auth import Auth
from sinks.wallboard.model import BoardModel
from sinks.wallboard.scope import EVERYTHING
from sinks.wallboard.server import serve
from sinks.wallboard.tokens import Grants, new_grant
from streams.core.clock import ManualClock
from tests.browser.floor import news, rep

NOW = 1_800_000_000_000
DEADLINE_S = 10

DOCUMENT = openapi()
schema = schemathesis.openapi.from_dict(DOCUMENT)


class Served(NamedTuple):
    """Where the API is, and what lets one in."""

    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page of 12 reps, of which a source is silent and a partition missing, with a log-in."""
    file = tmp_path_factory.mktemp("api") / "tokens.jsonl"
    clock = ManualClock(NOW)
    model = BoardModel(clock, team_names={"north": "North"}, partitions=3)
    model.take(news(NOW, *(rep(number) for number in range(12)), newest_ms=NOW - 3_600_000))
    _, token = new_grant(file, clock, "all", EVERYTHING)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def do(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(DEADLINE_S)

    page = do(serve(model, "127.0.0.1", 0, auth=Auth(Grants(file, clock))))
    yield Served(f"{page.url}api/v1", {"Authorization": f"Bearer {token}"})
    do(page.close())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(DEADLINE_S)
    loop.close()


# The stream has no end; it is tested by itself.
@schema.exclude(operation_id="events").parametrize()
@settings(max_examples=50)
def test_every_answer_is_as_the_document_says(case: schemathesis.Case[Any], api: Served) -> None:
    # No schema tells a cursor that was given out from another text of its length.
    guessed = "cursor" in (case.query or {})
    case.call_and_validate(
        base_url=api.url,
        headers=api.headers,
        excluded_checks=[positive_data_acceptance] if guessed else [],
    )


def test_the_document_that_is_served_is_the_one_that_is_checked_in(api: Served) -> None:
    with urlopen(Request(f"{api.url}/openapi.json", headers=api.headers), timeout=DEADLINE_S) as it:
        served = it.read()

    checked_in = Path(__file__).parents[2] / "streams" / "schemas" / "openapi.json"
    assert served == checked_in.read_bytes()


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    text = json.dumps(DOCUMENT)
    schemas = DOCUMENT["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named == schemas.keys()
    for one in schemas.values():
        jsonschema.Draft202012Validator.check_schema(one)


@pytest.mark.parametrize("path", ["reps", "events", "openapi.json", "nothing"])
def test_without_a_token_there_is_a_problem_only(api: Served, path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{api.url}/{path}", timeout=DEADLINE_S)

    with refused.value as answer:
        assert answer.code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert json.load(answer)["status"] == 401
