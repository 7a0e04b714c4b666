"""One floor, counted by a real worker, and the same numbers wherever they are shown."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect
from prometheus_client.parser import text_string_to_metric_families

from sinks.redis_reader import RedisReader
from streams.core.board import board_rows, encode_board
from streams.core.clock import SystemClock
from streams.core.snapshot import SnapshotBatch
from tests.browser.tab import FIGURES, exact, same
from tests.builders import call, deal, survey
from tests.integration.floor import Floor, wait_until
from tests.integration.mixed_events import Sending
from tests.services.chromium import browser
from tests.services.kafka import KafkaServer
from tests.services.ports import free_port
from tests.services.redis import RedisServer

MINUTE_MS = 60_000
REPS = [f"r-{number}" for number in range(6)]
PLAN = """
[sites.hq]
zone = "{zone}"
[teams.north]
site = "hq"
name = "North"
[teams.south]
site = "hq"
name = "South"
"""


def noon_zone(now_ms: int) -> str:
    """A zone in which it is about noon, so that no test meets midnight."""
    hour = now_ms // 3_600_000 % 24
    return f"Etc/GMT{hour - 12:+d}" if hour != 12 else "Etc/UTC"


def events(now_ms: int) -> Iterator[Sending]:
    """A little of everything within the last minutes."""
    for number in range(240):
        rep = REPS[number % len(REPS)]
        at_ms = now_ms - (240 - number) * 2_000
        fields: dict[str, Any] = {"rep_id": rep, "at_ms": at_ms, "call_id": f"c{number}"}
        if number % 5 == 0:
            fields |= {"result": "no_answer", "answered_by": "unknown"}
        yield sending("call-ended", rep, call(**fields))
        if number % 9 == 0:
            name = f"d{number}"
            won = {"rep_id": rep, "deal_id": name, "at_ms": at_ms, "closed_ms": at_ms}
            yield sending("deal-closed", name, deal(**won, amount_minor=10_000 + number))
            if number % 27 == 0:
                back = won | {"at_ms": at_ms + 1000, "status": "cancelled"}
                yield sending("deal-closed", name, deal(**back))
        if number % 11 == 0:
            answer = survey(rep_id=rep, at_ms=at_ms, response_id=f"s{number}", score=number % 5 + 1)
            yield sending("survey-submitted", rep, answer)


def sending(topic: str, key: str, value: dict[str, Any]) -> Sending:
    """An event as the floor's producer takes it."""
    return Sending(topic, key, json.dumps(value).encode())


class Shown:
    """A floor and where it is shown."""

    def __init__(self, floor: Floor, page_url: str, redis_url: str, metrics_url: str) -> None:
        self.floor = floor
        self.page_url = page_url
        self.redis_url = redis_url
        self.metrics_url = metrics_url

    def board(self, *args: str) -> Any:
        """What `floorcast board --json` prints."""
        done = self.floor.run("board", "--json", *args)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Browser]:
    with browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def shown(
    kafka: KafkaServer, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shown]:
    now_ms = SystemClock().now_ms()
    folder = tmp_path_factory.mktemp("floor")
    plan = folder / "plan.toml"
    roster = "".join(
        f'[[roster]]\nrep = "{rep}"\nteam = "{"north" if number % 2 else "south"}"\n'
        for number, rep in enumerate(REPS)
    )
    plan.write_text(PLAN.format(zone=noon_zone(now_ms)) + roster)
    port = free_port()
    floor = Floor(
        kafka,
        folder,
        plan=str(plan),
        page="yes",
        page_port=str(port),
        redis_url=redis_server.url,
        redis_prefix=folder.name,
    )
    worker = floor.worker("one")
    floor.send(list(events(now_ms)))
    floor.settle()
    page = Shown(floor, f"http://127.0.0.1:{port}/", redis_server.url, worker.url)
    # Snapshots go to Kafka every two seconds at most: wait until the last ones are there.
    wait_until(lambda: page.board()["floor"]["kpis"]["surveys"]["value"] == 22)
    yield page
    floor.close()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("window", ["today", "year", "last20"])
def test_the_page_shows_what_the_command_prints(shown: Shown, tab: Page, window: str) -> None:
    tab.goto(f"{shown.page_url}?window={window}")
    tab.wait_for_selector("main .team")

    found = tab.evaluate(FIGURES)
    board = shown.board("--window", window)

    assert {one["rep"] for one in found if "rep" in one} == set(REPS)
    for one in found:
        figure = exact(board, one)
        assert same(figure["value"], one["value"]), one
        assert same(figure.get("num"), one.get("num", "null")), one
        assert same(figure.get("den"), one.get("den", "null")), one


def test_redis_holds_what_the_command_prints(shown: Shown) -> None:
    async def load() -> SnapshotBatch:
        reader = RedisReader(shown.redis_url, shown.floor.settings.redis_prefix)
        try:
            return await reader.load()
        finally:
            await reader.close()

    # In a thread of its own: Playwright keeps an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(lambda: asyncio.run(load())).result()
    printed = shown.board("--window", "today")

    names = {"north": "North", "south": "South"}
    made = board_rows(batch.reps, "today", printed["generated_at_ms"], team_names=names)
    rows = json.loads(json.dumps(printed["rows"]))
    assert json.loads(encode_board(made))["rows"] == rows


def test_prometheus_shows_what_the_command_prints(shown: Shown) -> None:
    with urlopen(f"{shown.metrics_url}/metrics/reps", timeout=10) as answer:
        text = answer.read().decode()
    samples = {
        (one.name, one.labels.get("rep")): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    for row in shown.board("--window", "today")["rows"]:
        rep, kpis = row["rep_id"], row["kpis"]
        assert samples["floorcast_rep_today_contacts", rep] == kpis["contacts"]["value"]
        assert samples["floorcast_rep_today_conversion_ratio", rep] == pytest.approx(
            kpis["conversion"]["value"]
        )


def test_an_event_is_on_the_page_within_seconds(shown: Shown, tab: Page) -> None:
    tab.goto(shown.page_url)
    tab.wait_for_selector("main .team")
    cell = tab.locator('[data-rep="r-0"][data-kpi="deals_net"]').first
    before = float(cell.get_attribute("data-value") or 0)
    now_ms = SystemClock().now_ms()
    late = deal(rep_id="r-0", deal_id=f"new-{time.monotonic_ns()}", at_ms=now_ms, closed_ms=now_ms)

    shown.floor.send([sending("deal-closed", late["deal_id"], late)])

    expect(cell).to_have_attribute("data-value", f"{before + 1:g}", timeout=5_000)
    # The command reads the topic, which is written less often than the page: both agree in the end,
    # and the tests that run after this one (in any order) compare them.
    shown_there = {"rep": "r-0", "kpi": "deals_net"}
    wait_until(lambda: exact(shown.board(), shown_there)["value"] == before + 1)
