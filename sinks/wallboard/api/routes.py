"""The handlers of the API; each answer is narrowed to what its asker may see."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from sinks.wallboard.alerts import entries_for
from sinks.wallboard.api.answers import (
    Alerts,
    FreshnessAnswer,
    Leaderboard,
    RepDetail,
    RepPage,
    RepWindow,
    TeamDetail,
    TeamPage,
)
from sinks.wallboard.api.asked import Asked, asked
from sinks.wallboard.api.boards import Boards
from sinks.wallboard.api.endpoints import BASE, ENDPOINTS, Endpoint
from sinks.wallboard.api.openapi import openapi
from sinks.wallboard.api.paging import ById, ByRank, page
from sinks.wallboard.api.ranking import ranked
from sinks.wallboard.auth import scope_of
from sinks.wallboard.hub import MANY_REPS
from sinks.wallboard.model import BoardModel
from streams.core.board import Board, encode_board, usual_currency
from streams.core.board_health import partition_states
from streams.core.board_row import Sum
from streams.core.kpis import KPIS
from streams.core.schema import encode_document
from streams.core.snapshot import ADDITIVE_WINDOWS, RepSnapshot, WindowName

HEADERS = {
    # What one may see depends on who asks, so no proxy may hand it to another.
    hdrs.CACHE_CONTROL: "private, no-cache",
    hdrs.VARY: "Authorization, Cookie",
}
_DEFAULT_SORT = "deals_net"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Found = (
    RepPage | RepDetail | TeamPage | TeamDetail | Leaderboard | Board | FreshnessAnswer | Alerts
)
_Answer = Callable[[str, Asked], Awaitable[_Found]]


def add_api(app: web.Application, model: BoardModel, events: _Handler) -> None:
    """Add the API's paths; `events` is the handler of the page's stream."""
    api = Api(model)
    answers: dict[str, _Answer] = {
        "reps": api.reps,
        "rep": api.rep,
        "teams": api.teams,
        "team": api.team,
        "leaderboard": api.leaderboard,
        "board": api.board,
        "freshness": api.freshness,
        "alerts": api.alerts,
    }
    for one in ENDPOINTS:
        handler = _stream(one, events) if one.answer is None else _json(one, answers[one.name])
        app.router.add_get(BASE + one.path, handler)
    document = encode_document(openapi())

    async def published(request: web.Request) -> web.Response:
        return _tagged(request, document, _tag(document))

    app.router.add_get(f"{BASE}/openapi.json", published)


class Api:
    """The questions, each a method that gets the `{id}` of the path and what was asked."""

    def __init__(self, model: BoardModel) -> None:
        self._model = model
        self._boards = Boards(model)

    async def reps(self, _: str, ask: Asked) -> RepPage:
        """A page of reps."""
        board = await self._board(ask)
        rows = [
            (ById(row.rep_id), row)
            for row in sorted(board.rows, key=lambda row: row.rep_id)
            if ask.site is None or row.site == ask.site
        ]
        items, following = page(rows, ById, ask.limit, ask.cursor)
        return RepPage(
            window=board.window,
            generated_at_ms=board.generated_at_ms,
            items=items,
            next=following,
        )

    async def rep(self, rep_id: str, ask: Asked) -> RepDetail:
        """One rep; 404 also when there is one whom the asker may not see."""
        shot = self._model.latest.reps.get(rep_id)
        if shot is None or not ask.scope.allows_rep(rep_id, shot.team_id):
            raise web.HTTPNotFound(text=f"no rep {rep_id!r} here, or none you may see")
        rows = {window: self._of([shot], window).rows[0] for window in shot.windows}
        return RepDetail(
            generated_at_ms=self._model.now_ms(),
            rep_id=rep_id,
            name=shot.name,
            team_id=shot.team_id,
            site=shot.site,
            zone=shot.zone,
            date=shot.date,
            in_roster=shot.in_roster,
            stale=any(row.stale for row in rows.values()),
            loading=shot.loading,
            newest_ms=shot.newest_ms,
            windows={w: RepWindow(kpis=row.kpis, money=row.money) for w, row in rows.items()},
        )

    async def teams(self, _: str, ask: Asked) -> TeamPage:
        """A page of teams."""
        board = await self._board(ask)
        sums = [(ById(one.id or ""), one) for one in board.teams]
        items, following = page(sums, ById, ask.limit, ask.cursor)
        return TeamPage(
            window=board.window,
            generated_at_ms=board.generated_at_ms,
            items=items,
            next=following,
        )

    async def team(self, team_id: str, ask: Asked) -> TeamDetail:
        """One team; 404 also when there is one that the asker may not see."""
        names = {one.id: one.label for one in self._model.choices().teams}
        if team_id not in names or not ask.scope.allows_team(team_id):
            raise web.HTTPNotFound(text=f"no team {team_id!r} here, or none you may see")
        # Those who were in it on an earlier day are in its sums, too.
        shots = [
            one
            for one in self._model.latest.reps.values()
            if one.team_id == team_id or team_id in one.by_team
        ]
        if len(shots) < MANY_REPS:
            windows = self._sums(shots, team_id)
        else:
            windows = await asyncio.to_thread(self._sums, shots, team_id)
        return TeamDetail(
            generated_at_ms=self._model.now_ms(),
            id=team_id,
            name=names[team_id],
            windows=windows,
        )

    async def leaderboard(self, _: str, ask: Asked) -> Leaderboard:
        """A page of places."""
        board = await self._board(ask)
        kpi = KPIS[ask.kpi]
        currency = (ask.currency or usual_currency(board.rows)) if kpi.per_currency else None
        rows = [row for row in board.rows if ask.site is None or row.site == ask.site]
        places = ranked(rows, kpi, currency, ask.min_sample)
        items, following = page(places, ByRank, ask.limit, ask.cursor)
        return Leaderboard(
            window=board.window,
            generated_at_ms=board.generated_at_ms,
            kpi=ask.kpi,
            currency=currency,
            min_sample=ask.min_sample,
            items=items,
            next=following,
        )

    async def board(self, _: str, ask: Asked) -> Board:
        """All of a board."""
        return await self._board(ask)

    async def freshness(self, _: str, ask: Asked) -> FreshnessAnswer:
        """How fresh everything is."""
        pulse = self._model.pulse()
        return FreshnessAnswer(
            generated_at_ms=pulse.now_ms,
            state=pulse.state,
            since_ms=pulse.since_ms,
            why=pulse.why,
            age_ms=pulse.age_ms,
            lag=pulse.lag,
            sources=pulse.sources,
            partitions=partition_states(self._model.latest.status.values()),
        )

    async def alerts(self, _: str, ask: Asked) -> Alerts:
        """What a board's banner says, and the alerts of reps and teams."""
        board = await self._boards.board("today", None, _DEFAULT_SORT)
        return Alerts(
            generated_at_ms=board.generated_at_ms,
            items=board.notices,
            reps=entries_for(self._model.entries, ask.scope),
        )

    async def _board(self, ask: Asked) -> Board:
        return ask.scope.narrow(await self._boards.board(ask.window, ask.team, ask.sort))

    def _sums(self, shots: list[RepSnapshot], team_id: str) -> dict[WindowName, Sum]:
        out: dict[WindowName, Sum] = {}
        for window in ADDITIVE_WINDOWS:
            for one in self._of(shots, window, team_id).teams:
                out[window] = one
        return out

    def _of(self, shots: list[RepSnapshot], window: WindowName, team: str | None = None) -> Board:
        return self._model.board_of(shots, window, team=team, sort=_DEFAULT_SORT)


def _json(endpoint: Endpoint, answer: _Answer) -> _Handler:
    async def handle(request: web.Request) -> web.Response:
        ask = asked(request, endpoint.parameters, scope_of(request))
        found = await answer(request.match_info.get("id", ""), ask)
        body = encode_board(found)
        # What was computed again and says the same is the same, though it was computed later.
        at = b'"generated_at_ms":%d' % found.generated_at_ms
        return _tagged(request, body, _tag(body.replace(at, b"", 1)))

    return handle


def _stream(endpoint: Endpoint, events: _Handler) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        asked(request, endpoint.parameters, scope_of(request))
        return await events(request)

    return handle


def _tag(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=12).hexdigest()


def _tagged(request: web.Request, body: bytes, tag: str) -> web.Response:
    """The body with its tag; 304 without it for whoever has it already."""
    headers = {**HEADERS, hdrs.ETAG: f'W/"{tag}"'}
    known = request.if_none_match or ()
    if any(one.value in {tag, "*"} for one in known):
        return web.Response(status=304, headers=headers)
    response = web.Response(body=body, content_type="application/json", headers=headers)
    response.enable_compression()
    return response
