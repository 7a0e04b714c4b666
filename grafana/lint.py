"""Rules a dashboard must keep, whoever wrote it: `python -m grafana.lint FILE...`.

A rule is a function from a dashboard, as JSON, to sentences about what is wrong. Queries have rules
of their own in `lint_queries.py`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from grafana import lint_queries

Board = dict[str, Any]
Panel = dict[str, Any]
Rule = Callable[[Board], Iterator[str]]

GRID_WIDTH = 24
FIRST_SCREEN = 28
"""Rows of the grid on 1080 px in kiosk mode: 30 px each and 8 px between them."""

WITHOUT_DATA = frozenset({"row", "text"})
CHOSEN = {"type": "prometheus", "uid": "${datasource}"}
NUMBER = re.compile(r"\d")
UNNAMED_UNITS = frozenset({None, "", "short"})
BOARD_LINK = re.compile(r"/d/([\w-]+)\?")
LEAST_REFRESH_S = 5


def data_panels(board: Board) -> Iterator[Panel]:
    """Everything that shows numbers: not headings, not texts."""
    return (one for one in board["panels"] if one["type"] not in WITHOUT_DATA)


def titled(board: Board) -> Iterator[str]:
    """The board and each panel have a title of their own."""
    if not board.get("title"):
        yield "the dashboard has no title"
    seen: set[str] = set()
    for panel in board["panels"]:
        title = panel.get("title")
        if not title:
            yield f"panel {panel.get('id')} has no title"
        elif title in seen:
            yield f"two panels are called {title}"
        else:
            seen.add(title)


def described(board: Board) -> Iterator[str]:
    """The board and each panel say in a sentence what they show."""
    if not board.get("description"):
        yield "the dashboard has no description"
    for panel in board["panels"]:
        if panel["type"] != "row" and not (panel.get("description") or "").endswith("."):
            yield f"{panel.get('title')}: no description, or not a sentence"


def with_units(board: Board) -> Iterator[str]:
    """Every number has a unit, `none` or `locale` for a count."""
    for panel in data_panels(board):
        if panel["fieldConfig"]["defaults"].get("unit") in UNNAMED_UNITS:
            yield f"{panel.get('title')}: no unit"


def from_the_chosen_source(board: Board) -> Iterator[str]:
    """Panels, queries and variables ask the data source that is chosen at the top."""
    variables = board.get("templating", {}).get("list", [])
    if not any((one["name"], one["type"]) == ("datasource", "datasource") for one in variables):
        yield "no variable datasource"
    for one in variables:
        if one["type"] == "query" and one.get("datasource") != CHOSEN:
            yield f"variable {one['name']}: not the chosen data source"
    for panel in data_panels(board):
        asked = [panel.get("datasource"), *(one.get("datasource") for one in panel["targets"])]
        if any(one != CHOSEN for one in asked):
            yield f"{panel.get('title')}: not the chosen data source"


def never_zero_for_nothing(board: Board) -> Iterator[str]:
    """No data and a rate without a denominator have words of their own, and no digits."""
    for panel in data_panels(board):
        title, defaults = panel.get("title"), panel["fieldConfig"]["defaults"]
        nothing = defaults.get("noValue")
        if not nothing or NUMBER.search(nothing):
            yield f"{title}: noValue is {nothing!r}, not words"
        if not any("/" in one["expr"] for one in panel["targets"]):
            continue
        texts = [
            one["options"].get("result", {}).get("text")
            for one in defaults.get("mappings", ())
            if one["type"] == "special" and one["options"].get("match") in {"nan", "null+nan"}
        ]
        if not texts or any(not text or NUMBER.search(text) for text in texts):
            yield f"{title}: a rate without a denominator (NaN) has no words of its own"


def with_thresholds(board: Board) -> Iterator[str]:
    """Thresholds begin at the base, and one that calls for attention is seen."""
    for panel in data_panels(board):
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        # The library leaves a null out of the JSON, and Grafana reads its absence as the base.
        if not steps or steps[0].get("value") is not None:
            yield f"{panel.get('title')}: thresholds have no base step"
        elif panel["type"] == "stat" and len(steps) > 1 and panel["options"]["colorMode"] == "none":
            yield f"{panel.get('title')}: a threshold that colours nothing"


def on_the_grid(board: Board) -> Iterator[str]:
    """Panels lie beside each other, and a wallboard's whole on one screen."""
    taken: dict[tuple[int, int], str] = {}
    bottom = 0
    for panel in board["panels"]:
        grid, title = panel["gridPos"], panel.get("title")
        if grid["x"] + grid["w"] > GRID_WIDTH:
            yield f"{title}: leaves the grid"
        cells = [
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        ]
        if under := {taken[cell] for cell in cells if cell in taken}:
            yield f"{title}: lies on {', '.join(sorted(under))}"
        taken.update(dict.fromkeys(cells, str(title)))
        if panel["type"] not in WITHOUT_DATA:
            bottom = max(bottom, grid["y"] + grid["h"])
    if "wallboard" in board.get("tags", ()) and bottom > FIRST_SCREEN:
        yield f"a wallboard of {bottom} rows: {FIRST_SCREEN} fit on 1080 px"


