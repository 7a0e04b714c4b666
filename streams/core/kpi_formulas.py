"""The formulas: one function per KPI, from a window's tally to a count or a ratio.

Ratios are ratios of sums and carry numerator and denominator; a zero denominator has no value.
Everything is net of retracted events.
"""

from __future__ import annotations

from msgspec import Struct

from streams.core.tally import Tally

WHOLE = 10_000
"""A whole deal, and 1 point of a rating, in the tally's units."""

Number = int | float


class Ratio(Struct, frozen=True, gc=False):
    """Exact numerator and denominator, and their quotient in the KPI's unit, rounded once.

    Deals and ratings in them have up to four decimals. `value` is None when `denominator` is 0.
    """

    numerator: Number
    denominator: Number
    value: float | None


Value = int | float | Ratio | None


def whole(units: int) -> Number:
    """1/10,000 as a number with up to four decimals, an int when it is whole."""
    return units / WHOLE if units % WHOLE else units // WHOLE


def ratio(numerator: int, denominator: int) -> Ratio:
    """The ratio of two whole numbers."""
    value = numerator / denominator if denominator else None
    return Ratio(numerator, denominator, value)


def _ratio_of_parts(units: int, denominator: int) -> Ratio:
    """The ratio of 1/10,000 to a whole number, with a single rounding."""
    value = units / (WHOLE * denominator) if denominator else None
    return Ratio(whole(units), denominator, value)


# -- calls


def dials(tally: Tally) -> int:
    """Outbound calls, answered or not; every redial counts."""
    return tally.dials


def answered(tally: Tally) -> int:
    """Calls with result answered, either direction; machines and faxes included."""
    return tally.answered


def human_answered(tally: Tally) -> int:
    """Answered calls not taken by a machine or fax, either direction; unknown counts as human."""
    return tally.human_answered


def contacts(tally: Tally) -> int:
    """Human answered calls with at least 10 s of talk whose disposition makes a contact.

    That is: mapped to contact, positive or negative, or absent, or not in the plan.
    """
    return tally.contacts


def connect_rate(tally: Tally) -> Ratio:
    """Outbound human answered calls / dials; inbound calls are in neither."""
    return ratio(tally.human_answered_outbound, tally.dials)


def contact_rate(tally: Tally) -> Ratio:
    """Outbound contacts / dials; inbound calls are in neither."""
    return ratio(tally.contacts_outbound, tally.dials)


def short_call_share(tally: Tally) -> Ratio:
    """Human answered calls with less than 10 s of talk / human answered calls."""
    return ratio(tally.short_calls, tally.human_answered)


def unknown_share(tally: Tally) -> Ratio:
    """Answered calls of which nobody said who answered / human answered calls, they included.

    How far connect_rate, contacts and conversion rest on the guess that unknown means human.
    """
    return ratio(tally.human_unknown, tally.human_answered)


def aht_ms(tally: Tally) -> Ratio:
    """(Talk + hold + wrap) / human answered calls, ms of wall-clock; other calls are in neither."""
    return ratio(tally.talk_ms + tally.hold_ms + tally.wrap_ms, tally.human_answered)


# -- deals


def deals_net(tally: Tally) -> Number:
    """Gross less reversed deals, each weighted by the rep's credit; negative is possible."""
    return whole(tally.deals_net_bp)


def deals_gross(tally: Tally) -> Number:
    """Deals won or amended, each weighted by the rep's credit; reversed ones are not taken off."""
    return whole(tally.deals_gross_bp)


def deals_reversed(tally: Tally) -> Number:
    """Deals cancelled or refunded in full, each weighted by the rep's credit.

    A refund in part reverses money only. With `reversals = "contra"`, credit that an amendment
    takes from a rep is here too.
    """
    return whole(tally.deals_reversed_bp)


def new_customers(tally: Tally) -> Number:
    """Net deals marked is_new_customer, each weighted by the rep's credit."""
    return whole(tally.new_net_bp)


def conversion(tally: Tally) -> Ratio:
    """Net deals / contacts; can exceed 1, for a deal needs no contact in the same window."""
    return _ratio_of_parts(tally.deals_net_bp, tally.contacts)


def conversion_per_dial(tally: Tally) -> Ratio:
    """Net deals / dials; deals from inbound calls are in the numerator too."""
    return _ratio_of_parts(tally.deals_net_bp, tally.dials)


def conversion_per_lead(tally: Tally) -> Ratio:
    """Net deals / distinct leads of calls and visits, counted per rep and local day.

    Longer windows add their days, so a lead called on two days counts twice. None in windows
    shorter than a day and for teams: distinct leads of several reps cannot be added.
    """
    return _ratio_of_parts(tally.deals_net_bp, tally.leads)


# -- money


def revenue_gross(tally: Tally, currency: str) -> int:
    """The amounts of won and amended deals in a currency, the rep's parts, minor units."""
    return tally.revenue(currency)[0]


def revenue_reversed(tally: Tally, currency: str) -> int:
    """What was cancelled or refunded, in full or in part, in a currency, minor units."""
    return tally.revenue(currency)[1]


def revenue_net(tally: Tally, currency: str) -> int:
    """Gross less reversed amounts in a currency, minor units."""
    return tally.revenue(currency)[2]


def avg_deal(tally: Tally, currency: str) -> Ratio | None:
    """Net revenue / net deals, minor units.

    None when the window has several currencies: deals are not counted per currency.
    """
    if tally.money.keys() - {currency}:
        return None
    net, deals = tally.revenue(currency)[2], tally.deals_net_bp
    return Ratio(net, whole(deals), net * WHOLE / deals if deals else None)


# -- satisfaction and the rest


def surveys(tally: Tally) -> int:
    """Survey responses of every metric."""
    return tally.surveys


def csat(tally: Tally) -> Ratio:
    """Satisfied / csat responses.

    Satisfied is a score from scale_max - 1 on a scale of four or more points, else scale_max.
    """
    return ratio(tally.csat_satisfied, tally.csat_responses)


def csat_rating(tally: Tally) -> Ratio:
    """The mean score of csat responses, each rescaled from its own scale to 1 to 5."""
    return _ratio_of_parts(tally.csat_rating_e4, tally.csat_responses)


def nps(tally: Tally) -> Ratio:
    """100 * (promoters - detractors) / nps responses, -100 to 100.

    Promoters gave 9 or 10, detractors 0 to 6; responses on other scales are in neither.
    """
    difference = tally.nps_promoters - tally.nps_detractors
    responses = tally.nps_promoters + tally.nps_passives + tally.nps_detractors
    return Ratio(difference, responses, 100 * difference / responses if responses else None)


def visits(tally: Tally) -> int:
    """Visits logged."""
    return tally.visits


def retracted(tally: Tally) -> int:
    """Calls, deals, surveys and visits that their source took back; they count nowhere else."""
    return tally.retracted
