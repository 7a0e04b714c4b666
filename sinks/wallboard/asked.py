"""What a request asks to see: its query as the key of a view."""

from __future__ import annotations

from aiohttp import web

from sinks.wallboard.auth import scope_of
from sinks.wallboard.view import ViewKey
from streams.core.board import board_rows
from streams.core.board_filter import Filter
from streams.core.errors import SettingsError
from streams.core.snapshot import WINDOWS, WindowName

DEFAULT_SORT = "deals_net"
_WINDOWS: dict[str, WindowName] = {name: name for name in WINDOWS}


def view_key(request: web.Request) -> ViewKey:
    """What was asked for; answers 400 with one line when there is no such window or KPI."""
    query = request.query
    asked = query.get("window", "today")
    window = _WINDOWS.get(asked)
    if window is None:
        known = ", ".join(WINDOWS)
        raise web.HTTPBadRequest(text=f"window = {asked!r}: no such window; known: {known}\n")
    sort = query.get("sort") or DEFAULT_SORT
    try:
        board_rows((), window, 0, sort=sort)
    except SettingsError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from error
    return ViewKey(
        window,
        query.get("team") or None,
        sort,
        rep=query.get("rep") or None,
        by=Filter(
            site=query.get("site") or None,
            shift=query.get("shift") or None,
            product=query.get("product") or None,
        ),
        flat=query.get("flat") == "1",
        scope=scope_of(request),
    )
