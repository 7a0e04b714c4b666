"""The alerts board: what fires, since when, and what to do.

Each section is a function of the board: people first, then the pipeline.
"""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana import pipeline_queries as pq
from grafana import queries as q
from grafana.boards import dashboard
from grafana.links import ALERTS, PIPELINE, of_rep, of_team, to_board
from grafana.looks import AGO, COUNT, Query
from grafana.panels import lines, numbers, rows, states, words

DEPLOY = Path(__file__).parents[1] / "deploy"
RUNBOOK, FOR_SUPERVISORS = DEPLOY / "README.md", DEPLOY / "alerts.md"


def alerts() -> Dashboard:
    """How many, which, when, and the runbook."""
    board = dashboard(ALERTS, "Alerts", "Alerts that fire or are about to, and what to do.")
    _people(board)
    _pipeline(board)
    board.with_row(Row("What to do"))
    board.with_panel(
        words(
            "How rare false alarms are",
            "From deploy/alerts.md, which supervisors should read whole.",
            how_rare(FOR_SUPERVISORS.read_text(encoding="utf-8")),
            height=6,
        )
    )
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


def how_rare(page: str) -> str:
    """What a page says first of false alarms; raises ValueError without the heading."""
    _, found, part = page.partition("\n## How rare false alarms are, and how long a drop takes\n")
    if not found:
        msg = "deploy/alerts.md has no heading '## How rare false alarms are ...'"
        raise ValueError(msg)
    return part.partition("\n##")[0].strip() + "\n"


def _people(board: Dashboard) -> None:
    board.with_row(Row("Reps and teams"))
    for title, text, query, attention_at in (
        (
            "Red alerts",
            "Reps and teams whose conversion has really dropped and not recovered, and teams that "
            "reach fewer, dial less or hang up more; those that somebody has in hand too.",
            q.open_count("red"),
            1,
        ),
        (
            "Amber",
            "A colour and no alert: most go away by themselves.",
            q.open_count("amber"),
            None,
        ),
        (
            "Idle reps",
            "Who has had no call for 45 minutes while the team goes on. No statistic.",
            pq.idle_reps(),
            None,
        ),
    ):
        board.with_panel(
            numbers(
                title,
                f"{text} No data: Prometheus does not evaluate floorcast's rules.",
                [Query(query, title.lower())],
                unit=COUNT,
                span=6,
                height=3,
                attention_at=attention_at,
            )
        )
    board.with_panel(
        numbers(
            "Contacts scored until",
            "A contact is scored three quarters of an hour after it ended, when its deals are in. "
            "Much longer ago: alerts are held up, and none can come.",
            [Query(q.scored_until(), "scored until", AGO)],
            unit=AGO,
            span=6,
            height=3,
        )
    )
    board.with_panel(
        rows(
            "Open alerts of reps and teams",
            "Red and amber, acknowledged ones too; of a whole team where there is no rep, of a "
            "silent site where there is no team. The live page has the words.",
            [Query(q.open_alerts(), "")],
            {"level": "Level", "kind": "What", "team": "Team", "rep": "Rep", "site": "Site"},
            sort="Level",
            span=16,
            height=6,
            links={"Rep": of_rep(), "Team": of_team()},
        )
    )
    board.with_panel(
        lines(
            "Open red alerts by team",
            "Reps of the team, and the team itself.",
            [Query(q.open_by_team("red"), "{{team}}")],
            unit=COUNT,
            span=8,
            height=6,
            nothing="none in this time",
        )
    )


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
                height=4,
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
            height=7,
            links={"Alert": behind},
        )
    )
    board.with_panel(
        states(
            "Alerts over time",
            "When each alert fired, on any topic, partition or worker.",
            Query(pq.alert_history(), "{{alertname}}"),
            "firing",
            height=6,
        )
    )
