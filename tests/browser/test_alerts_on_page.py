"""An alert on the page: at the rep's name, in the list, in both languages, and what is done."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from streams.core.alerts.also import Also
from streams.core.alerts.told import RepAlert
from streams.core.clock import SystemClock
from tests.browser.page_thread import PageThread
from tests.browser.tab import Tab
from tests.browser.test_accessibility import CONTRAST_RATIO, violations
from tests.builders import HOUR_MS

TEXT = (
    "Rep 4: 7 sales in the last 248 contacts (2.8 %); expected 21 (8.4 %) allowing for the team. "
    "A rep selling normally sets this off about once in 8,000 contacts, roughly 130 working days. "
    "Also changed: short calls, 31 % of answered calls (usually 12 %)."
)


def alert(alert_id: str, rep_id: str, team_id: str = "north", **more: Any) -> RepAlert:
    fields: dict[str, Any] = {
        "alert_id": alert_id,
        "kind": "conversion_drop" if rep_id else "team_conversion_drop",
        "state": "red",
        "site_id": "s",
        "team_id": team_id,
        "rep_id": rep_id,
        "at_ms": SystemClock().now_ms() - HOUR_MS,
        "evidence": 8_100.0,
        "text": {"en": TEXT, "zh": "最近 248 次接触成交 7 单（2.8 %）"},
        "also": (Also(what="short_calls", seen=0.31, usual=0.12, changed=True),),
    }
    return RepAlert(**(fields | more))


@pytest.fixture
def told(server: PageThread) -> PageThread:
    """A floor with reds, an amber, and one of a team."""
    server.tell(
        alert("a-4", "r-0004"),
        alert("a-5", "r-0005", "south", state="amber", level="amber"),
        alert("a-6", "r-0006"),
        alert("a-t", "", "south"),
    )
    return server


def badge(tab: Tab, rep_id: str) -> Any:
    return tab.page.locator(f"tr:has([data-rep='{rep_id}']) .badge")


def entry(tab: Tab, alert_id: str) -> Any:
    return tab.page.locator(f"[data-alert='{alert_id}']")


def contrast(tab: Tab, selector: str) -> float:
    """How much a text stands out from what is behind it."""
    found: list[float] = tab.page.evaluate(CONTRAST_RATIO.replace("main .figure b", selector))
    return min(found)


def test_an_alert_is_at_the_reps_name_and_acknowledged_from_the_list(
    server: PageThread, tab: Tab
) -> None:
    tab.open(server.url + "floor")
    alarm = tab.page.locator("button.alarm")
    expect(alarm).to_have_text("Alerts")
    expect(tab.page.locator(".badge")).to_have_count(0)

    server.tell(alert("a-4", "r-0004"), alert("a-7", "r-0007", "south"))
    expect(badge(tab, "r-0004")).to_have_text("!! red")
    expect(alarm).to_have_text("!! Alerts 2: 2 nobody has in hand")

    assert contrast(tab, "button.alarm b") > 4.5

    badge(tab, "r-0004").click()
    expect(tab.page.locator("dialog .alert-entry")).to_have_count(1)
    expect(entry(tab, "a-4")).to_contain_text("7 sales in the last 248 contacts")
    expect(entry(tab, "a-4")).to_contain_text("short calls, 31 % of answered calls (usually 12 %)")
    entry(tab, "a-4").get_by_label("Note").fill("I will listen to some calls")
    entry(tab, "a-4").get_by_role("button", name="Acknowledge").click()

    expect(entry(tab, "a-4").locator("h3 .badge")).to_have_text("✓ acknowledged")
    entry(tab, "a-4").locator("summary").click()
    expect(entry(tab, "a-4").locator(".life li").last).to_contain_text(
        "acknowledged by mia: I will listen to some calls"
    )
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("dialog")).to_have_count(0)
    expect(badge(tab, "r-0004")).to_have_text("✓ acknowledged")
    expect(alarm).to_have_text("!! Alerts 1: 1 nobody has in hand")
    (done,) = server.acted
    assert (done.verb, done.by, done.alert_id) == ("ack", "mia", "a-4")
    assert tab.complaints == []


def test_a_mute_is_said_and_ended(told: PageThread, tab: Tab) -> None:
    tab.open(told.url + "floor")
    tab.page.keyboard.press("a")
    expect(tab.page.locator("dialog .alert-entry")).to_have_count(4)
    entry(tab, "a-4").get_by_label("for").select_option("24")
    entry(tab, "a-4").get_by_role("button", name="Mute").click()
    expect(entry(tab, "a-4")).to_contain_text("Muted until")
    (done,) = told.acted
    assert (done.verb, done.rep_id, done.team_id) == ("mute", "r-0004", "")
    assert abs(done.until_ms - done.at_ms - 24 * HOUR_MS) < 60_000
    expect(badge(tab, "r-0004")).to_have_text("!! muted")
    entry(tab, "a-4").get_by_role("button", name="Unmute").click()
    expect(badge(tab, "r-0004")).to_have_text("!! red")


def test_a_double_click_acts_once(told: PageThread, tab: Tab) -> None:
    held: list[Route] = []
    tab.page.route("**/api/v1/alerts/**", lambda route: held.append(route))  # noqa: PLW0108 # Playwright marks it, and a method takes no mark
    tab.open(told.url + "team/north")
    badge(tab, "r-0004").click()
    button = entry(tab, "a-4").get_by_role("button", name="Acknowledge")
    button.dblclick()
    expect(button).to_be_disabled()
    expect(entry(tab, "a-4").get_by_role("button", name="Mute")).to_be_disabled()
    (sent,) = held
    sent.continue_()
    expect(entry(tab, "a-4").locator("h3 .badge")).to_have_text("✓ acknowledged")
    expect(entry(tab, "a-4").get_by_role("button", name="Mute")).to_be_enabled()
    assert len(told.acted) == 1


def test_what_is_not_taken_is_said_and_the_note_is_kept(told: PageThread, tab: Tab) -> None:
    told.kafka_away = True
    tab.open(told.url + "team/north")
    badge(tab, "r-0004").click()
    note = entry(tab, "a-4").get_by_label("Note")
    note.fill("new list")
    entry(tab, "a-4").get_by_role("button", name="Comment").click()
    expect(entry(tab, "a-4").get_by_role("alert")).to_have_text("▲ Nothing was done: Kafka is away")
    expect(note).to_have_value("new list")


def test_an_alert_leads_to_the_reps_board_which_has_it_too(told: PageThread, tab: Tab) -> None:
    tab.open(told.url + "leaderboard")
    tab.page.locator("button.alarm").click()
    entry(tab, "a-4").get_by_role("link").click()
    expect(tab.page).to_have_url(told.url + "rep/r-0004")
    expect(tab.page.locator("dialog")).to_have_count(0)
    expect(tab.page.locator("main .own-alerts .alert-entry")).to_have_count(1)
    expect(tab.page.locator("main .own-alerts")).to_contain_text("7 sales")


def test_the_words_are_those_of_the_page(told: PageThread, tab: Tab) -> None:
    tab.open(told.url + "floor?lang=zh")
    expect(badge(tab, "r-0004")).to_have_text("!! 红色")
    tab.page.keyboard.press("a")
    expect(entry(tab, "a-4")).to_contain_text("成交 7 单")
    expect(entry(tab, "a-4").get_by_role("button", name="确认")).to_be_visible()


def test_a_wall_shows_no_alert(told: PageThread, tab: Tab) -> None:
    tab.open(told.url + "tv?board=/team/north", "main table")
    expect(tab.page.locator(".badge")).to_have_count(0)


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_in_alerts(told: PageThread, tab: Tab, theme: str, width: int) -> None:
    tab.page.set_viewport_size({"width": width, "height": 900})
    tab.open(f"{told.url}floor?theme={theme}", "main .figure")
    tab.page.wait_for_timeout(600)  # the numbers have come up
    assert violations(tab) == []
    tab.page.keyboard.press("a")
    tab.page.locator("dialog summary").first.click()
    assert violations(tab) == []


def test_a_red_whose_place_another_has_taken_is_not_called_recovered(
    server: PageThread, tab: Tab
) -> None:
    at_ms = SystemClock().now_ms() - HOUR_MS
    server.tell(
        alert("a-1", "r-0004"),
        alert("e-1", "r-0004", state="recovered", ends="a-1", why="again", at_ms=at_ms + 1),
        alert("a-2", "r-0004", at_ms=at_ms + 2),
    )
    tab.open(server.url + "floor")
    tab.page.keyboard.press("a")
    expect(entry(tab, "a-1").locator("h3 .badge")).to_have_text("– replaced")
    expect(entry(tab, "a-2").locator("h3 .badge")).to_have_text("!! red")
