"""The shipped alert detector and the rules of wallboards on real outcomes."""

from __future__ import annotations

import os
from pathlib import Path

from rich.progress import track

from tests.bench.alerts import COLUMNS, rule_row
from tests.bench.report import Grid, Report
from tests.bench.uci_floor import FILE, Backtest, backtest, read_outcomes

DEALINGS = 40
FLOORS = (10, 20)


def measure_alerts_uci() -> list[Report | Grid]:
    """A table for floors of 10 and of 20 virtual reps; else what is missing."""
    folder = Path(os.environ.get("FLOORCAST_REAL_DATA", ""))
    if not (folder / FILE).is_file():
        missing = f"the data is absent: set FLOORCAST_REAL_DATA to the folder with {FILE}"
        return [Report("alerts-uci: not run", [], missing)]
    outcomes = read_outcomes(folder)
    return [_table(reps, outcomes) for reps in FLOORS]


def _table(reps: int, outcomes: list[bool]) -> Grid:
    found: dict[str, Backtest] = {}
    for seed in track(range(DEALINGS), description=f"{reps} reps", transient=True):
        for name, one in backtest(outcomes, reps, seed).items():
            found[name] = found[name].and_also(one) if name in found else one
    days = next(iter(found.values())).rate.rep_days // (reps * DEALINGS)
    return Grid(
        f"alerts-uci: {len(outcomes):,} real calls dealt to {reps} virtual reps, {days} days "
        f"scored, {DEALINGS} dealings",
        COLUMNS,
        [rule_row(name, one.rate, one.delays) for name, one in found.items()],
        "Goal of red: at most 1.2. The dealings share the calls: the error is that of alarms far "
        "apart, and too small. One rep in each drops to half after two scored days.",
    )
