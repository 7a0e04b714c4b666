"""Who asks, and what they may see: a token, or a user whom a trusted proxy names.

Every request passes `Auth.guard` before anything else is done with it; handlers ask `scope_of`.
"""

from __future__ import annotations

import ipaddress
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from time import monotonic
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from yarl import URL

from sinks.wallboard.scope import EVERYTHING, Scope
from sinks.wallboard.sign_in import sign_in_page
from sinks.wallboard.tokens import Grant, Grants

COOKIE = "floorcast_token"
COOKIE_S = 400 * 86_400
"""The longest that browsers keep a cookie; the grant's own end comes before."""
TOKEN = "token"
"""The query parameter that is exchanged for the cookie."""
OPEN_PATHS = frozenset({"/healthz"})
"""Asked by load balancers, and tells nothing of the floor."""
LOG_S = 10.0
"""Refusals of one kind are logged at most so often, with how many there were."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_GRANT = web.RequestKey("grant", Grant)
_log = logging.getLogger(__name__)


class Auth:
    """The rules of one page.

    `hosts` are the names it answers to beside loopback; empty: any. A request from one of `proxies`
    is for the user its header `user_header` names; the header from anywhere else is refused.
    `refused` is told the reason of each refusal: `bad_token`, `revoked`, `expired`, `unknown_user`,
    `bad_proxy`.
    """

    def __init__(
        self,
        grants: Grants,
        *,
        hosts: Collection[str] = (),
        user_header: str | None = None,
        proxies: Sequence[Network] = (),
        refused: Callable[[str], None] | None = None,
    ) -> None:
        self._grants = grants
        self._hosts = frozenset(name.lower() for name in hosts)
        self._user_header = user_header
        self._proxies = tuple(proxies)
        self._tell = refused
        self.refusals: Counter[str] = Counter()
        self._logged: dict[str, float] = {}

    @web.middleware
    async def guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Let a request through with its grant, or refuse it."""
        name = host_of(request)
        if self._hosts and name not in self._hosts and not is_local(name):
            raise web.HTTPMisdirectedRequest(text="no such host here; see the setting page_hosts\n")
        if request.path in OPEN_PATHS:
            return await handler(request)
        if TOKEN in request.query and request.method in {hdrs.METH_GET, hdrs.METH_HEAD}:
            return self._exchanged(request)
        request[_GRANT] = self._grant(request)
        return await handler(request)

    def holds(self, grant: Grant) -> bool:
        """Whether a grant stands: what is streamed for long asks again and again."""
        return self._grants.holds(grant)

    def _grant(self, request: web.Request) -> Grant:
        """Whoever asks; raises the answer they get when they are nobody."""
        if self._user_header is not None:
            named = request.headers.getall(self._user_header, ())
            if named:
                return self._of_proxy(request, list(named))
        given = request.headers.get(hdrs.AUTHORIZATION)
        if given is not None:
            kind, _, token = given.partition(" ")
            return self._of_token(request, token.strip() if kind.lower() == "bearer" else "")
        cookie = request.cookies.get(COOKIE)
        if cookie is not None:
            return self._of_token(request, cookie)
        raise _unauthorized(request, "no token was sent")

    def _of_proxy(self, request: web.Request, named: list[str]) -> Grant:
        # More than one: a proxy that adds its own header behind the one a browser has sent.
        if not self._is_proxy(request) or len(named) != 1:
            self._refuse(request, "bad_proxy")
            problem = f"{self._user_header} is taken from the proxy only, and once\n"
            raise web.HTTPForbidden(text=problem)
        grant, why = self._grants.of_user(named[0])
        if grant is None:
            self._refuse(request, why)
            raise web.HTTPForbidden(text="this user has no grant here, or it is over\n")
        return grant

    def _of_token(self, request: web.Request, token: str) -> Grant:
        grant, why = self._grants.of_token(token)
        if grant is None:
            self._refuse(request, why)
            raise _unauthorized(request, "the token is not known, or it was revoked or is over")
        return grant

    def _exchanged(self, request: web.Request) -> web.Response:
        """Off to the same address without the token, which goes into a cookie."""
        tokens = request.query.getall(TOKEN)
        grant = self._of_token(request, tokens[0] if len(tokens) == 1 else "")
        rest = [(name, value) for name, value in request.query.items() if name != TOKEN]
        # A path that begins with two slashes would be another host's address.
        place = URL.build(path="/" + request.path.lstrip("/"), query=rest)
        answer = web.Response(
            status=303, headers={hdrs.LOCATION: str(place), hdrs.CACHE_CONTROL: "no-store"}
        )
        left_s = COOKIE_S
        if grant.expires_ms is not None:
            left_s = min(left_s, max(0, (grant.expires_ms - self._grants.now_ms()) // 1000))
        answer.set_cookie(
            COOKIE,
            tokens[0],
            max_age=left_s,
            httponly=True,
            samesite="Strict",
            secure=request.secure or self._is_https_outside(request),
        )
        return answer

    def _is_proxy(self, request: web.Request) -> bool:
        address = _address(request.remote or "")
        return address is not None and any(address in one for one in self._proxies)

    def _is_https_outside(self, request: web.Request) -> bool:
        return self._is_proxy(request) and request.headers.get("X-Forwarded-Proto") == "https"

    def _refuse(self, request: web.Request, why: str) -> None:
        """Count a refusal; neither the token nor the URL that may hold it is logged."""
        self.refusals[why] += 1
        if self._tell is not None:
            self._tell(why)
        now_s = monotonic()
        if now_s - self._logged.get(why, -LOG_S) >= LOG_S:
            self._logged[why] = now_s
            count = self.refusals[why]
            _log.warning("page: refused %s from %s; %d so far", why, request.remote, count)


_AUTH = web.AppKey("auth", Auth)


def bind(app: web.Application, auth: Auth | None) -> None:
    """Make an application's handlers know who asks; None: nobody has to log in."""
    if auth is not None:
        app[_AUTH] = auth


def scope_of(request: web.Request) -> Scope:
    """What whoever asks may see."""
    grant: Grant | None = request.get(_GRANT)
    if grant is not None:
        return grant.scope
    # Fail closed: where there are rules, a request without a grant has come around them.
    return EVERYTHING if request.config_dict.get(_AUTH) is None else Scope()


def actor_of(request: web.Request) -> str | None:
    """The name of whoever asks if they may act, None if they may not.

    It is "" where nobody has to log in: whoever reaches that page acts as its owner.
    """
    grant: Grant | None = request.get(_GRANT)
    if grant is not None:
        return grant.name if grant.acts else None
    return "" if request.config_dict.get(_AUTH) is None else None


def still_holds(request: web.Request) -> bool:
    """Whether whoever asked may still see what they asked for; False once it is revoked or over."""
    grant, auth = request.get(_GRANT), request.config_dict.get(_AUTH)
    return auth is None or (grant is not None and auth.holds(grant))


def host_of(request: web.Request) -> str:
    """The host name a request was made to, without port and brackets."""
    try:
        return (urlsplit(f"//{request.host}").hostname or "").lower()
    except ValueError:
        return ""


def is_local(name: str) -> bool:
    """Whether a host name is this machine's own, whoever answers name look-ups."""
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _unauthorized(request: web.Request, why: str) -> web.HTTPUnauthorized:
    headers = {hdrs.WWW_AUTHENTICATE: 'Bearer realm="floorcast"', hdrs.CACHE_CONTROL: "no-store"}
    if "text/html" not in request.headers.get(hdrs.ACCEPT, ""):
        return web.HTTPUnauthorized(text=f"{why}; send Authorization: Bearer\n", headers=headers)
    # A link on another site: browsers leave a strict cookie out until our own page asks.
    again = request.headers.get("Sec-Fetch-Site") == "cross-site"
    page = sign_in_page(why, again=again)
    return web.HTTPUnauthorized(text=page, headers=headers, content_type="text/html")
