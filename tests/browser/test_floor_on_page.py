"""One floor, counted by a real worker, and the same numbers wherever they are shown."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
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


def test_page_command_redis_and_prometheus_show_the_same_numbers(shown: Shown, tab: Page) -> None:
    tab.goto(shown.page_url)
    tab.wait_for_selector("main .team")
    printed = shown.board("--window", "today")

    # In a thread of its own: Playwright keeps an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        batch = pool.submit(lambda: asyncio.run(load(shown))).result()
    names = {"north": "North", "south": "South"}
    made = board_rows(batch.reps, "today", printed["generated_at_ms"], team_names=names)
    in_redis = json.loads(encode_board(made))
    samples = exported(shown.metrics_url)
    on_page = tab.evaluate(FIGURES)

    for part in ("rows", "teams", "floor"):
        assert in_redis[part] == printed[part]
    lines = {("rep", row["rep_id"]): row for row in printed["rows"]}
    lines |= {("team", team["id"]): team for team in printed["teams"]}
    assert samples.keys() == lines.keys()
    for line, its in samples.items():
        due = due_samples(lines[line])
        assert {name: its.get(name) for name in due} == due, line
    kinds = {"rep", "team", "floor"}
    assert {kind for one in on_page for kind in kinds if kind in one} == kinds
    for one in on_page:
        assert same(exact(printed, one)["value"], one["value"]), one


async def load(shown: Shown) -> SnapshotBatch:
    """What Redis holds."""
    reader = RedisReader(shown.redis_url, shown.floor.settings.redis_prefix)
    try:
        return await reader.load()
    finally:
        await reader.close()


def exported(url: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Today's samples of `/metrics/reps` by level and id: a name, with its currency, to a value."""
    with urlopen(f"{url}/metrics/reps", timeout=10) as answer:
        text = answer.read().decode()
    found: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            _, level, window, *name = one.name.split("_")
            if window != "today":
                continue
            labels = dict(one.labels)
            name += [labels.pop("currency")] if "currency" in labels else []
            found[level, labels[level]]["_".join(name)] = one.value
    return found


def due_samples(line: Any) -> dict[str, Any]:
    """What the numbers of a board's line have to be as samples; None: there must be none."""
    kpis = line["kpis"]
    due = {
        "dials": kpis["dials"]["value"],
        "human_answered_dials": kpis["connect_rate"]["num"],
        "contacts": kpis["contacts"]["value"],
        "deals_gross": kpis["deals_gross"]["value"],
        "deals_reversed": kpis["deals_reversed"]["value"],
        "surveys": kpis["surveys"]["value"],
        "csat_satisfied": kpis["csat"]["num"],
        "csat_responses": kpis["csat"]["den"],
        "connect_ratio": kpis["connect_rate"]["value"],
        "contact_ratio": kpis["contact_rate"]["value"],
        "conversion_ratio": kpis["conversion"]["value"],
        "csat_ratio": kpis["csat"]["value"],
    }
    for currency, revenue in line["money"].items():
        for kpi in ("revenue_gross", "revenue_reversed"):
            due[f"{kpi}_minor_units_{currency}"] = revenue[kpi]["value"]
    return due


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
