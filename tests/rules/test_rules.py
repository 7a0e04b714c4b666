"""The alerts fire when they should, stay quiet when they should, and ask for what is exported."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.contract.promql import unknown
from tests.grafana.small_audit import Audit
from tests.grafana.small_floor import REPS, Worker
from tests.services.programs import REPOSITORY, require

RULES = REPOSITORY / "deploy" / "prometheus" / "rules"
CASES = sorted(Path(__file__).parent.glob("*.test.yml"))


def alerts() -> list[dict[str, Any]]:
    """Every alerting rule."""
    return [
        rule
        for file in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


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
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert fired == {rule["alert"] for rule in alerts()}


def test_every_alert_says_how_bad_it_is_and_what_it_means() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule["alert"]
        # The summary is the same for every instance of an alert; details are in the description.
        assert "{{" not in rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith((".", ".{{ end }}"))


async def test_what_an_alert_asks_for_is_exported() -> None:
    worker = Worker()
    await worker.show(REPS)
    worker.count(now_ms=1_772_445_600_000)
    exported = worker.exported() | Audit().exported()
    problems = {rule["alert"]: unknown(rule["expr"], exported) for rule in alerts()}
    assert not any(problems.values()), problems
