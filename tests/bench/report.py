"""What a benchmark has to say: figures with their goals, as a table."""

from __future__ import annotations

import os
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Figure(NamedTuple):
    """One line of a table; `goal` is printed beside the value and compared by nobody."""

    what: str
    value: str
    goal: str = ""


class Report(NamedTuple):
    """The figures of one benchmark; `against` says what the ratio was taken to."""

    title: str
    figures: list[Figure]
    against: str


class Grid(NamedTuple):
    """Several runs of a benchmark side by side, a row each, as long as `columns`."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    notes: str


def show(report: Report | Grid, console: Console) -> None:
    """Print a report; a grid as Markdown, to be put in a README as it is."""
    if isinstance(report, Grid):
        _show_grid(report, console)
        return
    table = Table(title=report.title, title_justify="left", caption=report.against)
    table.add_column("measured", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("goal", justify="right", style="dim")
    for figure in report.figures:
        table.add_row(*figure)
    table.add_row("load of the machine, last minute", _load(), style="dim")
    console.print(table)


def grid_lines(grid: Grid) -> list[str]:
    """The rows of a grid as Markdown."""
    cells = [grid.columns, *grid.rows]
    last = len(grid.columns) - 1
    # What stands in the last column is as long as it is: a reason does not widen the table.
    widths = [max(len(row[column]) for row in cells) for column in range(last)]
    lines = [_line(row, widths) for row in cells]
    lines.insert(1, "|---" + "|--:" * (last - 1) + "|---|")
    return lines


def _show_grid(grid: Grid, console: Console) -> None:
    # Never broken, however narrow the terminal: it would not be Markdown any more.
    console.print(
        "", grid.title, "", *grid_lines(grid), "", sep="\n", soft_wrap=True, highlight=False
    )
    notes = f"{grid.notes} Load of the machine, last minute: {_load()}."
    console.print(notes, "", sep="\n", highlight=False)


def _line(row: list[str], widths: list[int]) -> str:
    name, *values, last = row
    shown = (value.rjust(width) for value, width in zip(values, widths[1:], strict=True))
    return " | ".join([f"| {name.ljust(widths[0])}", *shown, f"{last} |"])


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def spread(values_ms: list[float]) -> str:
    """Median, 99th percentile and maximum of durations in milliseconds."""
    if not values_ms:
        return "nothing was measured"
    ordered = sorted(values_ms)
    last = len(ordered) - 1
    middle, late = ordered[last // 2], ordered[round(last * 0.99)]
    return f"p50 {middle:,.0f} ms, p99 {late:,.0f} ms, max {ordered[-1]:,.0f} ms"
