"""Writes `grafana/dashboards/*.json`: `python -m grafana.generate`, or `--check` to compare only.

Exit code 1 when `--check` finds a difference.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.floor import floor
from grafana.pipeline import pipeline

FOLDER = Path(__file__).parent / "dashboards"


def documents() -> dict[str, str]:
    """File name to the text of each dashboard."""
    boards = {"floor.json": floor().build(), "pipeline.json": pipeline().build()}
    plain = {name: json.loads(JSONEncoder().encode(board)) for name, board in boards.items()}
    return {
        name: json.dumps(_finished(board), indent=2, ensure_ascii=False) + "\n"
        for name, board in plain.items()
    }


def _finished(board: dict[str, Any]) -> dict[str, Any]:
    """The library's JSON with panel ids, and without two things Grafana 13 has no place for."""
    for number, panel in enumerate(board["panels"], 1):
        panel["id"] = number
        if panel["type"] == "table":
            del panel["options"]["footer"]
    for variable in board["templating"]["list"]:
        for interval_only in ("auto", "auto_count", "auto_min"):
            variable.pop(interval_only, None)
    return board


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the dashboards, or compare what is there with what would be written."""
    parser = argparse.ArgumentParser(prog="python -m grafana.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    check = parser.parse_args(arguments).check
    differing = 0
    for name, text in documents().items():
        file = FOLDER / name
        if not check:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            differing += 1
            print(f"{name}: differs from the generator; run make dashboards")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
