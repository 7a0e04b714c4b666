"""Errors of the API as problem details (RFC 9457): every one, whoever raised it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import hdrs, web
from msgspec import Struct, json

from sinks.wallboard.api.endpoints import BASE

MEDIA_TYPE = "application/problem+json"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_encode = json.Encoder().encode
_log = logging.getLogger(__name__)

_DETAILS = {
    HTTPStatus.UNAUTHORIZED: "send Authorization: Bearer TOKEN",
    HTTPStatus.NOT_FOUND: f"no such path; {BASE}/openapi.json names all there are",
    HTTPStatus.METHOD_NOT_ALLOWED: f"this path takes what Allow says; see {BASE}/openapi.json",
}


class Problem(Struct, frozen=True):
    """What went wrong; `title` is the status in words, `detail` what to do about it."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"


@web.middleware
async def problems(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Turn every error below the API's path into a problem."""
    if request.path != BASE and not request.path.startswith(BASE + "/"):
        return await handler(request)
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return _answer(error)
    except Exception:
        if request.path == f"{BASE}/events":  # its head is sent already; the connection must end
            raise
        _log.exception("the API failed")
        return _response(
            HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of floorcast; its log says more"
        )


def _answer(error: web.HTTPException) -> web.Response:
    status = HTTPStatus(error.status)
    text = (error.text or "").strip()
    ours = error.content_type == "text/plain" and not text.startswith(f"{status.value}: ")
    answer = _response(status, text if ours else _DETAILS.get(status, status.description))
    for name in (hdrs.ALLOW, hdrs.WWW_AUTHENTICATE):
        if name in error.headers:
            answer.headers[name] = error.headers[name]
    return answer


def _response(status: HTTPStatus, detail: str) -> web.Response:
    return web.Response(
        body=_encode(Problem(status.value, status.phrase, detail)),
        status=status,
        content_type=MEDIA_TYPE,
        headers={hdrs.CACHE_CONTROL: "no-store"},
    )
