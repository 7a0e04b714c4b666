"""The alerts fire when they should, stay quiet when they should, and ask for what is exported."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.lint_queries import problems as query_problems
from grafana.recording import COUNTS, MONEY, recorded
from tests.contract.promql import rules, unknown
from tests.grafana.small_audit import Audit
from tests.grafana.small_floor import REPS, Worker
from tests.services.programs import REPOSITORY, require

RULES = REPOSITORY / "deploy" / "prometheus" / "rules"
CASES = sorted(Path(__file__).parent.glob("*.test.yml"))


def alerts() -> list[dict[str, Any]]:
    """Every alerting rule."""
    return [rule for rule in rules() if "alert" in rule]


def run(*command: str | Path) -> None:
    """Run a program; its words are the failure's."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_valid() -> None:
    files = sorted(RULES.glob("*.yml"))
    run(require("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *files)


def test_alerts_fire_when_they_should_and_only_then() -> None:
    run(require("promtool"), "test", "rules", *CASES)


def test_every_alert_is_tested_to_fire() -> None:
    fired = {
        case["alertname"]
        for file in CASES
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
        for case in test.get("alert_rule_test", ())
        if case.get("exp_alerts")
    }
    assert fired == {rule["alert"] for rule in alerts()}


def test_every_alert_says_how_bad_it_is_and_what_it_means() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule["alert"]
        # The summary is the same for every instance of an alert; details are in the description.
        assert "{{" not in rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith((".", ".{{ end }}"))


async def test_what_a_rule_asks_for_is_exported_or_recorded() -> None:
    worker = Worker()
    await worker.show(REPS)
    worker.count(now_ms=1_772_445_600_000)
    exported = worker.exported() | Audit().exported()
    exported |= await without_rep_series()
    problems = {one["expr"]: unknown(one["expr"], exported) for one in rules()}
    assert not any(problems.values()), problems


async def without_rep_series() -> dict[str, frozenset[str]]:
    """The team series of a worker that exports no reps: its partitions apart."""
    worker = Worker(rep_label="off")
    await worker.show(REPS)
    return {name: of for name, of in worker.exported().items() if "_team_" in name}


def test_no_rule_adds_a_rep_up_twice() -> None:
    problems = [
        (rule.get("record") or rule["alert"], problem)
        for rule in rules()
        for problem in query_problems(rule["expr"], on_a_board=False)
    ]
    assert problems == []


@pytest.mark.parametrize("suffix", [*COUNTS, *MONEY])
def test_numerators_and_denominators_are_recorded_apart(suffix: str) -> None:
    (rule,) = (one for one in rules() if one.get("record") == recorded(suffix))
    assert "/" not in rule["expr"]
    assert "_ratio" not in suffix


def test_recorded_names_say_level_metric_and_operation() -> None:
    for rule in rules():
        if name := rule.get("record"):
            assert re.fullmatch(r"(rep|team|floor|topic|source):floorcast_\w+:[a-z]+", name), name


def test_a_runbook_link_leads_to_a_heading_about_the_alert() -> None:
    for rule in alerts():
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (REPOSITORY / page).read_text("utf-8"), re.MULTILINE)
        assert anchor in {anchor_of(heading) for heading in headings}, rule["alert"]
        assert anchor == rule["alert"].lower()


def anchor_of(heading: str) -> str:
    """The anchor that Markdown pages give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
