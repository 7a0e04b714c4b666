"""The front door tells the truth: commands, settings, targets and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import json

from streams.cli.main import COMMANDS
from streams.cli.settings import settings_table
from streams.core.events import CallEnded

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
ROOMS = [path for path in ROOT.glob("*/**/README.md") if ".venv" not in path.parts]


def test_the_settings_table_is_the_settings() -> None:
    assert settings_table() in README


def test_every_command_named_exists() -> None:
    named = set(re.findall(r"(?:`|^)floorcast ([a-z-]+)", README, re.MULTILINE))
    assert named <= COMMANDS.keys()
    assert {"worker", "board", "totals", "explain", "audit", "resume"} <= named


def test_every_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_the_example_is_an_event() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert json.decode(example, type=CallEnded).rep_id == "r-0001"


@pytest.mark.parametrize(
    "room", [ROOT / "README.md", *ROOMS], ids=lambda room: str(room.parent.name)
)
def test_every_link_leads_somewhere(room: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", room.read_text("utf-8"))
    assert [link for link in links if not (room.parent / link).exists()] == []
