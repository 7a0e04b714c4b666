"""The page's addresses, what a page has to know before it shows anything, and drill-down."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from sinks.wallboard.auth import actor_of, scope_of
from sinks.wallboard.board_file import BoardFile
from sinks.wallboard.feeds import FEEDS
from sinks.wallboard.model import BoardModel
from streams.core.errors import PipelineError
from streams.core.explain import Explained
from streams.core.kpis import KPIS

STATIC = Path(__file__).parent / "static"
BOARDS = ("/", "/floor", "/team/{team}", "/rep/{rep}", "/leaderboard", "/tv")
"""Addresses of boards: the same page, which reads its own address."""
MOST_EVENTS = 2_000
"""Events of a rep-day that are listed, the newest; a dialer's day has some 800."""

Behind = Callable[[str, date], Awaitable[Sequence[Explained] | None]]
"""The contributions behind a rep's local day; None when nothing is stored of it."""


class Drill(Struct, frozen=True):
    """Where events come from, and after how many seconds asking again makes sense."""

    behind: Behind
    again_s: int


_BOARD_FILE = web.AppKey("board_file", BoardFile)
_DRILL = web.AppKey("drill", Drill)
_MODEL = web.AppKey("model", BoardModel)
_ACTS = web.AppKey("acts", bool)


def add_pages(
    app: web.Application,
    model: BoardModel,
    board_file: BoardFile,
    drill: Drill | None,
    *,
    acts: bool = False,
) -> None:
    """Add the boards, `/api/page` and `/api/rep/…/events`; without `drill` the latter is 404.

    `acts`: whoever may act on alerts is shown how.
    """
    app[_MODEL] = model
    app[_ACTS] = acts
    app[_BOARD_FILE] = board_file
    if drill is not None:
        app[_DRILL] = drill
        app.router.add_get("/api/rep/{rep}/events", _events)
    for path in BOARDS:
        app.router.add_get(path, _page)
    app.router.add_get("/api/page", _about)
    app.router.add_static("/static/", STATIC)


@cache
def version() -> str:
    """A hash of the page's files: a page that finds another one loads itself anew."""
    sums = hashlib.sha256()
    for file in sorted(STATIC.rglob("*")):
        if file.is_file():
            sums.update(file.name.encode() + file.read_bytes())
    return sums.hexdigest()[:12]


async def _page(_: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")


async def _about(request: web.Request) -> web.Response:
    kpis = {
        name: {"unit": kpi.unit, "better": kpi.higher_is_better, "feeds": FEEDS[name]}
        for name, kpi in KPIS.items()
    }
    drill = request.app.get(_DRILL)
    return _json(
        {
            "version": version(),
            "kpis": kpis,
            "boards": request.app[_BOARD_FILE],
            "again_s": None if drill is None else drill.again_s,
            "acts": request.app[_ACTS] and actor_of(request) is not None,
        }
    )


async def _events(request: web.Request) -> web.Response:
    asked = request.query.get("date", "")
    try:
        day = date.fromisoformat(asked)
    except ValueError as error:
        msg = f"date = {asked!r}: must be a date such as 2026-11-03\n"
        raise web.HTTPBadRequest(text=msg) from error
    rep = request.match_info["rep"]
    shot = request.app[_MODEL].latest.reps.get(rep)
    if not scope_of(request).allows_rep(rep, shot.team_id if shot else ""):
        raise web.HTTPNotFound(text=f"no rep {rep!r} here, or none you may see\n")
    try:
        found = await request.app[_DRILL].behind(rep, day)
    except PipelineError as error:
        raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
    events = list(found or ())
    return _json(
        {
            "rep_id": rep,
            "date": asked,
            "stored": found is not None,
            "count": len(events),
            "events": events[::-1][:MOST_EVENTS],
        }
    )


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
