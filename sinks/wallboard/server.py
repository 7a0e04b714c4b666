"""The page's server: a static page, the board as JSON, and changes as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from sinks.wallboard.api.acting import Acting, add_acting
from sinks.wallboard.api.problem import problems
from sinks.wallboard.api.routes import add_api
from sinks.wallboard.asked import view_key
from sinks.wallboard.auth import Auth, bind, host_of, is_local, still_holds
from sinks.wallboard.board_file import BoardFile
from sinks.wallboard.http_log import http_logger
from sinks.wallboard.hub import Hub
from sinks.wallboard.model import BoardModel
from sinks.wallboard.pages import Drill, add_pages
from sinks.wallboard.wire import GZIP_HEAD, START_OVER, Message
from streams.core.board import encode_board
from streams.core.errors import SettingsError

LONGEST_SEND_S = 20.0
"""A viewer that takes nothing for so long is let go; its browser comes back when it can."""
LONGEST_LINE = 32 * 1024
"""Bytes of a request's first line: the longest cursor fits, however it is escaped."""
RETRY_MS = 1_000
"""After so long browsers come back when a connection has ended."""

SIGNED_OUT = Message(b"event: signed-out\ndata: {}\n\n")
"""The last message of a stream whose token is revoked or over: load the page again."""

SECURITY_HEADERS = {
    # Nothing from anywhere else, and nothing written into the page: names come from event data.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

_RETRY = Message(b"retry: %d\n\n" % RETRY_MS)
_HUB = web.AppKey("hub", Hub)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(
    model: BoardModel,
    boards: BoardFile | None = None,
    drill: Drill | None = None,
    auth: Auth | None = None,
    *,
    acting: Acting | None = None,
) -> web.Application:
    """The application that shows a model; without `auth`, to requests made to this machine only.

    `boards` says what the page shows, absent: the default; `drill` gives the events behind a day;
    `acting` takes what people do about alerts, absent: nobody can do anything.
    """
    boards = boards or BoardFile()
    hub = Hub(model, boards.least)
    guard = _refuse_other_hosts if auth is None else auth.guard
    app = web.Application(middlewares=[problems, guard])
    bind(app, auth)
    app[_HUB] = hub

    async def running(_: web.Application) -> AsyncIterator[None]:
        async with hub.running():
            yield

    async def end_all(_: web.Application) -> None:
        hub.end_all()

    async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)

    app.cleanup_ctx.append(running)
    app.on_shutdown.append(end_all)
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/events", _events)
    app.router.add_get("/api/board", _board)
    app.router.add_get("/healthz", _health)
    add_api(app, model, _events)
    add_acting(app, model, acting)
    add_pages(app, model, boards, drill, acts=acting is not None)
    return app


class PageServer:
    """A running page; `url` is where it is."""

    def __init__(self, runner: web.AppRunner, url: str) -> None:
        self._runner = runner
        self.url = url

    async def close(self) -> None:
        """End all connections and stop."""
        await self._runner.cleanup()


async def serve(
    model: BoardModel,
    host: str = "127.0.0.1",
    port: int = 8080,
    boards: BoardFile | None = None,
    drill: Drill | None = None,
    *,
    auth: Auth | None = None,
    acting: Acting | None = None,
) -> PageServer:
    """Serve a model; `port` 0 takes a free one.

    Raises SettingsError when `host` can be reached from other machines and nobody has to log in,
    or when it cannot be bound.
    """
    check_host(host, auth)
    runner = web.AppRunner(
        build_app(model, boards, drill, auth, acting=acting),
        access_log=None,
        logger=http_logger(),
        max_line_size=LONGEST_LINE,
        shutdown_timeout=2.0,
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        problem = f"page_host, page_port: cannot listen on {host}:{port}: {error.strerror}"
        raise SettingsError([problem]) from error
    bound = runner.addresses[0][1]
    return PageServer(runner, f"http://{f'[{host}]' if ':' in host else host}:{bound}/")


def check_host(host: str, auth: Auth | None = None) -> None:
    """Raises SettingsError when others can reach `host` and nobody has to log in."""
    if auth is not None or is_local(host):
        return
    problem = (
        f"page_host = {host!r}: other machines could read the page; listen on loopback "
        "(127.0.0.1), or set page_auth to token or proxy"
    )
    raise SettingsError([problem])


@web.middleware
async def _refuse_other_hosts(request: web.Request, handler: _Handler) -> web.StreamResponse:
    # Otherwise a foreign site whose name is made to point here could read the page in a browser.
    if not is_local(host_of(request)):
        raise web.HTTPMisdirectedRequest(text="this page is served to its own machine only\n")
    return await handler(request)


async def _board(request: web.Request) -> web.Response:
    board = await request.app[_HUB].board(view_key(request))
    return web.Response(body=encode_board(board), content_type="application/json")


async def _health(request: web.Request) -> web.Response:
    healthy = request.app[_HUB].healthy()
    return web.json_response({"healthy": healthy}, status=200 if healthy else 503)


async def _events(request: web.Request) -> web.StreamResponse:
    hub, key = request.app[_HUB], view_key(request)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "X-Accel-Buffering": "no",
            "Vary": "Accept-Encoding",
        }
    )
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    async with hub.viewer(key, request.headers.get("Last-Event-ID", "")) as viewer:
        await response.prepare(request)
        try:
            if packed:
                await response.write(GZIP_HEAD)
            message: Message | None = _RETRY
            while message is not None:
                # Pulses come each second, so a revoked token ends what it was shown within one.
                holds = still_holds(request)
                if not holds:
                    message = SIGNED_OUT
                elif message is START_OVER:
                    message = hub.whole(viewer)
                async with asyncio.timeout(LONGEST_SEND_S):
                    await response.write(message.packed if packed else message.data)
                message = await viewer.take() if holds else None
        except (TimeoutError, ConnectionError):
            # The viewer has gone. Without this aiohttp would wait for it to take the end, too.
            if request.transport is not None:
                request.transport.abort()
    return response
