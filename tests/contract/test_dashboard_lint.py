"""Each rule of the linter finds a dashboard that breaks it, and no more than that."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grafana.lint import RULES, Board, Panel, data_panels, main, problems
from grafana.lint_queries import problems as query_problems
from tests.grafana.dashboards import load

Break = Callable[[Board], object]


def panel(board: Board, title: str) -> Panel:
    """A panel by its title."""
    found: Panel
    (found,) = (one for one in board["panels"] if one.get("title") == title)
    return found


def defaults(board: Board, title: str = "Conversion") -> dict[str, Any]:
    """What a panel says of all its fields."""
    found: dict[str, Any] = panel(board, title)["fieldConfig"]["defaults"]
    return found


def ask(board: Board, expr: str) -> None:
    """Let a panel without rates ask something else."""
    panel(board, "Deals")["targets"][0]["expr"] = expr


def link(board: Board, url: str) -> None:
    """Let a panel's numbers lead elsewhere."""
    value = [{"title": "Away", "url": url, "targetBlank": False}]
    defaults(board, "Deals")["links"] = value


BROKEN: list[tuple[str, Break, str]] = [
    ("titled", lambda b: panel(b, "Deals").pop("title"), "has no title"),
    ("titled", lambda b: panel(b, "Deals").update(title="Teams"), "two panels are called Teams"),
    ("titled", lambda b: b.update(title=""), "the dashboard has no title"),
    ("described", lambda b: b.pop("description"), "the dashboard has no description"),
    ("described", lambda b: panel(b, "Deals").pop("description"), "Deals: no description"),
    ("described", lambda b: panel(b, "Deals").update(description="Deals"), "not a sentence"),
    ("with_units", lambda b: defaults(b, "Teams").pop("unit"), "Teams: no unit"),
    ("with_units", lambda b: defaults(b).update(unit="short"), "Conversion: no unit"),
    (
        "from_the_chosen_source",
        lambda b: panel(b, "Deals").update(datasource={"type": "prometheus", "uid": "mine"}),
        "Deals: not the chosen data source",
    ),
    (
        "from_the_chosen_source",
        lambda b: panel(b, "Deals")["targets"][1].pop("datasource"),
        "Deals: not the chosen data source",
    ),
    (
        "from_the_chosen_source",
        lambda b: [one.pop("datasource", None) for one in b["templating"]["list"]],
        "variable team: not the chosen data source",
    ),
    (
        "from_the_chosen_source",
        lambda b: b["templating"]["list"].pop(0),
        "no variable datasource",
    ),
    (
        "never_zero_for_nothing",
        lambda b: defaults(b).update(noValue="0 %"),
        "noValue is '0 %', not words",
    ),
    (
        "never_zero_for_nothing",
        lambda b: defaults(b).update(mappings=[]),
        "Conversion: a rate without a denominator (NaN) has no words",
    ),
    (
        "never_zero_for_nothing",
        lambda b: defaults(b)["mappings"][0]["options"]["result"].update(text="0"),
        "Conversion: a rate without a denominator (NaN) has no words",
    ),
    (
        "with_thresholds",
        lambda b: defaults(b).pop("thresholds"),
        "Conversion: thresholds have no base step",
    ),
    (
        "with_thresholds",
        lambda b: panel(b, "Alerts firing")["options"].update(colorMode="none"),
        "Alerts firing: a threshold that colours nothing",
    ),
    ("on_the_grid", lambda b: panel(b, "Deals")["gridPos"].update(x=15), "Deals: lies on"),
    ("on_the_grid", lambda b: panel(b, "Deals")["gridPos"].update(x=20), "Deals: leaves the grid"),
    (
        "on_the_grid",
        lambda b: panel(b, "Alerts firing")["gridPos"].update(h=9),
        "28 fit on 1080 px",
    ),
    ("refreshed", lambda b: b.update(refresh="1s"), "refresh is '1s'"),
    ("refreshed", lambda b: b.pop("refresh"), "refresh is ''"),
    (
        "numbers_of_now",
        lambda b: panel(b, "Deals")["options"]["reduceOptions"].update(calcs=["mean"]),
        "Deals: not the last value of an instant query",
    ),
    (
        "numbers_of_now",
        lambda b: panel(b, "Deals")["targets"][0].update(instant=False, range=True),
        "Deals: not the last value of an instant query",
    ),
    ("linked", lambda b: link(b, "https://example.com/"), "Away leads out of floorcast"),
    ("linked", lambda b: link(b, "/d/floorcast-team?"), "Away loses time or data source"),
    (
        "linked",
        lambda b: link(b, "${page:raw}/rep/${__value.raw}"),
        "Away puts __value.raw bare into a URL",
    ),
    ("asks_well", lambda b: ask(b, "sum(floorcast_rep_today_contacts)"), "take max by (rep)"),
    ("asks_well", lambda b: ask(b, "rate(floorcast_events_total[5m])"), "use $__rate_interval"),
    ("asks_well", lambda b: ask(b, "sum(("), "does not parse"),
]


