"""The board file: a sensible default, and every fault in one go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sinks.wallboard
from sinks.wallboard.board_file import BoardFile, Threshold, parse_board_file
from sinks.wallboard.feeds import FEEDS
from streams.core.errors import SettingsError
from streams.core.kpis import KPIS

README = (Path(sinks.wallboard.__file__).parent / "README.md").read_text("utf-8")


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse_board_file(text)
    return list(caught.value.problems)


def test_an_empty_file_is_the_default() -> None:
    assert parse_board_file("") == BoardFile()


def test_the_example_of_the_readme_is_a_board_file() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    found = parse_board_file(example)
    assert found != BoardFile()
    assert found.tv.boards


def test_what_is_left_out_stays_as_it_is_by_default() -> None:
    found = parse_board_file('[team]\nsort = "conversion"\n')
    assert found.team.sort == "conversion"
    assert found.team.columns == BoardFile().team.columns
    assert found.floor == BoardFile().floor


def test_samples_and_thresholds_are_by_kpi() -> None:
    found = parse_board_file(
        "[minimum_sample]\ndefault = 30\ncsat = 5\n"
        "[thresholds.conversion]\namber = 0.05\nred = 0.03\n"
        "[thresholds.short_call_share]\namber = 0.2\n"
    )
    assert (found.least["csat"], found.least["conversion"]) == (5, 30)
    assert found.thresholds == {
        "conversion": Threshold(0.05, 0.03, True),
        "short_call_share": Threshold(0.2, None, False),
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[flor]\n", "flor: no such key; did you mean floor?"),
        ('[team]\ncolumns = ["convertion"]', "no such KPI; did you mean conversion?"),
        ('[team]\ncolumns = ["csat", "csat"]', "stands there more than once"),
        ('[team]\ncolumns = "csat"', "must be a list of at most"),
        (
            '[team]\nsort = "deal_net"',
            "team.sort = 'deal_net': no such KPI; did you mean deals_net?",
        ),
        ("[team]\nsort = 3", "must be the name of a KPI"),
        ("[minimum_sample]\ncsat = -1", "must be a whole number, 0 or more"),
        ("[minimum_sample]\ncsta = 1", "did you mean csat?"),
        ("[thresholds.conversion]\nred = 5", "must be from 0 to 1: 5 % is 0.05"),
        ("[thresholds.conversion]\nred = 0.2\namber = 0.1", "must be worse than amber = 0.1"),
        ("[thresholds.aht_ms]\nred = 9", "neither more nor less of it is better"),
        ("[thresholds.revenue_net]\nred = 9", "several currencies"),
        ("[thresholds]\nconversion = 1", "must be a table"),
        ("[thresholds.conversion]\nred = true", "must be a number"),
        ('[tv]\nboards = ["/flor"]', "must begin with one of /floor"),
        ('[tv]\nboards = ["/team/"]', "must begin with one of /floor"),
        ("[tv]\nseconds = 1", "must be a whole number from 5 to 300"),
        ("[tv]\nrows = 40", "must be a whole number from 1 to 14"),
        ('[page]\nlanguage = "de"', "no such language"),
        ('[page]\ntheme = "lite"', "did you mean light?"),
        ('[page]\ncelebrate = "yes"', "must be true or false"),
        ("[page", "not TOML"),
    ],
)
def test_a_fault_is_one_line_that_says_what_to_do(text: str, says: str) -> None:
    (line,) = problems(text)
    assert line.startswith("boards: ")
    assert says in line


def test_every_fault_is_told_at_once() -> None:
    found = problems('[floor]\nsort = "x"\n[tv]\nrows = 0\n[page]\ntheme = 1\n')
    assert len(found) == 3


def test_every_kpi_is_fed_by_something() -> None:
    assert FEEDS.keys() == KPIS.keys()
    assert all(FEEDS.values())
