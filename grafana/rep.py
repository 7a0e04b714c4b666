"""The rep board: one rep's day, on one screen."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana import queries as q
from grafana.boards import choice, dashboard, marks, one
from grafana.headline import NO_CALLS, headline
from grafana.links import CELL, REP, TEAM, of_team, to_board, to_page
from grafana.looks import COUNT, DEALS, SHARE, Query
from grafana.panels import lines, rows

OF_REP = "${rep:percentencode}"


def rep() -> Dashboard:
    """Headline numbers, the last hour beside the team's, and the day as it went."""
    board = dashboard(REP, "Rep", "What one rep has done today.")
    board.with_variable(choice("team", "Team", q.TEAMS))
    board.with_variable(choice("site", "Site", q.SITES))
    board.with_variable(one("rep", "Rep", q.REPS))
    board.with_variable(one("own_team", "The rep's team", q.TEAM_OF_REP, shown=False))
    board.annotation(marks("Red alerts", q.begun('rep="$rep"'), "Red: {{kind}}"))
    board.with_row(Row("$rep, today"))
    behind = [
        to_page(f"/rep/{OF_REP}", "Rep, live page"),
        to_board(TEAM, "Team board", team="${own_team:percentencode}"),
    ]
    for panel in headline(q.REP, height=5, links=behind):
        board.with_panel(panel)
    board.with_row(Row("$rep, over time"))
    _over_time(board)
    return board


def _over_time(board: Dashboard) -> None:
    board.with_panel(
        lines(
            "Conversion, rep and team",
            "Net deals per contact in the 60 minutes before each point, beside the rep's whole "
            "team. One rep has few contacts an hour: a jump says little.",
            [
                Query(q.conversion(q.REP, "trailing_60m"), "rep"),
                Query(q.conversion(q.ITS_TEAM, "trailing_60m"), "team"),
            ],
            unit=SHARE,
            span=12,
            empty=NO_CALLS,
        )
    )
    board.with_panel(
        lines(
            "Contacts and dials, last 60 minutes",
            "In the 60 minutes before each point.",
            [
                Query(q.REP.count("trailing_60m_contacts"), "contacts"),
                Query(q.REP.count("trailing_60m_dials"), "dials"),
            ],
            unit=COUNT,
            span=12,
            empty=NO_CALLS,
        )
    )
    board.with_panel(
        lines(
            "Deals so far",
            "Net deals of the local day; a cancellation or refund takes one back.",
            [Query(q.net_deals(q.REP), "net deals")],
            unit=DEALS,
            span=12,
            height=7,
        )
    )
    board.with_panel(
        rows(
            "Who this is",
            "The rep's name and team as Prometheus has them; empty where reps are pseudonyms.",
            [Query(q.names(q.REP), "")],
            {"rep": "Rep", "name": "Name", "team": "Team"},
            sort="Rep",
            span=12,
            height=7,
            links={"Team": of_team(), "Rep": [to_page(f"/rep/{CELL}", "Rep, live page")]},
        )
    )
