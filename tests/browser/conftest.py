"""A browser, a tab of it, and the page of a small floor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.floor import rep
from tests.browser.page_thread import PageThread
from tests.browser.tab import Tab
from tests.services.chromium import browser


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Browser]:
    with browser() as launched:
        yield launched


@pytest.fixture
def server() -> Iterator[PageThread]:
    page = PageThread()
    page.write(*(rep(number) for number in range(12)))
    page.start()
    yield page
    page.close()


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": 1920, "height": 1080}, locale="en-GB")
    yield Tab(context.new_page())
    context.close()
