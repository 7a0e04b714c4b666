"""Whatever a worker may say when it stops itself is on the operators' page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy" / "stops.md").read_text("utf-8").replace("`", "")
LONG_ENOUGH = 7
"""Characters from which a piece of a message tells it from others."""


def test_every_line_that_ends_a_worker_is_explained() -> None:
    said = dict(messages())
    assert len(said) > 15
    missing = [
        f"{where}: {pieces}"
        for where, pieces in said.items()
        if not any(piece in PAGE for piece in pieces)
    ]
    assert missing == []


def messages() -> Iterator[tuple[str, list[str]]]:
    """Where a worker is ended, and the fixed pieces of what it says then."""
    for file in sorted((ROOT / "streams" / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("die", "stop_now") and (pieces := list(fixed(node.args[0]))):
                yield f"{file.name}:{node.lineno}", pieces


def fixed(message: ast.expr) -> Iterator[str]:
    """Every three words in a row of the constant pieces of a string; fewer where it has fewer."""
    for part in ast.walk(message):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            words = part.value.replace("`", "").split()
            length = min(3, len(words))
            windows = (words[at : at + length] for at in range(len(words) - length + 1))
            yield from (text for one in windows if len(text := " ".join(one)) >= LONG_ENOUGH)
