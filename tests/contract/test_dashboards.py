"""The checked-in dashboards are the generator's, valid for Grafana, and ask for what we export."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from grafana.alerts import how_rare, runbook
from grafana.generate import dashboards, main
from grafana.links import PAGE
from grafana.lint import BOARD_LINK, links_of, problems
from grafana.lint_queries import problems as query_problems
from tests.contract.promql import unknown
from tests.grafana.dashboards import DASHBOARDS, ROOT, data_panels, load
from tests.grafana.small_audit import Audit
from tests.grafana.small_floor import REPS, Worker

SCHEMAS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "grafana-13.2.3.schema.json").read_text(encoding="utf-8")
)
NEWEST_CLASSIC_SCHEMA = 42

on_each = pytest.mark.parametrize("name", DASHBOARDS)


def test_the_checked_in_dashboards_are_what_the_generator_makes() -> None:
    command = [sys.executable, "-m", "grafana.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@on_each
def test_a_dashboard_is_valid_for_grafana(name: str) -> None:
    board = load(name)
    for mark in board.get("annotations", {}).get("list", ()):
        # Prometheus' own: "plugins can set any property directly on the main object".
        for own in ("expr", "step", "titleFormat", "textFormat"):
            assert mark.pop(own)
    errors = list(Draft7Validator(SCHEMAS["Dashboard"]).iter_errors(board))
    for panel in (one for one in board["panels"] if one["type"] != "row"):
        kind = panel["type"]
        errors += Draft7Validator(SCHEMAS[kind]).iter_errors(panel["options"])
        custom = panel.get("fieldConfig", {}).get("defaults", {}).get("custom")
        if custom is not None:
            errors += Draft7Validator(SCHEMAS[f"{kind}.custom"]).iter_errors(custom)
    assert [f"{one.json_path}: {one.message}" for one in errors] == []


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
def test_the_linter_finds_nothing(name: str) -> None:
    assert problems(load(name)) == []


@on_each
def test_links_lead_to_boards_that_are_there_and_choose_what_they_have(name: str) -> None:
    boards = {board["uid"]: board for board in map(load, DASHBOARDS)}
    for link in (one for panel in data_panels(load(name)) for one in links_of(panel)):
        if found := BOARD_LINK.match(link["url"]):
            variables = {one["name"] for one in boards[found[1]]["templating"]["list"]}
            assert set(re.findall(r"&var-(\w+)=", link["url"])) <= variables, link


def test_from_every_wallboard_one_comes_to_every_other_and_to_the_page() -> None:
    led = {
        name: {link["url"] for panel in data_panels(load(name)) for link in links_of(panel)}
        for name in DASHBOARDS
    }
    pages = {
        url.removeprefix("${page:raw}").split("$")[0]
        for urls in led.values()
        for url in urls
        if url.startswith("${page:raw}")
    }
    assert pages == {"/", "/team/", "/rep/"}
    for name in DASHBOARDS:
        board = load(name)
        (others, page) = board["links"]
        assert (others["type"], others["tags"]) == ("dashboards", ["floorcast"])
        assert page["url"] == "${page:raw}/"
        assert "floorcast" in board["tags"]
        (base,) = (one for one in board["templating"]["list"] if one["name"] == "page")
        assert (base["type"], base["query"]) == ("constant", PAGE)


def test_the_page_of_another_address_is_in_every_board() -> None:
    for board in dashboards("https://boards.example.com/").values():
        (base,) = (one for one in board["templating"]["list"] if one["name"] == "page")
        assert base["query"] == "https://boards.example.com"


@pytest.mark.parametrize("arguments", [["--page", "boards.example.com"], ["--page", ""]])
def test_an_address_without_a_scheme_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--check", *arguments])
    assert stop.value.code == 2
    assert "give an address such as https://" in capsys.readouterr().err


def test_the_alerts_board_has_the_runbook_whole() -> None:
    panel = text_panel("Runbook")
    shown = re.findall(r"^### (\w+)$", panel["options"]["content"], re.MULTILINE)
    assert shown == [rule["alert"] for name in ("pipeline", "audit") for rule in of_file(name)]
    with pytest.raises(ValueError, match="no heading '## Runbook'"):
        runbook("# Nothing here\n")


def test_the_alerts_board_says_how_rare_false_alarms_are() -> None:
    said = text_panel("How rare false alarms are")["options"]["content"]
    assert said.startswith("Of 1,000 days that reps work with nothing wrong, about ")
    assert "|" not in said
    with pytest.raises(ValueError, match="no heading '## How rare"):
        how_rare("# Nothing here\n")


def text_panel(title: str) -> dict[str, Any]:
    """A page of words on the alerts board."""
    found: dict[str, Any]
    (found,) = (one for one in load("alerts.json")["panels"] if one["title"] == title)
    assert found["type"] == "text"
    return found


@pytest.mark.parametrize("name", ["rep.json", "team.json"])
async def test_marks_ask_the_chosen_source_for_what_is_exported(name: str) -> None:
    worker = Worker()
    await worker.show(REPS)
    (mark,) = load(name)["annotations"]["list"]
    assert mark["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert unknown(mark["expr"], worker.exported()) == []
    assert list(query_problems(mark["expr"])) == []


def of_file(name: str) -> list[dict[str, Any]]:
    """The rules of a file of deploy/."""
    file = ROOT / "deploy" / "prometheus" / "rules" / f"{name}.yml"
    return [
        one for group in yaml.safe_load(file.read_text("utf-8"))["groups"] for one in group["rules"]
    ]


@on_each
async def test_what_a_query_asks_for_is_exported(name: str) -> None:
    worker = Worker()
    await worker.show(REPS)
    worker.count(now_ms=1_772_445_600_000)
    exported = worker.exported() | Audit().exported()
    for panel in data_panels(load(name)):
        for target in panel["targets"]:
            missing = unknown(target["expr"], exported)
            assert not missing, f"{panel['title']}: {missing}"
