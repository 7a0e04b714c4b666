"""The checked-in configurations at work: a worker's trouble reaches the Alertmanager."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from aiohttp import web

from sinks.alertmanager_round import Told, encode_alerts, round_of
from streams.core.alerts.notices import alert_name
from streams.core.alerts.told import Kind
from streams.core.clock import SystemClock
from tests.grafana.quick_rules import quick_rules
from tests.grafana.serving import serving
from tests.grafana.small_floor import REPS, Worker
from tests.services.alertmanager import AlertmanagerServer
from tests.services.http import ask
from tests.services.ports import free_port
from tests.services.programs import REPOSITORY
from tests.services.prometheus import PrometheusServer
from tests.unit.alert_entries import entries, red

DEPLOY = REPOSITORY / "deploy"
ALERTMANAGER = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")

Start = Callable[[str | Mapping[str, Any]], Any]


def shortened(worker: Worker, alertmanager: AlertmanagerServer, folder: Path) -> dict[str, Any]:
    """The stack's Prometheus configuration with this test's addresses, and without the waiting."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"] = dict.fromkeys(("scrape_interval", "scrape_timeout"), "500ms")
    config["global"]["evaluation_interval"] = "500ms"
    assert config["rule_files"] == ["rules/*.yml"]
    config["rule_files"] = quick_rules(folder)
    (managers,) = config["alerting"]["alertmanagers"]
    managers["static_configs"] = [{"targets": [alertmanager.url.removeprefix("http://")]}]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [worker.target]}]
    return config


def wait_for_alert(server: AlertmanagerServer, name: str) -> dict[str, Any]:
    """The alert of that name once the Alertmanager has it."""
    deadline = time.monotonic() + 30
    while True:
        for alert in server.alerts():
            if alert["labels"]["alertname"] == name:
                return alert
        assert time.monotonic() < deadline, f"no {name} in {server.alerts()}"
        time.sleep(0.2)


def wait_for_both_jobs(server: PrometheusServer) -> None:
    """Both jobs are scraped; each has a moment of its own within the interval."""
    deadline = time.monotonic() + 30
    while server.value('count(up{job=~"floorcast|floorcast-reps"} == 1)') != 2:
        assert time.monotonic() < deadline, "one of the jobs is not scraped"
        time.sleep(0.2)


def test_a_stopped_input_reaches_the_alertmanager_in_words(
    prometheus_server: Start, alertmanager_server: Start, tmp_path: Path
) -> None:
    worker = Worker(port=free_port())
    asyncio.run(worker.show(REPS))
    worker.count(SystemClock().now_ms())
    alertmanager: AlertmanagerServer = alertmanager_server(ALERTMANAGER)
    with serving(worker):
        prometheus: PrometheusServer = prometheus_server(
            shortened(worker, alertmanager, tmp_path / "rules")
        )
        alert = wait_for_alert(alertmanager, "FloorcastInputStopped")
        groups = ask(f"{prometheus.url}/api/v1/rules")["data"]["groups"]
        assert {one["health"] for group in groups for one in group["rules"]} == {"ok"}
        wait_for_both_jobs(prometheus)
    assert alert["labels"]["topic"] == "survey-submitted"
    assert alert["annotations"]["description"] == (
        "Partition 0 of survey-submitted waits for a person; its events wait in Kafka."
    )
    assert [one["name"] for one in alert["receivers"]] == ["operators"]


def states(server: AlertmanagerServer, *names: str) -> dict[str, str]:
    """Alert to active or suppressed, once each of these was looked at."""
    deadline = time.monotonic() + 40
    found: dict[str, str] = {}
    # The state is known once the group was first looked at.
    while found.keys() != {*names} or "unprocessed" in found.values():
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
        found = {one["labels"]["alertname"]: one["status"]["state"] for one in server.alerts()}
    return found


PEOPLE = (
    *(alert_name(kind) for kind in get_args(Kind) if kind != "deals_silent"),
    "FloorcastRepIdle",
)


@pytest.mark.parametrize(
    "cause",
    [
        "FloorcastDown",
        "FloorcastSourceSilent",
        "FloorcastBehind",
        "FloorcastRecoveringLong",
        "FloorcastInputStopped",
    ],
)
def test_while_the_pipeline_is_in_trouble_nobody_is_told_of_people(
    alertmanager_server: Start, cause: str
) -> None:
    server: AlertmanagerServer = alertmanager_server(quick())
    names = (cause, *PEOPLE)
    server.send([{"labels": {"alertname": name, "team": "north"}} for name in names])
    assert states(server, *names) == {cause: "active"} | dict.fromkeys(PEOPLE, "suppressed")


def test_a_site_without_deals_holds_back_its_own_people_only(alertmanager_server: Start) -> None:
    server: AlertmanagerServer = alertmanager_server(quick())
    sites = {"FloorcastConversionDrop": "lisbon", "FloorcastTeamConversionDrop": "porto"}
    named = {"FloorcastDealsSilent": "lisbon", **sites}
    server.send([{"labels": {"alertname": name, "site": at}} for name, at in named.items()])
    assert states(server, *named) == {
        "FloorcastDealsSilent": "active",
        "FloorcastConversionDrop": "suppressed",
        "FloorcastTeamConversionDrop": "active",
    }


