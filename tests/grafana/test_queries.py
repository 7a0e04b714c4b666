"""Every query of the dashboards, asked of a real Prometheus that scrapes real exporters."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streams.core.clock import SystemClock
from tests.grafana.dashboards import DASHBOARDS, data_panels, load, sent
from tests.grafana.quick_rules import quick_rules
from tests.grafana.serving import serving
from tests.grafana.small_audit import Audit
from tests.grafana.small_floor import CALL_SOURCE, DEAL_SOURCE, REPS, Worker
from tests.services.http import ask
from tests.services.ports import free_port
from tests.services.prometheus import PrometheusServer

LEGEND_LABEL = re.compile(r"{{\s*(\w+)\s*}}")
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
CHOICES = {
    "floor.json": {"team": ["north", "south"], "site": ["london", "shanghai"]},
    "team.json": {"team": ["north", "south"], "site": ["london"]},
    "rep.json": {
        "team": ["north", "south"],
        "site": ["london", "shanghai"],
        "rep": ["r-1", "r-2", "r-3", "r-4", "r-5"],
        "own_team": ["south"],
    },
}


@contextmanager
def scraped(server: PrometheusServer, *workers: Worker) -> Iterator[PrometheusServer]:
    """A Prometheus that has seen every counter of the workers grow."""
    audit = Audit(port=free_port())
    targets = [{"targets": [worker.target for worker in workers]}]
    jobs = [
        {"job_name": "floorcast", "metrics_path": "/metrics", "static_configs": targets},
        {"job_name": "floorcast-reps", "metrics_path": "/metrics/reps", "static_configs": targets},
        {"job_name": "floorcast-audit", "static_configs": [{"targets": [audit.target]}]},
    ]
    once = dict.fromkeys(("scrape_interval", "scrape_timeout"), "500ms")
    rules = quick_rules(server.folder / "rules")
    samples = "min(count_over_time(floorcast_events_accepted_total[1m]))"
    for worker in workers:
        worker.count(SystemClock().now_ms())
    with serving(*workers, audit):
        server.start({"global": once, "rule_files": rules, "scrape_configs": jobs})
        try:
            server.wait_for(f"{samples} >= 1")
            for worker in workers:
                worker.count(SystemClock().now_ms())
            so_far = server.value(samples)
            server.wait_for(f"{samples} >= {so_far + 2}")
            up = "count(up == 1)"
            server.wait_for(f"{up} == {2 * len(workers) + 1}")
            # Recorded from all of that, and twice, so that nothing of the first moment is left.
            server.wait_for("count_over_time(team:floorcast_today_contacts:sum[1m]) >= 3")
            server.wait_for('ALERTS{alertname="FloorcastSinkFailing"}')
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """The small floor; its partition 1 changes hands, and for a moment two workers show it."""
    old, new = Worker(port=free_port()), Worker(port=free_port())
    asyncio.run(old.show(REPS))
    asyncio.run(new.show(tuple(one for one in REPS if one.partition == 1)))
    with scraped(PrometheusServer(tmp_path_factory.mktemp("floor")), old, new) as server:
        yield server


@pytest.fixture(scope="module")
def without_reps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """The same floor, partition 1 on two workers, where rep series are switched off."""
    old, new = (Worker(port=free_port(), rep_label="off") for _ in range(2))
    asyncio.run(old.show(REPS))
    asyncio.run(new.show(tuple(one for one in REPS if one.partition == 1)))
    with scraped(PrometheusServer(tmp_path_factory.mktemp("teams")), old, new) as server:
        yield server


def panel(name: str, title: str, **chosen: str) -> list[str]:
    """The queries of a panel, as Grafana sends them."""
    board = load(name)
    (found,) = (one for one in board["panels"] if one["title"] == title)
    return [sent(board, one["expr"], **chosen) for one in found["targets"]]


def by_label(server: PrometheusServer, expr: str, label: str) -> dict[str, float]:
    return {one["metric"][label]: float(one["value"][1]) for one in server.query(expr)}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_query_of_every_panel_returns_finite_numbers(
    floor: PrometheusServer, name: str
) -> None:
    board = load(name)
    for one in data_panels(board):
        for target in one["targets"]:
            result = floor.query(sent(board, target["expr"]))
            values = [float(sample["value"][1]) for sample in result]
            where = f"{one['title']}: {target['expr']}"
            assert any(map(math.isfinite, values)), where
            # A rate without a denominator is the only number that may not exist.
            assert all(map(math.isfinite, values)) or "/" in target["expr"], where


@pytest.mark.parametrize("name", ["rep.json", "team.json"])
def test_marks_name_what_began(floor: PrometheusServer, name: str) -> None:
    board = load(name)
    (mark,) = board["annotations"]["list"]
    found = floor.query(sent(board, mark["expr"]))
    # This Prometheus has only just begun to look, so what is open begins now.
    assert {one["metric"].get("rep", "") for one in found} <= {"r-3", ""}
    assert all(one["metric"]["team"] == "south" for one in found)


def test_open_alerts_are_counted_once_though_every_worker_shows_them(
    floor: PrometheusServer,
) -> None:
    assert len(floor.query('floorcast_rep_alert{level="amber"}')) == 2
    (red,) = panel("alerts.json", "Red alerts")
    (amber,) = panel("alerts.json", "Amber")
    assert (floor.value(red), floor.value(amber)) == (2, 1)
    (by_team,) = panel("alerts.json", "Open red alerts by team")
    assert by_label(floor, by_team, "team") == {"south": 2}


def test_where_reps_are_not_named_open_alerts_are_counted_by_team(
    without_reps: PrometheusServer,
) -> None:
    (red,) = panel("alerts.json", "Red alerts")
    assert without_reps.value(red) == 2


@pytest.mark.parametrize("name", DASHBOARDS)
def test_results_have_the_labels_that_legends_and_tables_show(
    floor: PrometheusServer, name: str
) -> None:
    board = load(name)
    for one in data_panels(board):
        found: set[str] = set()
        for target in one["targets"]:
            answer = floor.query(sent(board, target["expr"]))
            results = [sample["metric"] for sample in answer]
            found.update(*results)
            for label in LEGEND_LABEL.findall(target["legendFormat"]):
                assert all(metric.get(label) for metric in results), f"{one['title']}: {label}"
        for step in one.get("transformations", ()):
            columns = step["options"].get("indexByName", {})
            labels = {column for column in columns if not column.startswith("Value")}
            assert labels <= found, one["title"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_variable_offers_what_is_there(floor: PrometheusServer, name: str) -> None:
    board = load(name)
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        asked = LABEL_VALUES.fullmatch(sent(board, variable["query"]))
        assert asked is not None
        metric, label = asked.groups()
        answer = ask(f"{floor.url}/api/v1/label/{label}/values", {"match[]": metric})
        assert answer["data"]
        expected = CHOICES.get(name, {}).get(variable["name"], answer["data"])
        assert answer["data"] == expected, variable["name"]


def test_the_headline_is_a_sum_over_a_sum(floor: PrometheusServer) -> None:
    conversion, net_deals, contacts = (
        floor.value(expr) for expr in panel("floor.json", "Conversion")
    )
    assert (net_deals, contacts) == (10, 150)
    assert conversion == pytest.approx(10 / 150)


def test_a_team_and_a_rep_have_their_own_headline(floor: PrometheusServer) -> None:
    for name, expected in (("team.json", [9, 100]), ("rep.json", [6, 60])):
        asked = panel(name, "Conversion", team="north", rep="r-2", own_team="north")
        conversion, net_deals, contacts = (floor.value(expr) for expr in asked)
        assert [net_deals, contacts] == expected
        assert conversion == pytest.approx(net_deals / contacts)


def test_a_partition_on_two_workers_is_not_missing(floor: PrometheusServer) -> None:
    (missing,) = panel("floor.json", "Partitions missing")
    assert len(floor.query('floorcast_rep_partition_shown{partition="1"}')) == 2
    assert floor.value(missing) == 0


def test_a_rep_whom_two_workers_show_counts_once(floor: PrometheusServer) -> None:
    shown = floor.query('floorcast_rep_today_revenue_gross_minor_units{rep="r-4"}')
    assert len(shown) == 2
    (revenue,) = panel("floor.json", "Net revenue")
    assert by_label(floor, revenue, "currency")["JPY"] == 5_000


def test_money_is_shown_in_whole_units_of_its_currency(floor: PrometheusServer) -> None:
    (revenue,) = panel("floor.json", "Net revenue")
    assert by_label(floor, revenue, "currency") == {"EUR": 1_000, "JPY": 5_000, "KWD": 7.5}


def test_a_rep_without_contacts_has_no_conversion_instead_of_zero(floor: PrometheusServer) -> None:
    conversion = by_label(floor, panel("team.json", "Reps", team="south")[4], "rep")
    assert conversion["r-3"] == pytest.approx(1 / 50)
    assert math.isnan(conversion["r-4"])


def test_a_chosen_team_narrows_every_number(floor: PrometheusServer) -> None:
    contacts = panel("floor.json", "Conversion", team="north")[2]
    assert floor.value(contacts) == 100


def test_an_unknown_site_shows_nothing_instead_of_everything(floor: PrometheusServer) -> None:
    contacts = panel("floor.json", "Conversion", site="paris")[2]
    assert floor.query(contacts) == []


def test_each_source_has_its_age(floor: PrometheusServer) -> None:
    (ages,) = panel("pipeline.json", "Newest event, by source")
    assert by_label(floor, ages, "source").keys() == {CALL_SOURCE, DEAL_SOURCE}


def test_a_stopped_input_is_named(floor: PrometheusServer) -> None:
    (stopped,) = panel("pipeline.json", "Stopped inputs by name")
    assert by_label(floor, stopped, "topic") == {"survey-submitted": 1}


def test_alerts_say_where_and_since_when(floor: PrometheusServer) -> None:
    (since,) = panel("alerts.json", "Alerts now")
    found = {one["metric"]["alertname"]: one for one in floor.query(since)}
    stopped = found["FloorcastInputStopped"]
    assert stopped["metric"]["topic"] == "survey-submitted"
    assert stopped["metric"]["severity"] == "critical"
    assert abs(float(stopped["value"][1]) - SystemClock().now_ms()) < 120_000
    (critical,) = panel("alerts.json", "Critical alerts")
    assert floor.value(critical) == len(
        [one for one in floor.query(since) if one["metric"]["severity"] == "critical"]
    )


def test_no_alerts_is_a_number_only_while_rules_are_evaluated(
    without_reps: PrometheusServer,
) -> None:
    (warnings,) = panel("alerts.json", "Pending")
    assert without_reps.value(warnings) == 0
    assert without_reps.query(warnings.replace("floor:floorcast_workers:count", "absent_one")) == []


def test_teams_are_right_where_rep_series_are_switched_off(without_reps: PrometheusServer) -> None:
    assert without_reps.query("floorcast_rep_info") == []
    conversion, net_deals, contacts = (
        without_reps.value(expr) for expr in panel("floor.json", "Conversion")
    )
    assert (net_deals, contacts) == (10, 150)
    assert conversion == pytest.approx(10 / 150)
    teams = by_label(without_reps, panel("floor.json", "Teams")[1], "team")
    assert teams == {"north": 100, "south": 50}
    (revenue,) = panel("floor.json", "Net revenue")
    assert by_label(without_reps, revenue, "currency") == {"EUR": 1_000, "JPY": 5_000, "KWD": 7.5}
