"""Boards at their own addresses: floor, team, rep and leaderboard, filters, languages, keys."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec import structs
from playwright.sync_api import expect

from streams.core.explain import Explained
from tests.browser.floor import rep
from tests.browser.page_thread import PageThread
from tests.browser.tab import Tab, exact, same

DAY = date(2099, 1, 1)
NINE_MS = 4_070_941_200_000


def events(count: int = 3) -> list[Explained]:
    """Calls that are contacts, one a minute from nine o'clock on."""
    return [
        Explained(
            kind="call",
            source="pbx",
            id=f"c{number}",
            revision=0,
            at_ms=NINE_MS + 60_000 * number,
            counts=["dials", "answered", "human_answered", "contacts"],
            talk_ms=61_000,
        )
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("floor", ""),
        ("team/south", "?team=south"),
        ("team/north?window=60m&sort=conversion", "?team=north&window=60m&sort=conversion"),
        ("rep/r-0004", "?rep=r-0004"),
        ("leaderboard", "?flat=1&sort=revenue_net"),
        ("leaderboard?sort=conversion&team=north", "?flat=1&sort=conversion&team=north"),
        ("floor?shift=early&product=plan", "?shift=early&product=plan"),
        ("floor?site=nowhere&shift=late", "?site=nowhere&shift=late"),
        ("tv?board=/floor", ""),
        ("tv?board=/team/north", "?team=north"),
    ],
)
def test_every_number_of_every_board_is_the_boards(
    server: PageThread, tab: Tab, path: str, query: str
) -> None:
    board = server.board(query)
    # Until numbers have come the page says so, in the same place as that there are none.
    tab.open(server.url + path, "main .figure" if board["rows"] else "main .empty")

    found = tab.figures()
    for one in found:
        figure = exact(board, one)
        assert same(figure["value"], one["value"]), one
        assert same(figure.get("num"), one.get("num", "null")), one
        assert same(figure.get("den"), one.get("den", "null")), one
    assert bool(found) == bool(board["rows"])
    assert tab.complaints == []


def test_a_leaderboard_ranks_no_rate_of_too_small_a_sample(tab: Tab) -> None:
    server = PageThread(boards="[minimum_sample]\nconversion = 100\n")
    try:
        server.write(*(rep(number) for number in range(12)))
        server.start()
        tab.open(server.url + "leaderboard?sort=conversion")

        rows = tab.page.locator(".leaders tbody tr")
        told = [row.locator("td").first.inner_text() for row in rows.all()]
        least = rows.last.locator('[data-kpi="conversion"]')
        # Reps 0 to 3 have fewer than 100 contacts.
        assert told == [*map(str, range(1, 9)), "", "", "", ""]
        assert least.get_attribute("data-rep") == "r-0000"
        expect(tab.page.locator("main .note").first).to_contain_text("Ranked from 100 on")
    finally:
        server.close()


def test_a_rep_is_held_against_own_working_days(server: PageThread, tab: Tab) -> None:
    server.events["r-0004", DAY] = events()
    tab.open(server.url + "rep/r-0004", ".panel .events")

    story = server.board("?rep=r-0004")["story"]
    usual = story["usual"]["conversion"]
    conversion = tab.page.locator(".tile", has_text="Conversion").first
    expect(conversion.locator(".of")).to_contain_text(f"usual {100 * usual['value']:.1f}")
    expect(conversion.locator(".change")).to_contain_text("below usual")
    expect(tab.page.locator(".person")).to_contain_text("own last 20 working days")
    expect(tab.page.locator(".trend .dot")).to_have_count(21)
    expect(tab.page.locator(".bars li")).to_have_count(21)
    expect(tab.page.locator(".mix th")).to_have_text("plan")
    expect(tab.page.locator(".events tbody tr")).to_have_count(3)
    expect(tab.page.locator(".events tbody tr").first).to_contain_text("09:02:00")
    assert tab.complaints == []


def test_last_events_follow_when_something_happens(server: PageThread, tab: Tab) -> None:
    server.events["r-0004", DAY] = events()
    tab.open(server.url + "rep/r-0004", ".panel .events")

    server.events["r-0004", DAY] = events(4)
    server.write(structs.replace(rep(4, version=2, extra=1), newest_ms={"call": NINE_MS}))

    expect(tab.page.locator(".events tbody tr")).to_have_count(4, timeout=5_000)


def test_a_number_leads_to_the_events_behind_it(server: PageThread, tab: Tab) -> None:
    server.events["r-0003", DAY] = events()
    tab.open(server.url + "team/north")

    tab.page.locator('[data-rep="r-0003"][data-kpi="contacts"]').click()
    dialog = tab.page.locator("dialog")
    expect(dialog.locator("tbody tr")).to_have_count(3)
    expect(dialog.locator("h2")).to_have_text('Contacts: Rep <b>"3"</b>')

    dialog.locator("input").fill("2098-12-31")
    expect(dialog).to_contain_text("Nothing is stored of this day")
    tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    # A sum leads to its reps first.
    tab.page.locator('.tile [data-team="north"][data-kpi="contacts"]').click()
    tab.page.locator('dialog [data-rep="r-0003"]').click()
    expect(tab.page.locator("dialog tbody tr")).to_have_count(3)


