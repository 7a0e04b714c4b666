"""The floor wallboard: what supervisors look at, on one screen."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana import pipeline_queries as pq
from grafana import queries as q
from grafana.boards import choice, dashboard
from grafana.headline import NO_CALLS, TODAY, headline
from grafana.links import ALERTS, FLOOR, PIPELINE, Link, of_team, to_board, to_page
from grafana.looks import COUNT, HMS, SECONDS, SHARE, Query
from grafana.panels import lines, numbers, rows
from grafana.recording import WORKERS

OF_A_LINE = "${__field.labels.team:percentencode}"


def floor() -> Dashboard:
    """Headline numbers with their parts, teams side by side, and whether all this is fresh."""
    board = dashboard(FLOOR, "Floor", "What the floor has done today, by team.")
    board.with_variable(choice("team", "Team", q.TEAMS))
    board.with_variable(choice("site", "Site", q.SITES))
    board.with_row(Row("Today"))
    for panel in headline(q.CHOSEN, height=5, links=[to_page("/")]):
        board.with_panel(panel)
    _teams(board)
    board.with_row(Row("Are these numbers whole and fresh?"))
    for tile in trust():
        board.with_panel(tile)
    return board


def _teams(board: Dashboard) -> None:
    board.with_row(Row("Side by side"))
    who = q.BY_TEAM
    board.with_panel(
        rows(
            "Teams",
            "Sums over each team's reps; rates are sums divided by sums, never averages of reps' "
            f"rates. {TODAY}",
            [
                Query(who.count("today_dials"), "Dials"),
                Query(who.count("today_contacts"), "Contacts"),
                Query(q.net_deals(who), "Net deals"),
                Query(q.conversion(who), "Conversion", SHARE, 1),
                Query(q.share(who, "human_answered_dials", "dials"), "Connect rate", SHARE, 1),
                Query(q.handle_time(who), "Handle time", HMS),
                Query(who.count("today_csat_responses"), "CSAT answers"),
                Query(q.share(who, "csat_satisfied", "csat_responses"), "CSAT", SHARE, 1),
            ],
            {"team": "Team"},
            sort="Contacts",
            span=14,
            height=10,
            links={"Team": of_team()},
        )
    )
    board.with_panel(
        lines(
            "Conversion by team, last 60 minutes",
            "Net deals per contact in the 60 minutes before each point. Few contacts make it jump: "
            "read it beside the number of contacts.",
            [Query(q.conversion(who, "trailing_60m"), "{{team}}")],
            unit=SHARE,
            span=10,
            height=10,
            empty=NO_CALLS,
            links=of_team(OF_A_LINE),
        )
    )


def trust() -> Iterator[stat.Panel]:
    """A row of tiles that say whether the numbers above are whole and fresh."""
    behind: list[Link] = [to_board(PIPELINE, "Pipeline board")]
    yield numbers(
        "Newest event",
        "Age of the newest event of any source, by its own time. The pipeline board has it per "
        "source.",
        [Query(pq.newest_age(), "age", decimals=0)],
        unit=SECONDS,
        span=5,
        height=4,
        links=behind,
    )
    yield numbers(
        "Events waiting",
        "Events in Kafka that are not in these numbers yet.",
        [Query(pq.waiting(), "waiting")],
        unit=COUNT,
        span=5,
        height=4,
        attention_at=1_000,
        links=behind,
    )
    yield numbers(
        "Workers",
        "Workers that answer Prometheus. When one goes, others take its partitions over.",
        [Query(WORKERS, "workers")],
        unit=COUNT,
        span=5,
        height=4,
        links=behind,
    )
    yield numbers(
        "Rep series left out",
        "Above 0, rep_series_limit cuts reps off and sums over reps are too low: raise it, or "
        "use the team series.",
        [Query(q.left_out(), "left out")],
        unit=COUNT,
        span=5,
        height=4,
        attention_at=1,
        links=behind,
    )
    yield numbers(
        "Alerts firing",
        "Alerts about the pipeline and the audit; the alerts board names them and what to do.",
        [Query(pq.firing(), "firing")],
        unit=COUNT,
        span=4,
        height=4,
        attention_at=1,
        links=[to_board(ALERTS, "Alerts board")],
    )
