"""Is a rate above or below what is usual, or is it chance? What arrows on boards stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import sqrt
from typing import TYPE_CHECKING, Literal

from streams.core import kpi_formulas as formula
from streams.core.snapshot import WITHIN_A_DAY, WindowName
from streams.core.tally import Tally

if TYPE_CHECKING:
    from streams.core.board_row import Figure

Change = Literal["up", "down"]

LEAST_SAMPLE = 20
"""Denominator below which a rate is chance: no arrow, no rank, no colour."""
NOISE = 2.0
"""Standard errors within which a difference is chance: about one arrow in twenty is none."""
RATES = {
    "conversion": formula.conversion,
    "connect_rate": formula.connect_rate,
    "csat": formula.csat,
}
"""The rates that can have an arrow: those a floor is led by. Each costs on every row."""


_FIELDS = (
    "contacts",
    "deals_gross_bp",
    "deals_reversed_bp",
    "dials",
    "human_answered_outbound",
    "csat_responses",
    "csat_satisfied",
)


def add_usual(tallies: Iterable[Tally]) -> Tally:
    """The sum of several reps' usual, of what `RATES` are made of only."""
    out = Tally()
    for one in tallies:
        for name in _FIELDS:
            setattr(out, name, getattr(out, name) + getattr(one, name))
    return out


def changes(now: Mapping[str, Figure], usual: Tally, window: WindowName) -> dict[str, Change]:
    """The rates of a window that differ from what is usual by more than chance, and which way.

    Of windows within a day only: longer ones share days with what is usual.
    """
    if window not in WITHIN_A_DAY:
        return {}
    found: dict[str, Change] = {}
    for name, function in RATES.items():
        figure = now.get(name)
        if figure is None or not figure.den or figure.den < LEAST_SAMPLE:
            continue
        before = function(usual)
        change = _change(figure.num or 0, figure.den, before.numerator, before.denominator)
        if change is not None:
            found[name] = change
    return found


def _change(num: float, den: float, usual_num: float, usual_den: float) -> Change | None:
    """Two proportions side by side; deals are taken as so many trials that came true."""
    if usual_den < LEAST_SAMPLE:
        return None
    pooled = (num + usual_num) / (den + usual_den)
    spread = sqrt(max(pooled * (1 - pooled), 0.0) * (1 / den + 1 / usual_den))
    difference = num / den - usual_num / usual_den
    if abs(difference) <= NOISE * spread:
        return None
    return "up" if difference > 0 else "down"
