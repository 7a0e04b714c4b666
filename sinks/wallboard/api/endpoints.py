"""Every path of the API: what it is called, what may be asked and what is answered."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from sinks.wallboard.api.answers import (
    Alerts,
    FreshnessAnswer,
    Leaderboard,
    RepDetail,
    RepPage,
    TeamDetail,
    TeamPage,
)
from streams.core.board import Board

BASE = "/api/v1"

_PAGE = ("limit", "cursor")
_BOARD = ("window", "team", "sort")


class Endpoint(NamedTuple):
    """A path below `BASE`; `answer` None: server-sent events. `id_of` says what `{id}` is."""

    name: str
    path: str
    about: str
    parameters: tuple[str, ...]
    answer: type[Struct] | None
    id_of: str = ""


ENDPOINTS = (
    Endpoint(
        "reps",
        "/reps",
        "Reps and their figures in one window, by rep_id.",
        ("window", "team", "site", *_PAGE),
        RepPage,
    ),
    Endpoint("rep", "/reps/{id}", "One rep in all windows.", (), RepDetail, "rep_id"),
    Endpoint("teams", "/teams", "Sums of teams, by id.", ("window", *_PAGE), TeamPage),
    Endpoint("team", "/teams/{id}", "One team in all windows.", (), TeamDetail, "team_id"),
    Endpoint(
        "leaderboard",
        "/leaderboard",
        "Reps ranked by one KPI.",
        ("window", "kpi", "currency", "min_sample", "team", "site", *_PAGE),
        Leaderboard,
    ),
    Endpoint(
        "board",
        "/board",
        "The whole board, as `floorcast board --json` prints it.",
        _BOARD,
        Board,
    ),
    Endpoint("freshness", "/freshness", "How fresh the numbers are.", (), FreshnessAnswer),
    Endpoint(
        "alerts",
        "/alerts",
        "What is wrong with the pipeline now, and whose conversion really dropped.",
        (),
        Alerts,
    ),
    Endpoint(
        "events",
        "/events",
        "Changes of a board as they happen: `board` (all of it), `change` (lines that changed), "
        "`pulse` (each second), `alerts` (all of them, when they change), `signed-out` (the token "
        "is revoked or over: it ends). Goes on where it was with Last-Event-ID.",
        _BOARD,
        None,
    ),
)