def test_other_trouble_leaves_people_alone(alertmanager_server: Start) -> None:
    server: AlertmanagerServer = alertmanager_server(quick())
    names = ("FloorcastDeadLetters", "FloorcastSinkFailing", *PEOPLE)
    server.send([{"labels": {"alertname": name, "team": "north"}} for name in names])
    assert states(server, *names) == dict.fromkeys(names, "active")


def quick(**receiver: Any) -> dict[str, Any]:
    """The stack's configuration without the waiting; `receiver` is how supervisors are reached."""
    config: dict[str, Any] = yaml.safe_load(ALERTMANAGER)
    config["templates"] = [str(DEPLOY / "alertmanager" / one) for one in config["templates"]]
    (people,) = config["route"]["routes"]
    for route in (config["route"], people):
        route |= {"group_wait": "500ms", "group_interval": "500ms"}
    (supervisors,) = (one for one in config["receivers"] if one["name"] == "supervisors")
    supervisors |= receiver
    return config


@asynccontextmanager
async def chat() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A chat's address, and the messages that came in there."""
    got: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        (one,) = (await request.json())["attachments"]
        got.append(one)
        return web.Response(text="ok")

    port = free_port()
    app = web.Application()
    app.router.add_post("/chat", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/chat", got
    finally:
        await runner.cleanup()


def told(one: dict[str, Any]) -> tuple[str, set[str]]:
    """A message's title and lines; alerts are in no order."""
    return one["title"], {*one["text"].splitlines()} - {""}


async def test_a_team_gets_one_message_of_all_its_reps(alertmanager_server: Start) -> None:
    ana, bo, cy = (
        red("r-1", text={"en": "Ana: 7 sales."}),
        red("r-2", text={"en": "Bo: 5 sales."}),
        red("r-3", team_id="south", text={"en": "Cy: 4 sales."}),
    )
    summary = "A rep's conversion has really dropped."
    async with chat() as (url, got):
        slack = {
            "api_url": url,
            "send_resolved": True,
            "title": '{{ template "floorcast.title" . }}',
            "text": '{{ template "floorcast.text" . }}',
        }
        server = await asyncio.to_thread(alertmanager_server, quick(slack_configs=[slack]))
        due = round_of(Told(), entries(ana, bo, cy), SystemClock().now_ms(), "https://b")
        assert due is not None
        await asyncio.to_thread(server.send, json.loads(encode_alerts(due.alerts)))
        await arrived(got, 2)
        assert sorted(map(told, got)) == [
            (
                f"north: 2 open – {summary}",
                {"Ana: 7 sales.", "https://b/rep/r-1", "Bo: 5 sales.", "https://b/rep/r-2"},
            ),
            (f"south: 1 open – {summary}", {"Cy: 4 sales.", "https://b/rep/r-3"}),
        ]
        over = round_of(due.told, entries(bo), SystemClock().now_ms(), "https://b")
        assert over is not None
        await asyncio.to_thread(server.send, json.loads(encode_alerts(over.alerts)))
        await arrived(got, 4)
        assert sorted(map(told, got[2:])) == [
            (
                f"north: 1 open – {summary}",
                {"Bo: 5 sales.", "https://b/rep/r-2", "Closed: Ana: 7 sales."},
            ),
            (f"south: all closed – {summary}", {"Closed: Cy: 4 sales."}),
        ]


async def arrived(got: list[dict[str, Any]], number: int) -> None:
    """Wait until so many messages came."""
    async with asyncio.timeout(30):
        while len(got) < number:
            await asyncio.sleep(0.1)


def test_a_cause_silences_what_follows_from_it(alertmanager_server: Start) -> None:
    server: AlertmanagerServer = alertmanager_server(ALERTMANAGER)
    server.send(
        [
            {"labels": {"alertname": "FloorcastInputStopped", "topic": "deal-closed"}},
            {"labels": {"alertname": "FloorcastBehind", "topic": "deal-closed"}},
            {"labels": {"alertname": "FloorcastBehind", "topic": "call-ended"}},
        ]
    )
    states: dict[tuple[str, str], str] = {}
    deadline = time.monotonic() + 20
    # The state is known once the group was first looked at.
    while len(states) < 3 or "unprocessed" in states.values():
        assert time.monotonic() < deadline, states
        time.sleep(0.2)
        states = {
            (one["labels"]["alertname"], one["labels"]["topic"]): one["status"]["state"]
            for one in server.alerts()
        }
    assert states == {
        ("FloorcastInputStopped", "deal-closed"): "active",
        ("FloorcastBehind", "deal-closed"): "suppressed",
        ("FloorcastBehind", "call-ended"): "active",
    }
