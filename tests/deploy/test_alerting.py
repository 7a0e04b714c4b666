"""The checked-in configurations at work: a worker's trouble reaches the Alertmanager."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from streams.core.clock import SystemClock
from tests.grafana.quick_rules import quick_rules
from tests.grafana.serving import serving
from tests.grafana.small_floor import REPS, Worker
from tests.services.alertmanager import AlertmanagerServer
from tests.services.http import ask
from tests.services.ports import free_port
from tests.services.programs import REPOSITORY
from tests.services.prometheus import PrometheusServer

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
