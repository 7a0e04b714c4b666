"""The boards of grafana/ on a simulated floor at work: two real workers, a real Prometheus."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from producers.simulator import floor_profile, plan_text, simulate
from producers.simulator.profile import FloorProfile, running_since
from streams.core.clock import SystemClock
from tests.grafana.dashboards import Board, Panel, data_panels, load, sent
from tests.grafana.quick_rules import quick_rules
from tests.integration.floor import Floor, Row
from tests.integration.mixed_events import Sending
from tests.services.kafka import KafkaServer
from tests.services.prometheus import PrometheusServer

JOBS = (("floorcast", "/metrics"), ("floorcast-reps", "/metrics/reps"))
NOT_HERE = ("Audit", "Failed writes", "Writes, by sink", "Reps waiting")
"""Panels whose subject this floor does not have: an audit, a sink that fails."""


class Working(NamedTuple):
    """The floor, its Prometheus, and today's rows of `floorcast totals` with each rep's team."""

    prometheus: PrometheusServer
    today: list[Row]
    teams: dict[str, str]

    def values(self, expr: str) -> list[float]:
        """The numbers a query gives."""
        return [float(one["value"][1]) for one in self.prometheus.query(expr)]


@pytest.fixture(scope="module")
def working(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Working]:
    folder = tmp_path_factory.mktemp("boards")
    now = SystemClock().now_ms()
    profile = floor_profile(24, 3, 7, lively=4, around_ms=now)
    plan = folder / "plan.toml"
    plan.write_text(plan_text(profile), encoding="utf-8")
    floor = Floor(kafka, folder, plan=str(plan))
    prometheus = PrometheusServer(folder / "prometheus")
    try:
        workers = [floor.worker(name) for name in ("a", "b")]
        arrivals = simulate(profile, running_since(profile, now), now)
        floor.send(
            [Sending(one.topic, one.key, json.dumps(one.value).encode()) for one in arrivals]
        )
        floor.settle()
        targets = [{"targets": [one.url.removeprefix("http://") for one in workers]}]
        prometheus.start(
            {
                "global": dict.fromkeys(("scrape_interval", "scrape_timeout"), "1s"),
                "rule_files": quick_rules(folder / "rules"),
                "scrape_configs": [
                    {"job_name": name, "metrics_path": path, "static_configs": targets}
                    for name, path in JOBS
                ],
            }
        )
        today = _today(floor.totals(), profile)
        prometheus.wait_for(f"count(rep:floorcast_rep_info:topk) == {len(profile.reps)}", 40)
        prometheus.wait_for("count_over_time(team:floorcast_today_contacts:sum[1m]) > 3")
        yield Working(prometheus, today, _teams(profile))
    finally:
        prometheus.kill()
        floor.close()


def test_every_number_of_a_team_is_what_the_state_holds(working: Working) -> None:
    for metric, column in (
        ("dials", "dials"),
        ("contacts", "contacts"),
        ("human_answered_calls", "human_answered"),
        ("csat_responses", "csat_responses"),
    ):
        expected: Counter[str] = Counter()
        for row in working.today:
            expected[working.teams[row["rep_id"]]] += row[column]
        shown = {
            one["metric"]["team"]: float(one["value"][1])
            for one in working.prometheus.query(
                f"sum by (team) (team:floorcast_today_{metric}:sum)"
            )
        }
        assert {team: value for team, value in shown.items() if value} == {
            team: value for team, value in expected.items() if value
        }, metric
    assert sum(row["contacts"] for row in working.today) > 0


@pytest.mark.parametrize("name", ["floor.json", "team.json", "rep.json"])
def test_every_query_about_people_has_an_answer(working: Working, name: str) -> None:
    board = load(name)
    chosen = _somebody(working, board)
    for panel in data_panels(board):
        for target in panel["targets"]:
            values = working.values(sent(board, target["expr"], **chosen))
            where = f"{panel['title']}: {target['expr']}"
            assert values, where
            # Only a rate may have no value: its denominator is 0 today.
            assert all(map(math.isfinite, values)) or "/" in target["expr"], where


def test_every_query_about_the_pipeline_has_an_answer(working: Working) -> None:
    board = load("pipeline.json")
    for panel in data_panels(board):
        if panel["title"].startswith(NOT_HERE) or _may_be_empty(panel):
            continue
        found = [working.values(sent(board, one["expr"])) for one in panel["targets"]]
        assert any(found), panel["title"]


def test_a_floor_that_is_well_has_no_alert(working: Working) -> None:
    board = load("alerts.json")
    (critical,) = (one for one in data_panels(board) if one["title"] == "Critical alerts")
    (target,) = critical["targets"]
    assert working.values(sent(board, target["expr"])) == [0]


def _may_be_empty(panel: Panel) -> bool:
    """Panels of rare things say so themselves."""
    nothing: str = panel["fieldConfig"]["defaults"]["noValue"]
    return nothing == "none"


def _somebody(working: Working, board: Board) -> dict[str, str]:
    """What to choose where only one can be: the busiest rep and its team."""
    by_deals = max(working.today, key=lambda row: (float(row["deals_gross"]), row["contacts"]))
    busiest = by_deals["rep_id"]
    chosen = {
        "rep": busiest,
        "team": working.teams[busiest],
        "own_team": working.teams[busiest],
    }
    single = {one["name"] for one in board["templating"]["list"] if not one.get("includeAll")}
    return {name: value for name, value in chosen.items() if name in single}


def _today(totals: list[Row], profile: FloorProfile) -> list[Row]:
    """The rows of each rep's local day that it is now."""
    zones = {rep.id: rep.team.site.zone for rep in profile.reps}
    dates = {
        zone: datetime.fromtimestamp(SystemClock().now_ms() / 1000, ZoneInfo(zone)).date()
        for zone in set(zones.values())
    }
    return [row for row in totals if row["date"] == dates[zones[row["rep_id"]]].isoformat()]


def _teams(profile: FloorProfile) -> dict[str, str]:
    return {rep.id: rep.team.id for rep in profile.reps}
