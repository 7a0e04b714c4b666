"""The alerts board: what fires, since when, and what to do.

Each section is a function of the board. Alerts about reps (conversion drops), once they exist,
are a section of their own before those of the pipeline.
"""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana import pipeline_queries as pq
from grafana.boards import dashboard
from grafana.links import ALERTS, PIPELINE, to_board
from grafana.looks import AGO, COUNT, Query
from grafana.panels import numbers, rows, states, words

RUNBOOK = Path(__file__).parents[1] / "deploy" / "README.md"


def alerts() -> Dashboard:
    """How many, which, when, and the runbook."""
    board = dashboard(ALERTS, "Alerts", "Alerts that fire or are about to, and what to do.")
    _pipeline(board)
    board.with_row(Row("What to do"))
    board.with_panel(
        words(
            "Runbook",
            "The runbook of deploy/README.md, a section per alert.",
            runbook(RUNBOOK.read_text(encoding="utf-8")),
        )
    )
    return board


def runbook(page: str) -> str:
    """The part of a page under its heading `Runbook`; raises ValueError when it has none."""
    _, found, part = page.partition("\n## Runbook\n")
    if not found:
        msg = "deploy/README.md has no heading '## Runbook': the alerts board shows that part"
        raise ValueError(msg)
    return part.partition("\n## ")[0].strip() + "\n"


def _pipeline(board: Dashboard) -> None:
    board.with_row(Row("Pipeline and audit"))
    behind = [to_board(PIPELINE, "Pipeline board")]
    for title, text, query in (
        (
            "Critical alerts",
            "Numbers are wrong, missing or stand still: somebody should act now.",
            pq.firing("critical"),
        ),
        ("Warnings", "Somebody should look today.", pq.firing("warning")),
        (
            "Pending",
            "Conditions that hold and have not held long enough to be an alert.",
            pq.firing(state="pending"),
        ),
    ):
        board.with_panel(
            numbers(
                title,
                f"{text} No data: Prometheus does not evaluate floorcast's rules.",
                [Query(query, title.lower())],
                unit=COUNT,
                span=8,
                height=5,
                attention_at=None if title == "Pending" else 1,
                links=behind,
            )
        )
    board.with_panel(
        rows(
            "Alerts now",
            "Each alert with where it is; what to do stands below under its name. Empty when all "
            "is well.",
            [Query(pq.alerts_since(), "Since", AGO)],
            {
                "severity": "Severity",
                "alertname": "Alert",
                "alertstate": "State",
                "topic": "Topic",
                "partition": "Partition",
                "reason": "Reason",
                "sink": "Sink",
                "instance": "Instance",
            },
            sort="Since",
            height=12,
            links={"Alert": behind},
        )
    )
    board.with_panel(
        states(
            "Alerts over time",
            "When each alert fired, on any topic, partition or worker.",
            Query(pq.alert_history(), "{{alertname}}"),
            "firing",
            height=8,
        )
    )