def refreshed(board: Board) -> Iterator[str]:
    """It refreshes by itself, not more often than Grafana allows by default."""
    refresh = str(board.get("refresh") or "")
    seconds = re.fullmatch(r"(\d+)s", refresh)
    if seconds is None or int(seconds[1]) < LEAST_REFRESH_S:
        yield f"refresh is {refresh!r}: set {LEAST_REFRESH_S}s or more"


def numbers_of_now(board: Board) -> Iterator[str]:
    """A big number is the last value of an instant query, never an average; NaN stays NaN."""
    for panel in data_panels(board):
        if panel["type"] == "stat" and (
            panel["options"]["reduceOptions"]["calcs"] != ["last"]
            or not all(one.get("instant") for one in panel["targets"])
        ):
            yield f"{panel.get('title')}: not the last value of an instant query"


def linked(board: Board) -> Iterator[str]:
    """Ids in links are made safe for URLs, and links know the time and the data source."""
    for panel in data_panels(board):
        for link in links_of(panel):
            url = link["url"]
            if BOARD_LINK.match(url):
                if "${__url_time_range}" not in url or "${datasource:queryparam}" not in url:
                    yield f"{panel.get('title')}: {link['title']} loses time or data source"
            elif not url.startswith("${page:raw}/"):
                yield f"{panel.get('title')}: {link['title']} leads out of floorcast"
            for name, style in re.findall(r"\$\{([\w.]+)(?::(\w+))?\}", url):
                if name not in {"page", "datasource", "__url_time_range"} and (
                    style != "percentencode"
                ):
                    yield f"{panel.get('title')}: {link['title']} puts {name} bare into a URL"


def links_of(panel: Panel) -> Iterator[dict[str, Any]]:
    """Every data link of a panel."""
    config = panel["fieldConfig"]
    yield from config["defaults"].get("links", ())
    for override in config.get("overrides", ()):
        for one in override["properties"]:
            if one["id"] == "links":
                yield from one["value"]


def asks_well(board: Board) -> Iterator[str]:
    """Queries count a rep once, and rates follow the scrape interval."""
    for panel in data_panels(board):
        for target in panel["targets"]:
            for problem in lint_queries.problems(target["expr"]):
                yield f"{panel.get('title')}: {problem}"


RULES: tuple[Rule, ...] = (
    titled,
    described,
    with_units,
    from_the_chosen_source,
    never_zero_for_nothing,
    with_thresholds,
    on_the_grid,
    refreshed,
    numbers_of_now,
    linked,
    asks_well,
)


def problems(board: Board) -> list[str]:
    """Everything that is wrong with a dashboard."""
    return [problem for rule in RULES for problem in rule(board)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Say what is wrong with dashboards; exit code 1 when anything is."""
    parser = argparse.ArgumentParser(prog="python -m grafana.lint", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a dashboard's JSON")
    found = 0
    for file in parser.parse_args(arguments).files:
        try:
            board = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            parser.error(f"{file}: not a dashboard's JSON: {error}")
        if not isinstance(board, dict) or "panels" not in board:
            parser.error(f"{file}: has no panels: give the JSON of a classic dashboard")
        for problem in problems(board):
            found += 1
            print(f"{file}: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
