"""The checked-in dashboards are the generator's, valid for Grafana, and ask for what we export."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.contract.promql import unknown
from tests.grafana.dashboards import DASHBOARDS, ROOT, Board, load
from tests.grafana.small_audit import Audit
from tests.grafana.small_floor import REPS, Worker

SCHEMAS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "grafana-13.2.3.schema.json").read_text(encoding="utf-8")
)
GRID_WIDTH = 24
NEWEST_CLASSIC_SCHEMA = 42

on_each = pytest.mark.parametrize("name", DASHBOARDS)


def panels(board: Board) -> Iterator[dict[str, Any]]:
    """Everything but the rows' headings."""
    return (one for one in board["panels"] if one["type"] != "row")


def test_the_checked_in_dashboards_are_what_the_generator_makes() -> None:
    command = [sys.executable, "-m", "grafana.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@on_each
def test_a_dashboard_is_valid_for_grafana(name: str) -> None:
    board = load(name)
    problems = list(Draft7Validator(SCHEMAS["Dashboard"]).iter_errors(board))
    for panel in panels(board):
        kind = panel["type"]
        problems += Draft7Validator(SCHEMAS[kind]).iter_errors(panel["options"])
        custom = panel["fieldConfig"]["defaults"].get("custom")
        if custom is not None:
            problems += Draft7Validator(SCHEMAS[f"{kind}.custom"]).iter_errors(custom)
    assert [f"{one.json_path}: {one.message}" for one in problems] == []


@on_each
def test_a_provisioned_dashboard_has_a_stable_name_and_no_server_id(name: str) -> None:
    board = load(name)
    assert board["uid"] == f"floorcast-{name.removesuffix('.json')}"
    assert board.get("id") is None
    assert "version" not in board
    assert "__inputs" not in board
    assert board["schemaVersion"] <= NEWEST_CLASSIC_SCHEMA
    assert board["title"]
    assert board["description"]


@on_each
def test_every_panel_says_what_it_shows_and_in_which_unit(name: str) -> None:
    for panel in panels(load(name)):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@on_each
def test_titles_and_ids_are_used_once(name: str) -> None:
    board = load(name)
    for field in ("id", "title"):
        values = [panel[field] for panel in board["panels"]]
        assert len(values) == len(set(values)), values


@on_each
def test_every_query_goes_to_the_chosen_data_source(name: str) -> None:
    board = load(name)
    variables = {one["name"]: one for one in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels(board):
        assert panel["datasource"] == chosen
        assert [one["datasource"] for one in panel["targets"]] == [chosen] * len(panel["targets"])
    queries = [one for one in variables.values() if one["type"] == "query"]
    assert [one["datasource"] for one in queries] == [chosen] * len(queries)


@on_each
def test_panels_do_not_overlap_or_leave_the_grid(name: str) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in load(name)["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= GRID_WIDTH, panel["title"]
        for x in range(grid["x"], grid["x"] + grid["w"]):
            for y in range(grid["y"], grid["y"] + grid["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]


@on_each
def test_a_missing_number_is_never_shown_as_zero(name: str) -> None:
    for panel in panels(load(name)):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["noValue"], panel["title"]
        (mapping,) = defaults["mappings"]
        assert mapping["options"]["match"] == "null+nan"
        assert mapping["options"]["result"]["text"] == defaults["noValue"]


@on_each
def test_big_numbers_are_the_last_value_and_not_an_average(name: str) -> None:
    for panel in panels(load(name)):
        if panel["type"] == "stat":
            assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]
            assert all(one["instant"] for one in panel["targets"])


@on_each
def test_rates_follow_the_scrape_interval(name: str) -> None:
    for panel in panels(load(name)):
        for target in panel["targets"]:
            for function in ("rate(", "increase("):
                if function in target["expr"]:
                    assert "[$__rate_interval]" in target["expr"]


@on_each
def test_a_rep_is_counted_once_before_anything_is_added_up(name: str) -> None:
    for panel in panels(load(name)):
        for target in panel["targets"]:
            for before in target["expr"].split("floorcast_rep_today_")[:-1]:
                assert before.endswith(("max by (rep) (", "max by (rep, team) (", "currency) ("))


@on_each
async def test_what_a_query_asks_for_is_exported(name: str) -> None:
    worker = Worker()
    await worker.show(REPS)
    worker.count(now_ms=1_772_445_600_000)
    exported = worker.exported() | Audit().exported()
    for panel in panels(load(name)):
        for target in panel["targets"]:
            problems = unknown(target["expr"], exported)
            assert not problems, f"{panel['title']}: {problems}"
