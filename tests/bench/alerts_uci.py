"""The shipped alert detector and the rules of wallboards on real outcomes."""

from __future__ import annotations

import math
import os
from pathlib import Path
from statistics import mean, stdev

from rich.progress import track

from tests.bench.alert_trial import Shipped
from tests.bench.alerts import COLUMNS, rule_row
from tests.bench.report import Grid, Report
from tests.bench.uci_floor import FILE, SHORT, Backtest, backtest, false_alarms, read_outcomes

DEALINGS = 40
MANY = 400
"""Dealings for the false reds alone: forty leave them open by a quarter."""
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
    rate, error = _red_alone(reps, outcomes)
    days = next(iter(found.values())).rate.rep_days // (reps * DEALINGS)
    return Grid(
        f"alerts-uci: {len(outcomes):,} real calls dealt to {reps} virtual reps, {days} days "
        f"scored, {DEALINGS} dealings",
        COLUMNS,
        [rule_row(name, one.rate, one.delays) for name, one in found.items()],
        f"Goal of red: at most 1.2. Red alone in {MANY} dealings: {rate:.2f} ± {error:.2f}. All of "
        "them share the calls: the error is that of alarms far apart, and too small. One rep in "
        "each drops to half after two scored days.",
    )


def _red_alone(reps: int, outcomes: list[bool]) -> tuple[float, float]:
    """False reds per 1000 rep-days in many dealings, and their error from how dealings differ."""
    found = []
    for seed in track(range(MANY), description=f"{reps} reps, red alone", transient=True):
        (rate,) = false_alarms(outcomes, reps, seed, {"red": Shipped(SHORT)})
        found.append(1000 * rate.alarms / rate.rep_days)
    return mean(found), stdev(found) / math.sqrt(MANY)
