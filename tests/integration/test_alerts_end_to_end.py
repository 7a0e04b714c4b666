"""From a dropping rep to a supervisor: Kafka, workers, Redis, the page, Alertmanager, a click."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import expect

from streams.core.alerts.told import RepAlert, decode_alert
from streams.core.clock import SystemClock
from streams.topics import REP_ALERTS
from tests.builders import DAY_MS, HOUR_MS
from tests.integration.dropping_floor import (
    DAYS,
    DROPPED,
    PLAN,
    history,
    shift,
)
from tests.integration.floor import FLOORCAST, Floor, wait_until
from tests.services.alertmanager import AlertmanagerServer
from tests.services.chromium import browser
from tests.services.kafka import KafkaServer
from tests.services.programs import REPOSITORY
from tests.services.redis import RedisServer

CONFIG = (REPOSITORY / "deploy/alertmanager/alertmanager.yml").read_text("utf-8")
# The last day is yesterday: the book of alerts looks back for some weeks only.
FIRST_MS = (SystemClock().now_ms() // DAY_MS - DAYS - 1) * DAY_MS + 9 * HOUR_MS


@pytest.fixture
def page(floor: Floor, redis_server: RedisServer) -> Iterator[str]:
    """The address of `floorcast wallboard`, which knows Redis and Kafka only."""
    with subprocess.Popen(
        [FLOORCAST, "wallboard", "--port", "0"],
        env=os.environ | floor.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+/", line)
        assert found, line
        yield found.group()
        process.terminate()


@pytest.fixture
def alertmanager(
    alertmanager_server: Callable[[str], AlertmanagerServer],
) -> AlertmanagerServer:
    return alertmanager_server(CONFIG)


@pytest.fixture
def floor(
    kafka: KafkaServer,
    redis_server: RedisServer,
    alertmanager: AlertmanagerServer,
    tmp_path: Path,
) -> Iterator[Floor]:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    made = Floor(
        kafka,
        tmp_path,
        plan=str(plan),
        redis_url=redis_server.url,
        redis_prefix="alerts-end-to-end",
        alertmanager_url=alertmanager.url,
    )
    yield made
    made.close()


def told(floor: Floor, state: str) -> list[RepAlert]:
    """What is on `rep-alerts` in this state, each once."""
    found = [decode_alert(record.value or b"") for record in floor.read(REP_ALERTS)]
    once = {one.alert_id: one for one in found if one.state == state}
    return sorted(once.values(), key=lambda one: one.at_ms)


def firing(server: AlertmanagerServer) -> list[tuple[str, str]]:
    """(name, rep) of what the Alertmanager has."""
    return sorted(
        (one["labels"]["alertname"], one["labels"].get("rep", "")) for one in server.alerts()
    )


@pytest.mark.timeout(300)  # seventy seconds on an idle machine
def test_a_drop_reaches_the_supervisor_once_and_a_silent_feed_is_nobodys_drop(
    floor: Floor, alertmanager: AlertmanagerServer, page: str, chromium_path: Path
) -> None:
    floor.worker("a")
    floor.worker("b")
    floor.send(history(FIRST_MS))
    # Whoever owns the detectors dies between the crossing and whatever comes after it.
    wait_until(lambda: told(floor, "red"), 90)
    for name in ("a", "b"):
        floor.workers[name].kill()
    floor.worker("a")
    floor.worker("b")
    # Two days without a sale make two reds.
    wait_until(lambda: len(told(floor, "red")) == 2, 120)
    floor.settle()
    wait_until(lambda: firing(alertmanager) == [("FloorcastConversionDrop", DROPPED)], 60)
    reds = told(floor, "red")
    assert {one.rep_id for one in reds} == {DROPPED}
    # A rep who goes on selling nothing is red again: the newest stands for all.
    ends = {one.ends for one in told(floor, "recovered") if one.why == "again"}
    assert {one.alert_id for one in reds} - ends == {reds[-1].alert_id}

    # Her calls are half as long; short calls and leads are as ever.
    (talk,) = [one for one in reds[-1].also if one.changed]
    assert {one.what for one in reds[-1].also} == {"short_calls", "talk", "leads"}
    assert talk.what == "talk"
    assert talk.seen < 0.6 * talk.usual
    assert "Also changed: talk time, 0:" in alertmanager.alerts()[0]["annotations"]["description"]

    with browser() as chromium:
        tab = chromium.new_page()
        tab.goto(f"{page}floor?window=today")
        alarm = tab.locator("button.alarm")
        expect(alarm).to_contain_text("1", timeout=20_000)
        alarm.click()
        entry = tab.locator(f"[data-alert='{reds[-1].alert_id}']")
        expect(entry).to_contain_text(reds[-1].text["en"])
        entry.get_by_label("Note").fill("I listen in")
        entry.get_by_role("button", name="Acknowledge").click()
        expect(entry.locator("h3 .badge")).to_have_text("✓ acknowledged", timeout=20_000)
    wait_until(lambda: firing(alertmanager) == [], 60)
    listed = floor.run("alerts", "list", "--rep", DROPPED, "--state", "acknowledged", "--json")
    assert [json.loads(line)["alert"]["alert_id"] for line in listed.output.splitlines()] == [
        reds[-1].alert_id
    ]

    silent = sorted(shift(FIRST_MS, DAYS, Random(5), sold=0.0), key=lambda one: one[0])
    floor.send([sending for _, sending in silent])
    wait_until(lambda: ("FloorcastDealsSilent", "") in firing(alertmanager), 150)
    assert len(told(floor, "red")) == len(reds) + 1
    assert [one.kind for one in told(floor, "red") if not one.rep_id] == ["deals_silent"]
