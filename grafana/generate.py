"""Writes the dashboards and the recording rules they ask: `python -m grafana.generate`.

`--check` compares only, with exit code 1 when something differs; `--page URL` says where
floorcast's own page is. A dashboard the linter finds fault with is not written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.alerts import alerts
from grafana.floor import floor
from grafana.links import PAGE
from grafana.lint import Board, problems
from grafana.pipeline import pipeline
from grafana.recording import document
from grafana.rep import rep
from grafana.team import team

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "grafana" / "dashboards"
RULES = ROOT / "deploy" / "prometheus" / "rules" / "floor.yml"
BOARDS: dict[str, Callable[[], Dashboard]] = {
    "floor.json": floor,
    "team.json": team,
    "rep.json": rep,
    "alerts.json": alerts,
    "pipeline.json": pipeline,
}


def dashboards(page: str = PAGE) -> dict[str, Board]:
    """File name to each dashboard as Grafana gets it."""
    built = {name: make().build() for name, make in BOARDS.items()}
    plain = {name: json.loads(JSONEncoder().encode(board)) for name, board in built.items()}
    return {name: _finished(board, page.rstrip("/")) for name, board in plain.items()}


def _finished(board: dict[str, Any], page: str) -> dict[str, Any]:
    """The library's JSON with panel ids, and without what Grafana 13 has no place for."""
    for number, panel in enumerate(board["panels"], 1):
        panel["id"] = number
        if panel["type"] == "table":
            del panel["options"]["footer"]
    for variable in board["templating"]["list"]:
        for interval_only in ("auto", "auto_count", "auto_min"):
            variable.pop(interval_only, None)
        if variable["name"] == "page":
            variable["query"] = page
    for link in board["links"]:
        # The library knows one place only, a menu; without it links stand in the open.
        del link["placement"]
    return board


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or compare what is there with what would be written."""
    parser = argparse.ArgumentParser(prog="python -m grafana.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; compare")
    parser.add_argument("--page", default=PAGE, help="base URL of floorcast's own page")
    given = parser.parse_args(arguments)
    if urlsplit(given.page).scheme not in {"http", "https"}:
        parser.error(f"--page {given.page}: give an address such as https://boards.example.com")
    boards = dashboards(given.page)
    faults = [f"{name}: {one}" for name, board in boards.items() for one in problems(board)]
    if faults:
        print("\n".join(faults))
        return 1
    files = {RULES: document()} | {
        FOLDER / name: json.dumps(board, indent=2, ensure_ascii=False) + "\n"
        for name, board in boards.items()
    }
    differing = 0
    for file, text in files.items():
        if not given.check:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            differing += 1
            print(f"{file.relative_to(ROOT)}: differs from the generator; run make dashboards")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
