"""The page's server: a static page, the board as JSON, and changes as server-sent events."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from sinks.wallboard.asked import view_key
from sinks.wallboard.board_file import BoardFile
from sinks.wallboard.hub import Hub
from sinks.wallboard.model import BoardModel
from sinks.wallboard.pages import Drill, add_pages
from sinks.wallboard.wire import GZIP_HEAD, START_OVER, Message
from streams.core.board import encode_board
from streams.core.errors import SettingsError

LONGEST_SEND_S = 20.0
"""A viewer that takes nothing for so long is let go; its browser comes back when it can."""
RETRY_MS = 1_000
"""After so long browsers come back when a connection has ended."""

SECURITY_HEADERS = {
    # Nothing from anywhere else, and nothing written into the page: names come from event data.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_RETRY = Message(b"retry: %d\n\n" % RETRY_MS)
_HUB = web.AppKey("hub", Hub)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(
    model: BoardModel, boards: BoardFile | None = None, drill: Drill | None = None
) -> web.Application:
    """The application that shows a model; it serves requests made to this machine only.

    `boards` says what the page shows, absent: the default; `drill` gives the events behind a day.
    """
    boards = boards or BoardFile()
    hub = Hub(model, boards.least)
    app = web.Application(middlewares=[_refuse_other_hosts])
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
    add_pages(app, boards, drill)
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
) -> PageServer:
    """Serve a model; `port` 0 takes a free one.

    Raises SettingsError when `host` can be reached from other machines, or cannot be bound.
    """
    check_host(host)
    runner = web.AppRunner(build_app(model, boards, drill), access_log=None, shutdown_timeout=2.0)
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


def check_host(host: str) -> None:
    """Raises SettingsError when `host` is not this machine's loopback address."""
    if host == "localhost":
        return
    try:
        if ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    problem = (
        f"page_host = {host!r}: the page has no log-in, so it listens on loopback only; use "
        "127.0.0.1 and put a proxy that asks who is there in front"
    )
    raise SettingsError([problem])


@web.middleware
async def _refuse_other_hosts(request: web.Request, handler: _Handler) -> web.StreamResponse:
    # Otherwise a foreign site whose name is made to point here could read the page in a browser.
    name = (request.url.host or "").strip("[]")
    if name not in _LOCAL_NAMES and not _is_loopback(name):
        raise web.HTTPMisdirectedRequest(text="this page is served to its own machine only\n")
    return await handler(request)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


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
                if message is START_OVER:
                    message = hub.whole(viewer)
                async with asyncio.timeout(LONGEST_SEND_S):
                    await response.write(message.packed if packed else message.data)
                message = await viewer.take()
        except (TimeoutError, ConnectionError):
            # The viewer has gone. Without this aiohttp would wait for it to take the end, too.
            if request.transport is not None:
                request.transport.abort()
    return response
