"""Tables of what happened, for the terminal and for RESULTS.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from streams.core.segment import STATE_VERSION
from tests.chaos.campaign import Tally
from tests.chaos.floor import Round

RESULTS = Path(__file__).with_name("RESULTS.md")
_SHOWN = 12


def show_round(console: Console, one: Round) -> None:
    """One line for a round, and what was wrong in it."""
    cells, differing = sum(one.result.cells.values()), sum(one.result.differing.values())
    slowest = max(one.recoveries_s, default=0.0)
    console.print(
        f"round {one.number}: {one.events:,} events, {sum(one.faults.values())} faults; "
        f"{cells:,} cells compared, {differing} differ; {one.stale} stale records landed; "
        f"quiet after {one.settled_s:.1f} s, slowest recovery {slowest:.1f} s"
    )
    for line in one.result.wrong[:_SHOWN]:
        console.print(f"  WRONG {line}", style="red", markup=False)


def show(console: Console, seed: int, tally: Tally) -> None:
    """Everything a campaign found."""
    table = Table(title=f"chaos, seed {seed}", box=None, show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    table.add_row("rounds", f"{tally.rounds}")
    table.add_row("events", f"{tally.events:,}: {_listed(tally.classes)}")
    table.add_row("faults", f"{sum(tally.faults.values())}: {_listed(tally.faults)}")
    table.add_row("passed over", _listed(tally.skipped) or "none")
    table.add_row("points hit", _listed(tally.points))
    table.add_row("workers' ends", f"{_listed(tally.exits)}; stores deleted by hand {tally.wipes}")
    table.add_row("last words", "\n".join(f"{n} x {w}" for w, n in tally.last_words.most_common()))
    table.add_row("stale records", f"{tally.stale:,} landed behind a later owner's")
    table.add_row("recovery", _times(tally.recoveries_s))
    table.add_row("quiet after", _times(tally.settled_s))
    table.add_row("redis right after", _times(tally.healed_s))
    table.add_row("redis versions", f"looked at {tally.looks:,} times")
    for place, cells in tally.cells.items():
        table.add_row(f"cells, {place}", f"{cells:,} compared, {tally.differing[place]} differ")
    table.add_row("wrong", f"{len(tally.wrong)}")
    console.print(table)
    for line in tally.wrong[:_SHOWN]:
        console.print(f"  WRONG {line}", style="red", markup=False)


def append_result(tally: Tally, seed: int, day: str) -> None:
    """Add a row to RESULTS.md."""
    cells, differing = sum(tally.cells.values()), sum(tally.differing.values())
    row = (
        day,
        seed,
        tally.rounds,
        f"{tally.events:,}",
        f"{sum(tally.faults.values())}: {_listed(tally.faults)}",
        f"{tally.stale:,}",
        f"{cells:,}",
        differing,
        len(tally.wrong),
        STATE_VERSION,
    )
    with RESULTS.open("a", encoding="utf-8") as results:
        results.write("| " + " | ".join(map(str, row)) + " |\n")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.most_common())


def _times(seconds: Iterable[float]) -> str:
    found = sorted(seconds)
    if not found:
        return "never"
    return f"median {found[len(found) // 2]:.1f} s, longest {found[-1]:.1f} s ({len(found)} times)"
