"""The team board: one team's numbers and its reps, on one screen."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.dashboard import GridPos

from grafana import queries as q
from grafana.boards import choice, dashboard, marks, one
from grafana.headline import NO_CALLS, TODAY, headline
from grafana.links import FLOOR, TEAM, of_rep, to_board, to_page
from grafana.looks import COUNT, HMS, SHARE, Query
from grafana.panels import lines, rows

OF_TEAM = "${team:percentencode}"
UNDER_CONVERSION = GridPos(x=15, y=20, w=9, h=8)
"""Beside the table of reps; the library only lays panels out in rows."""


def team() -> Dashboard:
    """Headline numbers, the last hour beside the floor's, and the reps."""
    board = dashboard(TEAM, "Team", "What one team has done today, by rep.")
    board.with_variable(one("team", "Team", q.TEAMS))
    board.with_variable(choice("site", "Site", q.SITES_OF_TEAM))
    board.annotation(marks("Red alerts", q.begun('team="$team"'), "Red: {{kind}}"))
    board.with_row(Row("$team, today"))
    behind = [to_page(f"/team/{OF_TEAM}", "Team, live page"), to_board(FLOOR, "Floor board")]
    for panel in headline(q.OF_TEAM, height=5, links=behind):
        board.with_panel(panel)
    board.with_row(Row("$team, reps and the last 60 minutes"))
    _reps(board)
    _hour(board)
    return board


def _reps(board: Dashboard) -> None:
    who = q.TEAM_REPS
    contacts, answers = who.count("today_contacts"), who.count("today_csat_responses")
    board.with_panel(
        rows(
            "Reps",
            "One row per rep, by contacts and not by rate: a rate of few contacts says little. "
            f"Empty where rep series are switched off. {TODAY}",
            [
                Query(q.names(who), ""),
                Query(who.count("today_dials"), "Dials"),
                Query(contacts, "Contacts"),
                Query(q.net_deals(who), "Net deals"),
                Query(q.conversion(who), "Conversion", SHARE, 1),
                Query(who.count("today_talk_seconds"), "Talk time", HMS),
                Query(answers, "CSAT answers"),
                Query(q.share(who, "csat_satisfied", "csat_responses"), "CSAT", SHARE, 1),
            ],
            {"rep": "Rep", "name": "Name", "team": "Team"},
            sort="Contacts",
            span=15,
            height=16,
            links={"Rep": of_rep(), "Name": of_rep("${__data.fields.Rep:percentencode}")},
        )
    )


def _hour(board: Dashboard) -> None:
    board.with_panel(
        lines(
            "Conversion, team and floor",
            "Net deals per contact in the 60 minutes before each point, beside the whole floor's. "
            "Few contacts make it jump.",
            [
                Query(q.conversion(q.OF_TEAM, "trailing_60m"), "team"),
                Query(q.conversion(q.EVERYBODY, "trailing_60m"), "floor"),
            ],
            unit=SHARE,
            span=9,
            empty=NO_CALLS,
        )
    )
    board.with_panel(
        lines(
            "Contacts and dials",
            "Of the team, in the 60 minutes before each point.",
            [
                Query(q.OF_TEAM.count("trailing_60m_contacts"), "contacts"),
                Query(q.OF_TEAM.count("trailing_60m_dials"), "dials"),
            ],
            unit=COUNT,
            span=9,
            empty=NO_CALLS,
        ).grid_pos(UNDER_CONVERSION)
    )
