"""Serves `/metrics/reps` from a PrometheusSink without holding up the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from sinks.prometheus import CONTENT_TYPE, PrometheusSink


def reps_handler(
    sink: PrometheusSink,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """An aiohttp handler for GET; compressed where the asker allows it.

    A scraper that has hung up, as one does whose time is over, is no error of this worker.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE})
        response.enable_compression()
        with suppress(ConnectionResetError):
            await response.prepare(request)
            async for chunk in sink.render_chunks():
                await response.write(chunk)
            await response.write_eof()
        return response

    return handle
