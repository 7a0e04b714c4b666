"""The checked-in dashboards, read for tests, and their queries as Grafana sends them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from grafana.lint import Board, Panel, data_panels
from grafana.lint_queries import filled

__all__ = ["DASHBOARDS", "FOLDER", "ROOT", "Board", "Panel", "data_panels", "load", "sent"]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "grafana" / "dashboards"
DASHBOARDS = tuple(sorted(file.name for file in FOLDER.glob("*.json")))

ONE = {"team": "south", "rep": "r-3", "own_team": "south"}
"""What is chosen where only one can be: a rep of the small floor, and its team."""


def load(name: str) -> Board:
    """A dashboard as Grafana gets it."""
    board: Board = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return board


def sent(board: Board, expr: str, **chosen: str) -> str:
    """A query of a board with everything chosen where many can be, and `ONE` elsewhere."""
    values = dict(_first(board)) | chosen
    for name, value in values.items():
        expr = re.sub(rf"\$({name}\b|\{{{name}\}})", value, expr)
    return filled(expr)


def _first(board: Board) -> Iterator[tuple[str, str]]:
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            everything = variable.get("includeAll")
            yield variable["name"], ".*" if everything else ONE[variable["name"]]
