"""Serves `/metrics/reps` from a PrometheusSink without holding up the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

import cramjam
from aiohttp import web

from sinks.prometheus import CONTENT_TYPE, PrometheusSink

GZIP_LEVEL = 1
"""A seventh of the time of the usual level, and a tenth more bytes: scrapes stay in the house."""


def reps_handler(
    sink: PrometheusSink,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """An aiohttp handler for GET; compressed where the asker allows it.

    A scraper that has hung up, as one does whose time is over, is no error of this worker.
    """

    async def handle(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": CONTENT_TYPE, "Vary": "Accept-Encoding"}
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        if packed:
            headers["Content-Encoding"] = "gzip"
        response = web.StreamResponse(headers=headers)
        with suppress(ConnectionResetError):
            await response.prepare(request)
            if packed:
                await _write_packed(response, sink)
            else:
                async for chunk in sink.render_chunks():
                    await response.write(chunk)
            await response.write_eof()
        return response

    return handle


async def _write_packed(response: web.StreamResponse, sink: PrometheusSink) -> None:
    packer = cramjam.gzip.Compressor(level=GZIP_LEVEL)
    async for chunk in sink.render_chunks():
        packer.compress(chunk)
        if part := bytes(packer.flush()):
            await response.write(part)
    await response.write(bytes(packer.finish()))
