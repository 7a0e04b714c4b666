"""The dictionaries of the page: both say everything, and everything the page says is in them."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from sinks.wallboard.board_file import LANGUAGES, THEMES
from sinks.wallboard.pages import STATIC
from streams.core.alerts.book import EntryState, What
from streams.core.alerts.told import Why
from streams.core.board_health import NoticeKind
from streams.core.explain import Explained
from streams.core.kpis import KPIS
from streams.core.lanes import COUNTS
from streams.core.snapshot import WINDOWS

WORDS = {
    language: json.loads((STATIC / "lang" / f"{language}.json").read_text("utf-8"))
    for language in LANGUAGES
}
SCRIPTS = list(STATIC.glob("*.js"))


def test_there_is_one_dictionary_for_each_language() -> None:
    files = {path.stem for path in (STATIC / "lang").iterdir()}
    assert files == set(LANGUAGES)
    script = (STATIC / "words.js").read_text("utf-8")
    assert f"LANGUAGES = {list(LANGUAGES)}" in script


def test_both_have_the_same_keys_in_the_same_order() -> None:
    assert list(WORDS["en"]) == list(WORDS["zh"])


@pytest.mark.parametrize("key", WORDS["en"])
def test_both_fill_in_the_same_values(key: str) -> None:
    english, chinese = (set(re.findall(r"\{(\w+)\}", WORDS[one][key])) for one in LANGUAGES)
    assert english == chinese


def test_everything_the_page_says_is_in_the_dictionary() -> None:
    said = set()
    for path in SCRIPTS:
        said |= set(re.findall(r"\bt\('([\w.]+)'", path.read_text("utf-8")))
    assert len(said) > 60
    assert said - WORDS["en"].keys() == set()


def test_whatever_the_server_can_name_has_words() -> None:
    named = {f"kpi.{kpi}" for kpi in KPIS}
    named |= {f"window.{window}" for window in WINDOWS}
    named |= {f"theme.{theme}" for theme in THEMES}
    named |= {f"notice.{kind}" for kind in get_args(NoticeKind)}
    named |= {f"adds.{name}" for name in COUNTS if not name.startswith(("spare", "leads"))}
    named |= {f"alert.{state}" for state in get_args(EntryState)}
    named |= {f"life.{what}" for what in get_args(What)}
    named |= {f"reason.{why}" for why in get_args(Why) if why}
    named |= {f"event.{kind}" for kind in ("call", "deal", "survey", "visit")}
    assert named - WORDS["en"].keys() == set()
    assert "counts" in Explained.__struct_fields__


def test_the_page_knows_every_window_and_theme() -> None:
    script = (STATIC / "route.js").read_text("utf-8")
    (listed,) = re.findall(r"const WINDOWS = \[(.*?)\]", script)
    assert sorted(re.findall(r"'(\w+)'", listed)) == sorted(WINDOWS)
    assert f"THEMES = {list(THEMES)}" in script
