"""Every KPI a board can show: what it is called, its unit, its formula, which windows have it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

from msgspec import Struct

from streams.core import kpi_formulas as formula
from streams.core.kpi_formulas import Ratio, Value
from streams.core.snapshot import ADDITIVE_WINDOWS, WINDOWS, WindowName
from streams.core.tally import Tally

__all__ = ["KPIS", "Kpi", "Ratio", "Value", "compute"]

Unit = Literal["count", "deals", "ratio", "ms", "minor", "rating", "points"]
"""ratio: 0 to 1. minor: minor units of a currency. rating: 1 to 5. points: -100 to 100."""


class Kpi(Struct, frozen=True):
    """What a board must know of a KPI.

    `higher_is_better` is None where neither is. `windows` are those that can have it; `adds_up` is
    False when a team cannot. A function with `per_currency` takes the currency as second argument.
    """

    name: str
    label: str
    unit: Unit
    function: Callable[..., Value]
    higher_is_better: bool | None = True
    windows: tuple[WindowName, ...] = ADDITIVE_WINDOWS
    adds_up: bool = True
    per_currency: bool = False


_DAYS: tuple[WindowName, ...] = ("today", "week", "month", "quarter", "year")

KPIS: dict[str, Kpi] = {
    kpi.name: kpi
    for kpi in (
        Kpi("dials", "Dials", "count", formula.dials),
        Kpi("answered", "Answered", "count", formula.answered),
        Kpi("human_answered", "Answered by a person", "count", formula.human_answered),
        Kpi("contacts", "Contacts", "count", formula.contacts, windows=WINDOWS),
        Kpi("connect_rate", "Connect rate", "ratio", formula.connect_rate),
        Kpi("contact_rate", "Contact rate", "ratio", formula.contact_rate),
        Kpi(
            "short_call_share",
            "Short calls",
            "ratio",
            formula.short_call_share,
            higher_is_better=False,
        ),
        Kpi(
            "unknown_share",
            "Unknown who answered",
            "ratio",
            formula.unknown_share,
            higher_is_better=False,
        ),
        Kpi("aht_ms", "Handle time", "ms", formula.aht_ms, higher_is_better=None),
        Kpi("deals_net", "Deals", "deals", formula.deals_net, windows=WINDOWS),
        Kpi("deals_gross", "Deals, gross", "deals", formula.deals_gross, windows=WINDOWS),
        Kpi(
            "deals_reversed",
            "Deals reversed",
            "deals",
            formula.deals_reversed,
            higher_is_better=False,
            windows=WINDOWS,
        ),
        Kpi("new_customers", "New customers", "deals", formula.new_customers),
        Kpi("conversion", "Conversion", "ratio", formula.conversion, windows=WINDOWS),
        Kpi("conversion_per_dial", "Conversion per dial", "ratio", formula.conversion_per_dial),
        Kpi(
            "conversion_per_lead",
            "Conversion per lead",
            "ratio",
            formula.conversion_per_lead,
            windows=_DAYS,
            adds_up=False,
        ),
        Kpi("surveys", "Surveys", "count", formula.surveys),
        Kpi("csat", "CSAT", "ratio", formula.csat),
        Kpi("csat_rating", "Rating", "rating", formula.csat_rating),
        Kpi("nps", "NPS", "points", formula.nps),
        Kpi("visits", "Visits", "count", formula.visits),
        Kpi("retracted", "Retracted", "count", formula.retracted, higher_is_better=None),
        Kpi("revenue_net", "Revenue", "minor", formula.revenue_net, per_currency=True),
        Kpi("revenue_gross", "Revenue, gross", "minor", formula.revenue_gross, per_currency=True),
        Kpi(
            "revenue_reversed",
            "Revenue reversed",
            "minor",
            formula.revenue_reversed,
            higher_is_better=False,
            per_currency=True,
        ),
        Kpi("avg_deal", "Average deal", "minor", formula.avg_deal, per_currency=True),
    )
}
"""Every KPI by name, in the order boards show them."""


def compute(
    tally: Tally,
    currency: str | None = None,
    *,
    window: WindowName = "today",
    over_reps: bool = False,
    only: Collection[str] | None = None,
) -> dict[str, Value]:
    """The KPIs without a currency, or with `currency` those of that currency, by name.

    Every name, or of these those in `only`, is always there; None for what the window, or a sum
    `over_reps`, cannot have.
    """
    values: dict[str, Value] = {}
    for kpi in KPIS.values():
        if kpi.per_currency == (currency is not None) and (only is None or kpi.name in only):
            if window not in kpi.windows or (over_reps and not kpi.adds_up):
                values[kpi.name] = None
            else:
                values[kpi.name] = (
                    kpi.function(tally, currency) if currency else kpi.function(tally)
                )
    return values
