"""How the shipped alert detector keeps its promise on floors unlike the one it was set on.

The tables and pictures go into the supervisors' page, deploy/alerts.md, between its markers.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from streams.core.alerts.measured import Rate, delay_and_error, delay_words, late_error, quantile
from streams.core.alerts.picture import Bar, alone, bars
from streams.core.alerts.settings import AlertSettings
from tests.bench.alert_trial import Shipped, calm, dropping
from tests.bench.alert_world import World
from tests.bench.report import Grid, grid_lines

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE, PICTURES = DEPLOY / "alerts.md", DEPLOY / "pictures"
COLUMNS = ["floor", "false alarms per 1000 rep-days", "halved conversion: median contacts", "95 %"]
USUAL = World(reps=200, teams=8, days=220)


class _Kind(NamedTuple):
    """One table and one picture: floors by name, each differing from the usual one in a thing."""

    key: str
    title: str
    floors: dict[str, World]


KINDS = (
    _Kind(
        "teams",
        "By the size of the team",
        {
            f"teams of {200 // teams}": USUAL._replace(teams=teams)
            for teams in (50, 33, 20, 17, 8, 4, 1)
        },
    ),
    _Kind(
        "rates",
        "By what the floor sells: every rep alike",
        {
            f"{share} of 100 contacts": USUAL._replace(mean=share / 100, alike=True)
            for share in (2, 3, 5, 8, 11, 15)
        },
    ),
    _Kind(
        "events",
        "By what happens on the floor",
        {
            "nothing special": USUAL,
            "15 % of deals come after the grace period": USUAL._replace(late=0.15),
            "a campaign halves a team's conversion for 40 days": USUAL._replace(campaign=0.5),
            "holidays: floor closed 5 days of 60, reps on leave 15 of 120": USUAL._replace(
                holidays=True
            ),
            "every rep goes to another team every 60 days": USUAL._replace(moves=True),
            "every rep leaves after 150 days, a beginner comes": USUAL._replace(joins=True),
        },
    ),
)


class Measured(NamedTuple):
    """A floor by name: false alarms, and contacts from a halved conversion to red."""

    name: str
    rate: Rate
    delays: list[float]


def measure_alerts_sensitivity(full: bool) -> list[Grid]:
    """A table a kind of floor; `full` is four times as long. Writes the supervisors' page too."""
    grids = []
    for kind in KINDS:
        measured = [
            _measure(name, world._replace(days=1000 if full else world.days))
            for name, world in kind.floors.items()
        ]
        grids.append(Grid(kind.title, COLUMNS, [_row(one) for one in measured], _notes(measured)))
        _write_pictures(kind, measured)
    write_page(grids)
    return grids


def _measure(name: str, world: World) -> Measured:
    settings = AlertSettings()
    _, rates = calm(world, Shipped(settings))
    return Measured(name, rates[0], dropping(world, Shipped(settings)))


def _row(one: Measured) -> list[str]:
    late = delay_words(quantile(one.delays, 0.95))
    return [one.name, one.rate.words, delay_and_error(one.delays, 0.5), late]


def _notes(measured: list[Measured]) -> str:
    days = [one.rate.rep_days for one in measured]
    drops = [len(one.delays) for one in measured]
    return (
        f"Each floor: {_from_to(days)} rep-days without a drop, then {_from_to(drops)} drops; ± is "
        "the standard error."
    )


def _from_to(some: list[int]) -> str:
    low, high = min(some), max(some)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _write_pictures(kind: _Kind, measured: list[Measured]) -> None:
    PICTURES.mkdir(exist_ok=True)
    false = [
        Bar(one.name, one.rate.per_1000, 1000 * math.sqrt(one.rate.alarms) / one.rate.rep_days)
        for one in measured
        if one.rate.rep_days
    ]
    waits = [
        Bar(one.name, middle, late_error(one.delays, 0.5))
        for one in measured
        for middle in [quantile(one.delays, 0.5)]
        if math.isfinite(middle)
    ]
    false_title = "False alarms in 1000 working days of reps"
    wait_title = "Contacts until half of the halved conversions were found"
    for name, title, some in (("false", false_title, false), ("delay", wait_title, waits)):
        picture = alone(bars(f"{kind.title}: {title[0].lower()}{title[1:]}", some))
        (PICTURES / f"alerts-{kind.key}-{name}.svg").write_text(picture, encoding="utf-8")


def write_page(grids: list[Grid]) -> None:
    """Put each table between its markers in the page."""
    text = PAGE.read_text("utf-8")
    for kind, grid in zip(KINDS, grids, strict=True):
        begin, end = f"<!-- {kind.key}: begin -->", f"<!-- {kind.key}: end -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        table = "\n".join([begin, "", *grid_lines(grid), "", grid.notes, "", end])
        text = f"{before}{table}{after}"
    PAGE.write_text(text, encoding="utf-8")
