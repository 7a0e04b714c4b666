"""The numbers of today that floor, team and rep boards begin with, each with its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grafana_foundation_sdk.builders import stat

from grafana import queries as q
from grafana.links import PIPELINE, Link, to_board
from grafana.looks import COUNT, DEALS, HMS, SHARE, Query
from grafana.panels import numbers
from grafana.recording import MISSING

NO_CALLS = "no calls"
NO_SURVEYS = "no answers"
RATING = "none"
"""With both of its decimals."""

TODAY = "Today is the local date at each rep's site."


def headline(who: q.People, *, height: int = 5, links: Sequence[Link] = ()) -> Iterator[stat.Panel]:
    """Six tiles, three a row, and one that says whether anybody is missing from them."""
    yield numbers(
        "Conversion",
        f"Net deals per contact. Net deals are closed less cancelled or refunded. {TODAY}",
        [
            Query(q.conversion(who), "conversion", decimals=1),
            Query(q.net_deals(who), "net deals", DEALS),
            Query(who.count("today_contacts"), "contacts", COUNT),
        ],
        unit=SHARE,
        span=8,
        height=height,
        empty=NO_CALLS,
        links=links,
    )
    yield numbers(
        "Net revenue",
        "Revenue closed less cancelled or refunded, one number per currency, in whole units of "
        f"it; currencies are never added together. {TODAY}",
        [Query(q.revenue(who), "{{currency}}", decimals=0)],
        unit=COUNT,
        span=8,
        height=height,
        links=links,
    )
    yield numbers(
        "Customer satisfaction",
        f"Satisfied answers per satisfaction answer, and the mean rating rescaled to 1-5. {TODAY}",
        [
            Query(q.share(who, "csat_satisfied", "csat_responses"), "satisfied", decimals=1),
            Query(q.share(who, "csat_rating_points", "csat_responses"), "mean rating", RATING, 2),
            Query(who.count("today_csat_responses"), "answers", COUNT),
        ],
        unit=SHARE,
        span=8,
        height=height,
        empty=NO_SURVEYS,
        links=links,
    )
    yield numbers(
        "Connect rate",
        f"Outbound calls answered by a human per outbound call. {TODAY}",
        [
            Query(q.share(who, "human_answered_dials", "dials"), "connect rate", decimals=1),
            Query(who.count("today_human_answered_dials"), "human answered", COUNT),
            Query(who.count("today_dials"), "dials", COUNT),
        ],
        unit=SHARE,
        span=8,
        height=height,
        empty=NO_CALLS,
        links=links,
    )
    yield numbers(
        "Average handle time",
        f"Talk, hold and wrap-up time per call answered by a human. {TODAY}",
        [
            Query(q.handle_time(who), "handle time"),
            Query(who.count("today_human_answered_calls"), "human answered", COUNT),
        ],
        unit=HMS,
        span=8,
        height=height,
        empty=NO_CALLS,
        links=links,
    )
    yield numbers(
        "Deals",
        f"Deals closed, and deals cancelled or refunded whole. {TODAY}",
        [
            Query(who.count("today_deals_gross"), "closed"),
            Query(who.count("today_deals_reversed"), "reversed"),
            Query(who.count("today_new_customer_deals"), "new customers"),
        ],
        unit=DEALS,
        span=5,
        height=height,
        links=links,
    )
    yield numbers(
        "Partitions missing",
        "Partitions whose reps are missing from the numbers here, because a worker is away or "
        "reads its state back. While above 0 sums are too low; they come back whole.",
        [Query(MISSING, "partitions")],
        unit=COUNT,
        span=3,
        height=height,
        attention_at=1,
        links=[to_board(PIPELINE, "Pipeline board")],
    )
