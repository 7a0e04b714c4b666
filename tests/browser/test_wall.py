"""The wall: boards in turn, pages that turn, nothing to scroll, large enough to read from afar."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.floor import rep
from tests.browser.page_thread import PageThread
from tests.browser.tab import Tab

REPS = 60


@pytest.fixture
def crowd() -> Iterator[PageThread]:
    page = PageThread()
    page.write(*(rep(number, reps=REPS) for number in range(REPS)))
    page.start()
    yield page
    page.close()


def names(tab: Tab) -> list[str]:
    return tab.page.locator("tbody .who").all_inner_texts()


def test_pages_turn_and_show_every_rep_once(crowd: PageThread, tab: Tab) -> None:
    tab.open(crowd.url + "tv?board=/team/north&seconds=60")
    page = tab.page.locator(".turn")

    expect(page).to_have_text("1 / 3")
    seen = names(tab)
    for number in (2, 3):
        tab.page.keyboard.press("]")
        expect(page).to_have_text(f"{number} / 3")
        seen += names(tab)
    assert len(seen) == len(set(seen)) == REPS // 2
    tab.page.keyboard.press("]")
    expect(page).to_have_text("1 / 3")


def test_boards_follow_each_other_by_themselves(server: PageThread, tab: Tab) -> None:
    tab.open(server.url + "tv?board=/team/north&board=/leaderboard%3Fsort%3Dcontacts&seconds=2")
    title = tab.page.locator(".wall h1")

    expect(title).to_have_text("North")
    expect(title).to_have_text("Leaderboard", timeout=10_000)
    expect(tab.page.locator(".wall")).to_contain_text("Contacts")
    expect(title).to_have_text("North", timeout=10_000)
    tab.page.keyboard.press("Space")
    expect(tab.page.locator(".turn")).to_contain_text("paused")
    assert tab.complaints == []


def test_without_a_list_the_wall_shows_floor_teams_and_leaders(
    server: PageThread, tab: Tab
) -> None:
    tab.open(server.url + "tv?seconds=60", "main .card")
    title = tab.page.locator(".wall h1")

    seen = [title.inner_text()]
    for expected in ("North", "south", "Leaderboard"):
        tab.page.keyboard.press("]")
        expect(title).to_have_text(expected)
        seen.append(title.inner_text())
    assert seen == ["Floor", "North", "south", "Leaderboard"]


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (1920, 1080), (3840, 2160), (1920, 1200), (1080, 1920)]
)
@pytest.mark.parametrize("board", ["/floor", "/team/north", "/leaderboard"])
def test_there_is_nothing_to_scroll(
    crowd: PageThread, tab: Tab, board: str, width: int, height: int
) -> None:
    tab.page.set_viewport_size({"width": width, "height": height})
    tab.open(crowd.url + f"tv?board={board}", "main .figure")

    hidden = tab.page.evaluate(
        """() => [...document.querySelectorAll('main, .cards, .card, .team, .tile')]
          .filter((node) => node.scrollHeight > node.clientHeight + 1
            || node.scrollWidth > node.clientWidth + 1
            || node.getBoundingClientRect().bottom > innerHeight + 1)
          .map((node) => [node.className || node.tagName, node.scrollHeight, node.clientHeight,
            node.scrollWidth, node.clientWidth])"""
    )
    assert hidden == []
    assert tab.page.evaluate("document.documentElement.scrollHeight") <= height


@pytest.mark.parametrize("board", ["/floor", "/team/north", "/leaderboard"])
def test_a_wall_can_be_read_from_five_metres(crowd: PageThread, tab: Tab, board: str) -> None:
    tab.open(crowd.url + f"tv?board={board}", "main .figure")

    def size(selector: str) -> float:
        found: float = tab.page.locator(selector).first.evaluate(
            "(node) => parseFloat(getComputedStyle(node).fontSize)"
        )
        return found

    if board != "/leaderboard":
        assert size(".tile .figure b") >= 56
    if board != "/floor":
        assert size("tbody .who") >= 40
        assert size("tbody .chosen b") >= 54
    texts = tab.page.evaluate(
        """() => [...document.querySelectorAll('#app *')]
          .filter((node) => node.checkVisibility() && !node.closest('.unseen, svg')
            && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
          .map((node) => [parseFloat(getComputedStyle(node).fontSize), node.textContent])"""
    )
    assert [one for one in texts if one[0] < 28] == []


def test_a_wall_that_is_switched_on_before_the_server_waits_for_it(
    server: PageThread, tab: Tab
) -> None:
    tab.open(server.url + "tv?board=/team/north")
    server.stop()
    expect(tab.page.locator(".wall .fresh")).to_contain_text("no connection", timeout=10_000)
    server.write(rep(3, version=2, extra=5))
    server.start()
    expect(tab.page.locator(".wall .fresh")).to_contain_text("live", timeout=10_000)
    expect(tab.page.locator('[data-rep="r-0003"][data-kpi="conversion"]')).to_have_attribute(
        "data-den", "80"
    )
