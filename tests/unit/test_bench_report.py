"""The table of side-by-side runs is Markdown, whatever stands in it."""

import io

from rich.console import Console

from tests.bench.peers.run import Sums
from tests.bench.report import Grid, show


def shown(rows: list[list[str]]) -> list[str]:
    """The lines of a grid's table on a narrow terminal."""
    out = io.StringIO()
    show(Grid("title", ["what", "per s", "counts"], rows, "notes"), Console(file=out, width=40))
    return [line for line in out.getvalue().splitlines() if line.startswith("|")]


def test_every_row_of_a_grid_is_one_line_with_every_column() -> None:
    lines = shown([["a name that is longer than others", "1,000", "right"], ["b", "2", "right"]])
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {4}


def test_the_reason_of_a_peer_that_is_not_there_is_shown_whole() -> None:
    reason = "not installed: no Java compiler (javac); install a JDK of 17 or newer"
    assert shown([["a peer", "", reason]])[-1].endswith(f"| {reason} |")


def test_counts_that_differ_in_one_field_are_never_called_right() -> None:
    right = Sums(10, 4, 900)
    assert right.verdict(right, whole=True) == "right"
    for wrong in (Sums(9, 4, 900), Sums(10, 5, 900), Sums(10, 4, 901)):
        assert wrong.verdict(right, whole=True).startswith("WRONG")


def test_of_a_part_of_the_topic_only_the_number_of_calls_is_judged() -> None:
    right = Sums(10, 4, 900)
    assert Sums(10, 1, 300).verdict(right, whole=False) == "calls right"
    assert Sums(11, 1, 300).verdict(right, whole=False).startswith("WRONG")
