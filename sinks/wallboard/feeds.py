"""Which topics a KPI is fed by: what makes its number old."""

from __future__ import annotations

from streams.core.kpis import KPIS

CALLS, DEALS, SURVEYS, VISITS = "call-ended", "deal-closed", "survey-submitted", "visit-logged"

_DEALS_ONLY = frozenset(
    {
        "deals_net",
        "deals_gross",
        "deals_reversed",
        "new_customers",
        "revenue_net",
        "revenue_gross",
        "revenue_reversed",
        "avg_deal",
    }
)
_SURVEYS_ONLY = frozenset({"surveys", "csat", "csat_rating", "nps"})


def feeds(kpi: str) -> tuple[str, ...]:
    """The topics without which a KPI stands still."""
    if kpi in _DEALS_ONLY:
        return (DEALS,)
    if kpi in _SURVEYS_ONLY:
        return (SURVEYS,)
    if kpi == "visits":
        return (VISITS,)
    if kpi.startswith("conversion"):
        return (CALLS, DEALS)
    return (CALLS,)


FEEDS = {kpi: feeds(kpi) for kpi in KPIS}
