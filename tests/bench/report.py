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


def show(report: Report, console: Console) -> None:
    """Print a report."""
    table = Table(title=report.title, title_justify="left", caption=report.against)
    table.add_column("measured", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("goal", justify="right", style="dim")
    for figure in report.figures:
        table.add_row(*figure)
    busy = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    table.add_row("load of the machine, last minute", busy, style="dim")
    console.print(table)


def spread(values_ms: list[float]) -> str:
    """Median, 99th percentile and maximum of durations in milliseconds."""
    if not values_ms:
        return "nothing was measured"
    ordered = sorted(values_ms)
    last = len(ordered) - 1
    middle, late = ordered[last // 2], ordered[round(last * 0.99)]
    return f"p50 {middle:,.0f} ms, p99 {late:,.0f} ms, max {ordered[-1]:,.0f} ms"
