"""A tab of Chromium, and how its numbers are compared with a board's."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

FIGURES = """() => [...document.querySelectorAll('main [data-kpi]')]
  .map(({ dataset, innerText }) =>
    ({ ...dataset, text: innerText.replace(/\\s+/g, ' ').trim() }))"""


class Tab:
    """A page, what it asked for, and what it complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type in {"error", "warning"}
                else None
            ),
        )

    def open(self, url: str, shows: str = "main .team") -> None:
        self.page.goto(url)
        self.page.wait_for_selector(shows)

    def figures(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.page.evaluate(FIGURES)
        return found

    def fresh(self) -> str:
        return self.page.locator(".fresh summary").inner_text()


def exact(board: Any, found: dict[str, str]) -> Any:
    """What the board says of a figure on the page."""
    if "rep" in found:
        (line,) = [row for row in board["rows"] if row["rep_id"] == found["rep"]]
    elif "team" in found:
        (line,) = [team for team in board["teams"] if team["id"] == found["team"]]
    else:
        line = board["floor"]
    own = line["money"][found["currency"]] if "currency" in found else line["kpis"]
    return own[found["kpi"]]


def same(number: float | None, text: str) -> bool:
    return text == "null" if number is None else float(text) == number
