"""Makes the page's rules of who may see what out of the settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from streams.core.errors import SettingsError
from streams.settings import Settings

if TYPE_CHECKING:
    from sinks.wallboard.auth import Auth, Network
    from streams.core.clock import Clock


def page_auth(
    settings: Settings, clock: Clock, refused: Callable[[str], None] | None = None
) -> Auth | None:
    """The rules, None when nobody has to log in; raises SettingsError with every problem."""
    from sinks.wallboard.auth import Auth
    from sinks.wallboard.tokens import Grants

    problems: list[str] = []
    proxies = list(_networks(settings.page_proxies, problems))
    hosts = [name.strip() for name in settings.page_hosts.split(",") if name.strip()]
    if settings.page_auth == "none":
        problems += [
            f"{name}: is set, but page_auth is none: set page_auth to token or proxy"
            for name in ("page_hosts", "page_proxies", "page_user_header")
            if getattr(settings, name)
        ]
    if settings.page_auth == "proxy":
        # The names too: without them a site whose name is made to point here could, in a browser
        # on the proxy's machine, send that header itself.
        problems += [
            f"{name}: must be set when page_auth is proxy"
            for name in ("page_user_header", "page_proxies", "page_hosts")
            if not getattr(settings, name)
        ]
    if problems:
        raise SettingsError(problems)
    if settings.page_auth == "none":
        return None
    return Auth(
        Grants(settings.tokens_file, clock),
        hosts=hosts,
        user_header=settings.page_user_header or None,
        proxies=proxies,
        refused=refused,
    )


def check_page(settings: Settings, clock: Clock) -> None:
    """Raises SettingsError when the settings would show the page to whoever is not asked."""
    from sinks.wallboard.server import check_host

    check_host(settings.page_host, page_auth(settings, clock))


def _networks(text: str, problems: list[str]) -> Iterator[Network]:
    for one in text.split(","):
        if not one.strip():
            continue
        try:
            yield ipaddress.ip_network(one.strip())
        except ValueError as error:
            problems.append(
                f"page_proxies = {one.strip()!r}: must be like 10.0.0.5 or 10.0.0.0/24: {error}"
            )
