"""The live page in a real Chromium."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.floor import rep
from tests.browser.page_thread import PageThread
from tests.browser.tab import Tab, exact, same


@pytest.mark.parametrize(
    "query", ["", "?team=south&sort=conversion", "?window=60m", "?window=last50&sort=contacts"]
)
def test_every_number_on_the_page_is_the_boards(server: PageThread, tab: Tab, query: str) -> None:
    tab.open(server.url + query)

    board = server.board(query)
    found = tab.figures()
    for one in found:
        figure = exact(board, one)
        assert same(figure["value"], one["value"]), one
        assert same(figure.get("num"), one.get("num", "null")), one
        assert same(figure.get("den"), one.get("den", "null")), one
    assert {one["rep"] for one in found if "rep" in one} == {r["rep_id"] for r in board["rows"]}
    assert {"conversion", "deals_net"} <= {one["kpi"] for one in found}
    assert not tab.complaints


def test_reps_stand_in_the_order_of_the_board(server: PageThread, tab: Tab) -> None:
    tab.open(server.url + "?sort=conversion")

    of_team = tab.page.locator(".team").first.locator("tbody tr [data-kpi=conversion]")
    shown = [one.get_attribute("data-rep") for one in of_team.all()]
    rows = server.board("?sort=conversion")["rows"]
    assert shown == [row["rep_id"] for row in rows if row["team_id"] == "north"]


def test_people_read_rounded_numbers_and_a_dash_where_there_is_none(
    server: PageThread, tab: Tab
) -> None:
    tab.open(server.url)

    texts = {(one.get("rep"), one["kpi"]): one["text"] for one in tab.figures() if "rep" in one}
    assert texts["r-0004", "conversion"] == "3.0 % ▼ below usual 3 / 100"
    assert texts["r-0004", "deals_net"] == "3"
    assert texts["r-0004", "revenue_net"] == "€489.80"
    assert texts["r-0000", "conversion"] == "– 0 / 0"
    expect(tab.page.locator("tbody .who").first).to_have_text('Rep <b>"5"</b>')
    expect(tab.page.locator("tbody .who", has_text="r-0001")).to_have_count(1)


def test_a_write_is_on_the_page_within_a_second(server: PageThread, tab: Tab) -> None:
    tab.open(server.url)
    figure = tab.page.locator('.team [data-rep="r-0003"][data-kpi="conversion"]')
    expect(figure).to_have_attribute("data-den", "75")

    server.write(rep(3, version=2, extra=5))

    expect(figure).to_have_attribute("data-den", "80", timeout=1_000)
    expect(tab.page.locator('[data-floor][data-kpi="contacts"]')).to_have_attribute(
        "data-value", str(25 * sum(range(12)) + 5), timeout=1_000
    )


def test_the_page_says_that_it_is_live_and_when_it_is_not(server: PageThread, tab: Tab) -> None:
    tab.open(server.url)
    expect(tab.page.locator(".fresh summary")).to_contain_text("live,")
    assert tab.page.locator("html").get_attribute("data-state") == "live"

    now = time.time()
    silent_s = 3_600
    quiet = PageThread()
    try:
        quiet.write(*(rep(number) for number in range(12)), silent_ms=silent_s * 1_000)
        quiet.start()
        tab.open(quiet.url)
        since = tab.page.evaluate(
            "(ms) => new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })"
            ".format(ms)",
            (now - silent_s) * 1_000,
        )
        expect(tab.page.locator(".fresh summary")).to_contain_text("(pbx silent)")
        assert tab.page.locator("html").get_attribute("data-state") == "stale"
        assert since[:2] in tab.fresh()  # the hour: the minute may have passed meanwhile
        expect(tab.page.locator(".tile em").first).to_contain_text("stale since")
    finally:
        quiet.close()


def test_the_page_comes_back_on_its_own_after_the_server_was_away(
    server: PageThread, tab: Tab
) -> None:
    tab.open(server.url)
    figure = tab.page.locator('.team [data-rep="r-0003"][data-kpi="conversion"]')

    server.stop()
    expect(tab.page.locator(".fresh summary")).to_contain_text("no connection", timeout=10_000)
    expect(figure).to_have_attribute("data-den", "75")  # old numbers stay, greyed
    tab.page.get_by_role("link", name="Week", exact=True).click()
    expect(tab.page.locator("main")).to_have_attribute("aria-busy", "true")  # not the week's

    server.write(rep(3, version=2, extra=5))
    server.start()
    expect(tab.page.locator(".fresh summary")).to_contain_text("live", timeout=10_000)
    expect(tab.page.locator("main")).to_have_attribute("aria-busy", "false")
    expect(figure).to_have_attribute("data-den", "80")


def test_nothing_is_asked_of_another_host_and_nothing_is_complained_about(
    server: PageThread, tab: Tab
) -> None:
    tab.open(server.url)
    tab.page.wait_for_timeout(1_500)

    assert tab.requests
    assert [url for url in tab.requests if not url.startswith(server.url)] == []
    assert tab.complaints == []


def test_window_and_team_are_chosen_with_the_keyboard_and_stand_in_the_url(
    server: PageThread, tab: Tab
) -> None:
    tab.open(server.url)

    tab.page.get_by_role("link", name="Week", exact=True).focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator(".choice [aria-current]")).to_have_text("Week")
    assert tab.page.url == server.url + "?window=week"

    tab.page.get_by_role("combobox", name="Team").select_option("south")
    expect(tab.page.locator("main .team")).to_have_count(1)
    assert tab.page.url == server.url + "?window=week&team=south"

    tab.page.go_back()
    expect(tab.page.locator("main .team")).to_have_count(2)


@pytest.mark.parametrize("width", [360, 768, 1280, 1920, 3840])
def test_the_page_fits_the_screen(server: PageThread, tab: Tab, width: int) -> None:
    tab.page.set_viewport_size({"width": width, "height": 1080})
    tab.open(server.url)

    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_floor_of_ten_thousand_shows_its_best_and_says_so(tab: Tab) -> None:
    server = PageThread()
    try:
        server.write(*(rep(number, reps=10_000) for number in range(10_000)))
        server.start()
        tab.open(server.url)

        expect(tab.page.locator("main .team")).to_have_count(2)
        expect(tab.page.locator(".team tbody tr")).to_have_count(50)
        expect(tab.page.locator(".more").first).to_contain_text("25 of 5,000 reps shown")
        tab.page.locator(".more a").first.click()
        expect(tab.page.locator(".team tbody tr")).to_have_count(200, timeout=10_000)
        assert tab.complaints == []
    finally:
        server.close()