@pytest.mark.parametrize(("rule", "breaking", "words"), BROKEN)
def test_a_broken_dashboard_is_found(rule: str, breaking: Break, words: str) -> None:
    board = copy.deepcopy(load("floor.json"))
    breaking(board)
    (broken,) = (one for one in RULES if one.__name__ == rule)
    assert any(words in problem for problem in broken(board)), list(broken(board))


def test_every_rule_is_seen_to_find_something() -> None:
    assert {rule.__name__ for rule in RULES} == {rule for rule, _, _ in BROKEN}


@pytest.mark.parametrize(
    "expr",
    [
        "sum(floorcast_rep_today_dials)",
        "sum by (team) (max by (team) (floorcast_rep_today_dials))",
        "sum(max(floorcast_rep_today_dials))",
        "sum(max without (rep) (floorcast_rep_today_dials))",
        "sum(max by (rep) (floorcast_rep_today_dials + floorcast_rep_today_contacts))",
        "topk(3, floorcast_rep_today_dials)",
        "sum(avg by (rep) (floorcast_rep_today_dials))",
        "sum(max_over_time(floorcast_rep_today_dials[5m]))",
        "sum by (team) (max by (team) (floorcast_team_today_dials))",
        "-sum(floorcast_team_today_dials)",
    ],
)
def test_a_query_that_can_count_a_rep_twice_is_found(expr: str) -> None:
    assert any("on two workers at times" in one for one in query_problems(expr))


@pytest.mark.parametrize(
    "expr",
    [
        "sum(max by (rep) (floorcast_rep_today_dials))",
        "sum by (team) (max by (team, rep) (floorcast_rep_today_dials{site='x'}))",
        "sum(max by (team, partition) (floorcast_team_today_dials))",
        "sum(floorcast_rep_series_dropped)",
        "x and on () absent(floorcast_rep_info)",
        "sum(team:floorcast_today_dials:sum)",
        "sum(rate(floorcast_events_total[$__rate_interval]))",
    ],
)
def test_a_query_that_counts_a_rep_once_is_left_alone(expr: str) -> None:
    assert list(query_problems(expr)) == []


def test_texts_and_headings_need_no_unit_and_no_source() -> None:
    board = load("alerts.json")
    kinds = {one["type"] for one in board["panels"]}
    assert {"row", "text"} <= kinds
    assert {"row", "text"}.isdisjoint(one["type"] for one in data_panels(board))
    assert problems(board) == []


def test_the_command_names_the_file_and_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = load("floor.json")
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(board), encoding="utf-8")
    assert main([str(file)]) == 0
    file.write_text(json.dumps(board | {"title": ""}), encoding="utf-8")
    assert main([str(file)]) == 1
    assert capsys.readouterr().out == f"{file}: the dashboard has no title\n"


@pytest.mark.parametrize("text", ["not json", "[]", '{"spec": {}}'])
def test_what_is_no_dashboard_is_refused_in_a_line(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main([str(file)])
    assert stop.value.code == 2
    assert str(file) in capsys.readouterr().err