def test_longer_windows_say_loading_while_earlier_days_are_read(
    server: PageThread, tab: Tab
) -> None:
    one = rep(3, version=2)
    days = {name: one.windows[name] for name in one.windows if name != "year"}
    server.write(structs.replace(one, windows=days, loading=True))

    tab.open(server.url + "floor?window=year")

    expect(tab.page.locator(".banner")).to_contain_text("Earlier days are still being read")
    expect(tab.page.locator(".tile .figure").first).to_have_text("loading")
    expect(tab.page.locator(".team header").first).to_contain_text("1 reps loading")


def test_only_what_a_late_source_feeds_turns_grey(tab: Tab) -> None:
    server = PageThread()
    try:
        server.write(*(rep(number) for number in range(12)), silent_ms=16 * 60_000)
        server.start()
        tab.open(server.url + "floor")

        expect(tab.page.locator(".banner")).to_contain_text("pbx is silent")
        expect(tab.page.locator(".tile", has_text="Contacts").first).to_contain_text("stale since")
        expect(tab.page.locator(".tile", has_text="Conversion").first).to_contain_text("stale")
        deals = tab.page.locator('.tile:has([data-kpi="deals_net"])')
        expect(deals).not_to_contain_text("stale")
    finally:
        server.close()


def test_a_recovering_worker_is_said_over_the_board(server: PageThread, tab: Tab) -> None:
    server.write(state="recovering")
    tab.open(server.url + "floor")
    expect(tab.page.locator(".banner")).to_contain_text("Partition 1 is recovering")
    expect(tab.page.locator(".fresh summary")).to_contain_text("recovering")

    server.write()
    expect(tab.page.locator(".banner")).to_have_count(0)


def test_language_and_theme_stand_in_the_url(server: PageThread, tab: Tab) -> None:
    tab.open(server.url + "floor?lang=zh&theme=light")
    expect(tab.page.locator(".tile h2").first).to_have_text("转化率")
    expect(tab.page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(tab.page.locator("html")).to_have_attribute("data-theme", "light")

    tab.page.locator(".look summary").click()
    tab.page.get_by_role("link", name="English").click()
    expect(tab.page.locator(".tile h2").first).to_have_text("Conversion")
    assert tab.page.url == server.url + "floor?theme=light"
    assert tab.complaints == []


def test_everything_can_be_reached_by_keys(server: PageThread, tab: Tab) -> None:
    server.events["r-0005", DAY] = events()
    tab.open(server.url + "floor")
    press = tab.page.keyboard.press

    press("?")
    expect(tab.page.locator("dialog .keys dt")).to_have_count(14)
    press("Escape")
    press("w")
    expect(tab.page).to_have_url(server.url + "floor?window=week")
    press("W")
    expect(tab.page).to_have_url(server.url + "floor")
    expect(tab.page.locator("[data-row]").first).to_have_attribute("href", "/team/north")
    press("j")
    press("Enter")  # the first row is a team's name
    expect(tab.page).to_have_url(server.url + "team/north")
    expect(tab.page.locator("main .team")).to_have_count(1)
    press("j")
    press("e")
    expect(tab.page.locator("dialog tbody tr")).to_have_count(3)
    press("Escape")
    expect(tab.page.locator("dialog")).to_have_count(0)
    tab.page.locator("[data-row]").first.focus()
    press("Enter")
    expect(tab.page).to_have_url(server.url + "rep/r-0005")
    expect(tab.page.locator(".person")).to_be_visible()
    press("Escape")
    expect(tab.page).to_have_url(server.url + "team/north")
    press("l")
    expect(tab.page.locator(".leaders")).to_be_visible()
    press("g")
    expect(tab.page.locator("html")).to_have_attribute("lang", "zh-CN")
    press("t")
    expect(tab.page.locator("html")).to_have_attribute("data-theme", "light")
    assert tab.complaints == []


def test_a_deal_is_celebrated_only_where_somebody_asked_for_it(
    server: PageThread, tab: Tab
) -> None:
    def won(version: int) -> Any:
        one = rep(3, version=version)
        tally = structs.replace(one.windows["today"], deals_gross_bp=22_500 + 10_000 * version)
        return structs.replace(one, windows=dict.fromkeys(one.windows, tally))

    tab.open(server.url + "floor")
    server.write(won(2))
    figure = tab.page.locator('.team [data-rep="r-0003"][data-kpi="deals_net"]')
    expect(figure).to_have_attribute("data-value", "4.25")
    expect(tab.page.locator(".toasts p")).to_have_count(0)

    tab.open(server.url + "floor?celebrate=on")
    server.write(won(3))
    expect(tab.page.locator(".toasts p")).to_contain_text('Rep <b>"3"</b> closed a deal')
    expect(tab.page.locator("tr.cheered")).to_have_count(1)


def test_a_threshold_is_said_in_colour_and_in_words(tab: Tab) -> None:
    server = PageThread(boards="[thresholds.conversion]\namber = 0.5\nred = 0.01\n")
    try:
        server.write(*(rep(number) for number in range(12)))
        server.start()
        tab.open(server.url + "team/north")
        figure = tab.page.locator('.team [data-rep="r-0003"][data-kpi="conversion"]')
        expect(figure).to_have_class("figure amber")
        expect(figure).to_contain_text("needs attention")
        # Of rep 0 there is nothing to judge.
        expect(tab.page.locator('[data-rep="r-0000"][data-kpi="conversion"]')).to_have_class(
            "figure"
        )
    finally:
        server.close()
