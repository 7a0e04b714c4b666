"""What a page does when whoever looks at it may not see it any more, or its server is away."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from sinks.wallboard.auth import Auth
from sinks.wallboard.scope import EVERYTHING
from sinks.wallboard.tokens import Grants, new_grant, revoke
from streams.core.clock import SystemClock
from tests.browser.floor import rep
from tests.browser.page_thread import PageThread
from tests.browser.tab import Tab

HEADER = "X-Forwarded-User"
LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]


class Guarded(NamedTuple):
    """A page and the one grant of it."""

    page: PageThread
    file: Path
    grant: str

    def revoke(self) -> None:
        assert revoke(self.file, SystemClock(), [self.grant]) == []


@pytest.fixture(params=["", "sue"], ids=["token", "proxy"])
def guarded(request: pytest.FixtureRequest, tab: Tab, tmp_path: Path) -> Iterator[Guarded]:
    """Signed in with a token (refused with 401), or as a proxy's user (403)."""
    file, clock, user = tmp_path / "tokens.jsonl", SystemClock(), request.param or None
    grant, token = new_grant(file, clock, "someone", EVERYTHING, user=user)
    auth = Auth(Grants(file, clock), user_header=HEADER, proxies=LOOPBACK)
    page = PageThread(auth=auth)
    page.write(*(rep(number) for number in range(12)))
    page.start()
    if user:
        tab.page.set_extra_http_headers({HEADER: user})
    tab.open(page.url if user else f"{page.url}?token={token}")
    yield Guarded(page, file, grant.id)
    page.close()


def test_a_board_goes_when_its_token_is_revoked(guarded: Guarded, tab: Tab) -> None:
    guarded.revoke()

    expect(tab.page.locator("[data-kpi]")).to_have_count(0, timeout=10_000)
    assert "Rep" not in tab.page.content()


def test_a_board_goes_when_its_token_was_revoked_while_it_was_cut_off(
    guarded: Guarded, tab: Tab
) -> None:
    guarded.page.stop()
    expect(tab.page.locator(".fresh summary")).to_contain_text("no connection", timeout=10_000)

    guarded.revoke()
    guarded.page.start()

    expect(tab.page.locator("[data-kpi]")).to_have_count(0, timeout=15_000)
    assert "Rep" not in tab.page.content()


def test_a_page_whose_proxy_has_no_server_behind_it_waits_with_what_it_has(
    guarded: Guarded, tab: Tab
) -> None:
    tab.page.evaluate("window.before = 'the same page'")
    guarded.page.stop()
    for path in ("**/events**", "**/api/page"):
        tab.page.route(path, lambda route: route.fulfill(status=502, body="Bad Gateway"))
    expect(tab.page.locator(".fresh summary")).to_contain_text("no connection", timeout=10_000)
    with tab.page.expect_response("**/api/page", timeout=10_000):
        pass

    guarded.page.start()
    tab.page.unroute_all()

    expect(tab.page.locator(".fresh summary")).to_contain_text("live", timeout=15_000)
    assert tab.page.evaluate("window.before") == "the same page"
