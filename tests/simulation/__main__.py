"""python -m tests.simulation: run simulated floors for a number of logical hours.

Exit code 0 when no schedule failed, 1 when one did. A failed schedule is run again, and alone, by
`--seed S --only N`; nothing of a schedule depends on the machine or on Python's hash seed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from streams.core.clock import SystemClock
from streams.core.segment import STATE_VERSION
from tests.simulation.run import Summary, simulate

RESULTS = Path(__file__).with_name("RESULTS.md")
SHOWN = 5
_EXAMPLE = """examples:
  python -m tests.simulation --hours 100 --seed 7
  python -m tests.simulation --seed 7 --only 12     the schedule 7.12 alone
"""
ROWS = (
    "events",
    "crashes",
    "pauses",
    "cut off",
    "graceful leaves",
    "rebalances asked for",
    "ended themselves",
    "stalled",
    "disks lost",
    "disks set back",
    "records compacted",
    "stale writes landed",
    "commits",
    "refused commits",
    "commits checked",
    "recoveries",
    "seeks back",
    "inputs resumed",
    "snapshots compared",
    "cells compared",
    "cells differing",
)


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments say; 0 when everything came to the recount."""
    options = _parse(arguments)
    console = Console(highlight=False)
    began_s = time.process_time()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} h"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(f"seed {options.seed}", total=options.hours)

        def progress(summary: Summary) -> None:
            bar.update(task, completed=min(summary.hours, options.hours))
            if summary.failed and summary.failed[-1].seed.endswith(f".{summary.schedules - 1}"):
                console.print(f"{summary.failed[-1].seed} failed")

        summary = simulate(options.hours, options.seed, progress, only=options.only)
    _show(console, summary, time.process_time() - began_s)
    if options.record:
        _record(summary, options.seed)
    return 1 if summary.failed else 0


def _show(console: Console, summary: Summary, cpu_s: float) -> None:
    table = Table(title="Simulation", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("number", justify="right")
    table.add_row("logical hours", f"{summary.hours:,}")
    table.add_row("schedules", f"{summary.schedules:,}")
    for name in ROWS:
        table.add_row(name, f"{summary.counts[name]:,}")
    table.add_row("schedules failed", f"{len(summary.failed):,}")
    table.add_row("CPU seconds an hour", f"{cpu_s / max(1, summary.hours):.2f}")
    console.print(table)
    for outcome in summary.failed:
        seed, number = outcome.seed.split(".")
        console.print(f"{outcome.seed} failed; again: --seed {seed} --only {number}", style="red")
        for finding in outcome.findings[:SHOWN]:
            console.print(f"  {finding}", markup=False)
        if len(outcome.findings) > SHOWN:
            console.print(f"  and {len(outcome.findings) - SHOWN} more")


def _record(summary: Summary, seed: int) -> None:
    """Add a row to RESULTS.md."""
    names = ("events", "crashes", "stale writes landed", "recoveries")
    counts = [f"{summary.counts[name]:,}" for name in (*names, "cells compared", "cells differing")]
    row = (
        datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC).date().isoformat(),
        seed,
        f"{summary.hours:,}",
        f"{summary.schedules:,}",
        *counts,
        len(summary.failed),
        STATE_VERSION,
    )
    with RESULTS.open("a", encoding="utf-8") as results:
        results.write("| " + " | ".join(map(str, row)) + " |\n")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description="Run floors of simulated workers, without Kafka, and compare with a recount.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hours", type=_count, default=24, help="logical hours (default: 24)")
    parser.add_argument("--seed", type=int, default=1, help="first part of every seed (default: 1)")
    parser.add_argument("--only", type=int, metavar="N", help="run schedule SEED.N alone")
    parser.add_argument("--record", action="store_true", help="add a row to RESULTS.md")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        message = f"`{text}`: give a whole number of hours from 1"
        raise argparse.ArgumentTypeError(message)
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
