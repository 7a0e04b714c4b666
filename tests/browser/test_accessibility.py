"""Nobody is kept out: axe-core finds nothing on any board, in any theme."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.page_thread import PageThread
from tests.browser.tab import Tab
from tests.browser.test_boards import DAY, events

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
BOARDS = [
    "floor",
    "team/north",
    "rep/r-0004",
    "leaderboard?sort=conversion",
    "tv?board=/floor",
    "tv?board=/team/north",
]
CONTRAST_RATIO = """() => {
  const luminance = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(Number).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (!/^rgba.*, 0\\)$/.test(backgroundColor)) return backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  return [...document.querySelectorAll('main .figure b')].map((node) => {
    const [a, b] = [luminance(getComputedStyle(node).color), luminance(behind(node))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  });
}"""


def violations(tab: Tab) -> list[str]:
    """What axe-core complains about, with the place of each."""
    # By the debugger and not as an element: the page's policy allows no other script.
    tab.page.evaluate(AXE.read_text("utf-8"))
    found = tab.page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"][:2]
    ]


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
@pytest.mark.parametrize("board", BOARDS)
def test_axe_finds_nothing(server: PageThread, tab: Tab, board: str, theme: str) -> None:
    server.events["r-0004", DAY] = events()
    tab.open(f"{server.url}{board}{'&' if '?' in board else '?'}theme={theme}", "main .figure")
    tab.page.wait_for_timeout(600)  # the numbers have come up

    assert violations(tab) == []


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_on_phones_and_in_what_opens(
    server: PageThread, tab: Tab, width: int
) -> None:
    server.events["r-0003", DAY] = events()
    tab.page.set_viewport_size({"width": width, "height": 800})
    tab.open(server.url + "team/north?lang=zh")
    tab.page.locator(".fresh summary").click()
    tab.page.wait_for_timeout(600)
    assert violations(tab) == []
    tab.page.locator(".fresh summary").click()
    tab.page.locator('[data-rep="r-0003"][data-kpi="deals_net"]').click()
    tab.page.wait_for_timeout(600)
    assert violations(tab) == []


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
@pytest.mark.parametrize("silent_ms", [0, 16 * 60_000])
def test_numbers_on_a_wall_stand_out_from_the_glare(
    server: PageThread, tab: Tab, theme: str, silent_ms: int
) -> None:
    server.write(silent_ms=silent_ms)
    tab.open(f"{server.url}tv?board=/team/north&theme={theme}", "main .figure")
    tab.page.wait_for_timeout(600)

    assert min(tab.page.evaluate(CONTRAST_RATIO)) >= 7
