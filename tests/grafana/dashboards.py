"""The checked-in dashboards, read for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "grafana" / "dashboards"
DASHBOARDS = tuple(sorted(file.name for file in FOLDER.glob("*.json")))

Board = dict[str, Any]


def load(name: str) -> Board:
    """A dashboard as Grafana gets it."""
    board: Board = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return board
