"""What a call or a survey counts as: its flags, and the rating of a survey."""

from __future__ import annotations

import math

from streams.core.events import SurveySubmitted
from streams.core.lanes import BIT

SHORT_CALL_MS = 10_000
"""A human answered call with less talk than this is no contact: a greeting, a hang-up or gaming."""

HUMAN = BIT["human_answered"]
NOT_CONTACT = ~(BIT["contacts"] | BIT["contacts_outbound"])
SHORT = BIT["short_calls"]

DISPOSITION_LANES = {
    "positive": "positive",
    "negative": "negative",
    "callback": "callbacks",
    "do_not_call": "do_not_call",
    "unworkable": "unworkable",
}
"""Flag of the plan to the count it adds to."""
_MAKES_CONTACT = frozenset({"contact", "positive", "negative"})


def call_flags(
    direction: str,
    result: str,
    answered_by: str,
    disposition: str | None,
    dispositions: dict[str, frozenset[str]],
) -> int:
    """The counts of a call, as if it were not short (see `SHORT_CALL_MS`).

    dials: outbound. answered: result answered. human_answered: answered, and not by machine or fax
    (unknown counts as human). contacts: human_answered and disposition absent, unmapped or mapped
    to contact, positive or negative.
    """
    outbound = direction == "outbound"
    flags = BIT["dials"] if outbound else BIT["inbound"]
    mapped = None if disposition is None else dispositions.get(disposition)
    if disposition is not None and mapped is None:
        flags |= BIT["unmapped_dispositions"]
    for flag in mapped or ():
        if flag in DISPOSITION_LANES:
            flags |= BIT[DISPOSITION_LANES[flag]]
    if result == "answered":
        flags |= BIT["answered"]
        if answered_by not in ("machine", "fax"):
            flags |= HUMAN | (BIT["human_answered_outbound"] if outbound else 0)
            if answered_by == "unknown":
                flags |= BIT["human_unknown"]
            if mapped is None or mapped & _MAKES_CONTACT:
                flags |= BIT["contacts"] | (BIT["contacts_outbound"] if outbound else 0)
    elif result in ("abandoned", "dropped"):
        flags |= BIT[result]
    return flags


_POINT = 1000  # a point of a scale in 1/1,000


def survey_amounts(event: SurveySubmitted) -> tuple[int, int]:
    """(flags, rating in 1/10,000) of a survey; scores and scales are taken in 1/1,000.

    csat: satisfied from `scale_max - 1` on a scale of at least 4 points, else at `scale_max`; the
    rating is rescaled to 1-5, halves rounded up. nps: only on a scale of 0-10, 9-10 promote, 0-6
    detract.
    """
    score, low, high = (
        math.floor(x * _POINT + 0.5) for x in (event.score, event.scale_min, event.scale_max)
    )
    flags = BIT["surveys"]
    if event.metric == "csat":
        flags |= BIT["csat_responses"]
        needed = high - _POINT if high - low >= 3 * _POINT else high
        if score >= needed:
            flags |= BIT["csat_satisfied"]
        width = high - low
        return flags, 10_000 + (2 * 40_000 * (score - low) + width) // (2 * width)
    if event.metric == "nps" and (low, high) == (0, 10 * _POINT):
        if score >= 9 * _POINT:
            flags |= BIT["nps_promoters"]
        else:
            flags |= BIT["nps_detractors"] if score <= 6 * _POINT else BIT["nps_passives"]
    return flags, 0
