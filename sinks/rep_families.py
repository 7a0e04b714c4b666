"""The metric families of `/metrics/reps`: suffix, help text and where the value comes from.

Base units (seconds, never milliseconds) and ratios 0-1. Counts are exported beside the ratios, so
that PromQL can add numerators and denominators up over reps: an average of ratios is never right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import NamedTuple

from streams.core.kpi_formulas import Ratio, connect_rate, contact_rate, conversion, csat
from streams.core.tally import Tally

Value = float | int | None
"""A sample; None: there is none, as for a ratio without a denominator."""


class Family(NamedTuple):
    """One family over the tally of a window."""

    suffix: str
    help: str
    value: Callable[[Tally], Value]


def _over(field: str, scale: int) -> Callable[[Tally], Value]:
    amount: Callable[[Tally], int] = attrgetter(field)
    return lambda one: amount(one) / scale


def _deals(field: str) -> Callable[[Tally], Value]:
    return _over(field, 10_000)


def _ratio(formula: Callable[[Tally], Ratio]) -> Callable[[Tally], Value]:
    return lambda one: formula(one).value


def _seconds(field: str) -> Callable[[Tally], Value]:
    return _over(field, 1_000)


def _count(suffix: str, help_text: str, field: str | None = None) -> Family:
    return Family(suffix, help_text, attrgetter(field or suffix))


COUNTS: tuple[Family, ...] = (
    _count("dials", "Outbound calls"),
    _count("inbound_calls", "Inbound calls", "inbound"),
    _count("answered_calls", "Calls answered, by a human or not", "answered"),
    _count("human_answered_calls", "Calls answered by a human", "human_answered"),
    _count("human_answered_dials", "Outbound calls answered by a human", "human_answered_outbound"),
    _count("unknown_answered_calls", "Calls taken as human-answered, unproven", "human_unknown"),
    _count("contacts", "Contacts"),
    _count("outbound_contacts", "Contacts of outbound calls", "contacts_outbound"),
    _count("short_calls", "Human-answered calls with less than 10 seconds of talk"),
    _count("abandoned_calls", "Calls abandoned by the customer", "abandoned"),
    _count("dropped_calls", "Calls dropped by the dialer", "dropped"),
    Family("talk_seconds", "Talk time of human-answered calls", _seconds("talk_ms")),
    Family("hold_seconds", "Hold time of human-answered calls", _seconds("hold_ms")),
    Family("wrap_seconds", "Wrap-up time of human-answered calls", _seconds("wrap_ms")),
    _count("positive_dispositions", "Calls with a positive disposition", "positive"),
    _count("negative_dispositions", "Calls with a negative disposition", "negative"),
    _count("callbacks", "Calls that ended with a call-back agreed"),
    _count("unmapped_dispositions", "Calls whose disposition the plan does not map"),
    Family("deals_gross", "Deals closed", _deals("deals_gross_bp")),
    Family("deals_reversed", "Deals cancelled or refunded whole", _deals("deals_reversed_bp")),
    Family("new_customer_deals", "Net deals of new customers", _deals("new_net_bp")),
    _count("surveys", "Surveys submitted"),
    _count("csat_responses", "Satisfaction answers"),
    _count("csat_satisfied", "Satisfaction answers that say satisfied"),
    Family("csat_rating_points", "Ratings on 1-5, added up", _over("csat_rating_e4", 10_000)),
    _count("nps_promoters", "Answers of promoters"),
    _count("nps_passives", "Answers of passives"),
    _count("nps_detractors", "Answers of detractors"),
    _count("retracted_events", "Events taken back", "retracted"),
    Family("connect_ratio", "Human-answered dials / dials", _ratio(connect_rate)),
    Family("contact_ratio", "Outbound contacts / dials", _ratio(contact_rate)),
    Family("conversion_ratio", "Net deals / contacts", _ratio(conversion)),
    Family("csat_ratio", "Satisfied / satisfaction answers", _ratio(csat)),
)
"""For the window `today`."""

HOUR: tuple[Family, ...] = (
    _count("dials", "Outbound calls"),
    _count("contacts", "Contacts"),
    Family("deals_gross", "Deals closed", _deals("deals_gross_bp")),
    Family("deals_reversed", "Deals cancelled or refunded whole", _deals("deals_reversed_bp")),
)
"""For the trailing 60 minutes."""

REVENUE: tuple[tuple[str, str], ...] = (
    (
        "revenue_gross_minor_units",
        "Revenue closed on the local day so far, in minor units of the currency.",
    ),
    (
        "revenue_reversed_minor_units",
        "Revenue cancelled or refunded on the local day so far, in minor units of the currency.",
    ),
)
"""(suffix, help) of what `Tally.revenue` gives, with a label `currency`; for `today`."""


def names(level: str) -> Iterator[tuple[str, str]]:
    """(name, help) of the families of COUNTS, then of HOUR; `level` is rep or team."""
    for one in COUNTS:
        yield f"floorcast_{level}_today_{one.suffix}", f"{one.help}, on the local day so far."
    for one in HOUR:
        yield f"floorcast_{level}_trailing_60m_{one.suffix}", f"{one.help}, last 60 minutes."
