"""The leaderboards in Redis: in which of them a rep stands, and with what score."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from streams.core.kpi_formulas import (
    Ratio,
    Value,
    connect_rate,
    contacts,
    conversion,
    csat,
    deals_net,
    dials,
    revenue_net,
)
from streams.core.snapshot import RepSnapshot, WindowName
from streams.core.tally import Tally

PERIODS: tuple[WindowName, ...] = ("today", "week", "month", "quarter", "year")

KPIS: Mapping[str, Callable[[Tally], Value]] = {
    "conversion": conversion,
    "connect_rate": connect_rate,
    "csat": csat,
    "contacts": contacts,
    "deals": deals_net,
    "dials": dials,
}
"""Leaderboard to its KPI; beside them there is `revenue:<currency>`."""


Ranks = dict[str, float]


def ranks_of(rep: RepSnapshot) -> Ranks:
    """Leaderboard (`<period>:<kpi>`) to the rep's score; without those where it has no value."""
    found: Ranks = {}
    for period in PERIODS:
        tally = rep.windows.get(period)
        if tally is None:
            continue
        for name, kpi in KPIS.items():
            value = kpi(tally)
            score = value.value if isinstance(value, Ratio) else value
            if score is not None:
                found[f"{period}:{name}"] = float(score)
        for currency in tally.money:
            found[f"{period}:revenue:{currency}"] = float(revenue_net(tally, currency))
    return found
