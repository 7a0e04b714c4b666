"""What the workers serve on /metrics/reps, against a recount's days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from prometheus_client.parser import text_string_to_metric_families

from tests.chaos.redis_view import Difference, Windows

_CELLS = {
    "dials": ("dials", 1),
    "answered_calls": ("answered", 1),
    "human_answered_calls": ("human_answered", 1),
    "human_answered_dials": ("human_answered_outbound", 1),
    "contacts": ("contacts", 1),
    "outbound_contacts": ("contacts_outbound", 1),
    "short_calls": ("short_calls", 1),
    "talk_seconds": ("talk_ms", 1_000),
    "hold_seconds": ("hold_ms", 1_000),
    "wrap_seconds": ("wrap_ms", 1_000),
    "deals_gross": ("deals_gross", 10_000),
    "deals_reversed": ("deals_reversed", 10_000),
    "new_customer_deals": ("new_customers", 10_000),
    "surveys": ("surveys", 1),
    "csat_responses": ("csat_responses", 1),
    "csat_satisfied": ("csat_satisfied", 1),
    "csat_rating_points": ("csat_rating_sum", 10_000),
    "nps_promoters": ("nps_promoters", 1),
    "nps_passives": ("nps_passives", 1),
    "nps_detractors": ("nps_detractors", 1),
    "retracted_events": ("retracted", 1),
    "revenue_gross_minor_units": ("revenue_gross", 1),
    "revenue_reversed_minor_units": ("revenue_reversed", 1),
}
"""Family of the window `today`, without what all names begin with, to a cell and its scale."""
_PREFIX = "floorcast_rep_today_"

Page = dict[str, dict[str, int]]
"""Rep to cell to value, in the cell's own unit."""


def parse_page(text: str) -> Page:
    """The cells of every rep on a /metrics/reps."""
    reps: Page = {}
    for family in text_string_to_metric_families(text):
        for name, labels, value, *_ in family.samples:
            if name == "floorcast_rep_info":
                reps.setdefault(labels["rep"], {})
            elif name.startswith(_PREFIX) and (found := _CELLS.get(name.removeprefix(_PREFIX))):
                cell, scale = found
                if currency := labels.get("currency"):
                    cell = f"{cell} {currency}"
                reps.setdefault(labels["rep"], {})[cell] = round(value * scale)
    return reps


def compare_pages(
    pages: Mapping[str, Page], windows: Windows, today: Mapping[str, date]
) -> tuple[int, list[Difference]]:
    """(cells compared, those that differ); `today` is each rep's local date now."""
    cells = 0
    out: list[Difference] = []
    shown: dict[str, dict[str, int]] = {}
    for worker, page in pages.items():
        for rep, values in page.items():
            if rep in shown:
                out.append((rep, "today", "shown", "by one worker", f"by {worker} too"))
            shown[rep] = values
    for rep, day in today.items():
        if rep not in shown:
            out.append((rep, "today", "shown", "by one worker", "by none"))
            continue
        values = shown[rep]
        wanted = windows.day(rep, day)
        for cell in {cell for cell, _ in _CELLS.values() if "revenue" not in cell} | {
            cell for cell in wanted.keys() | values.keys() if cell.startswith("revenue")
        }:
            cells += 1
            if wanted.get(cell, 0) != values.get(cell, 0):
                pair = (wanted.get(cell, 0), values.get(cell, 0))
                out.append((rep, f"today, {day}", cell, *pair))
    return cells, out
