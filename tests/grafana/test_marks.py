"""A red alert is marked on the boards where it begins, once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.grafana.dashboards import load, sent
from tests.services.programs import require

RED = 'floorcast_rep_alert{kind="conversion_drop",site="lisbon",team="north",rep="r-3",level="red"'
MINUTE = "_ _ _ _ _ _ _ _ _ _"
"""Ten minutes without a sample."""


def marked(
    name: str, series: dict[str, str], tmp_path: Path, *, at_minutes: dict[int, bool]
) -> None:
    """Hold the marks of a board against Prometheus: at these minutes there is one, or none."""
    board = load(name)
    (mark,) = board["annotations"]["list"]
    labels = '{kind="conversion_drop", site="lisbon", team="north", rep="r-3", level="red"}'
    cases = [
        {
            "expr": sent(board, mark["expr"], rep="r-3", team="north"),
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": labels, "value": 1}] if there else [],
        }
        for minute, there in at_minutes.items()
    ]
    inputs = [{"series": one, "values": values} for one, values in series.items()]
    file = tmp_path / "marks.yml"
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": cases}
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}), encoding="utf-8")
    command = [str(require("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["rep.json", "team.json"])
def test_a_red_is_marked_where_it_begins_and_not_while_it_lasts(name: str, tmp_path: Path) -> None:
    series = {
        f'{RED},instance="w1"}}': f"{MINUTE} {MINUTE} 1x200",
        f'{RED},instance="w2"}}': f"{MINUTE} {MINUTE} _ 1x200",
    }
    at_minutes = {19: False, 20: True, 22: False, 60: False, 200: False}
    marked(name, series, tmp_path, at_minutes=at_minutes)


def test_a_restart_of_the_workers_begins_nothing_anew(tmp_path: Path) -> None:
    series = {f'{RED},instance="w1"}}': f"1x30 {MINUTE} 1x60"}
    marked("rep.json", series, tmp_path, at_minutes={0: True, 30: False, 45: False, 70: False})


def test_an_amber_and_another_rep_are_not_marked(tmp_path: Path) -> None:
    series = {
        f'{RED.replace("red", "amber")},instance="w1"}}': "_ 1x30",
        f'{RED.replace("r-3", "r-4")},instance="w1"}}': "_ 1x30",
    }
    marked("rep.json", series, tmp_path, at_minutes={1: False, 2: False})
