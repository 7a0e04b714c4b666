"""The deal ledger: all distinct events of a deal, folded into what it adds to each rep.

The ledger keeps every distinct event of a deal, distinct by (revision, origin timestamp, origin
offset), and folds them in that order, so neither the order of arrival nor a repeat matters.

What a deal *is* (amount, currency, lines, credits, close, customer, lead, call, new customer) is
said by its latest won or amended; the other statuses only say how much of it is reversed (see
`reversal`). Before any won or amended the deal is worth nothing: all zeros, the rest from its
latest event.

A retraction counts only while it is the last event: the deal never was, all zeros, and the reps
whom that event credits have a retracted entity at its closed_at. An upsert behind it brings the
deal back as if there had been no retraction.

Every rep whom any event ever credited gets a posting, so one fold moves a deal from one rep to
another: zero for the one, the whole for the other, under one version.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from streams.core.books import Book, contra, restate
from streams.core.deal_event import (
    DealEvent,
    Version,
    decode_deal_event,
    encode_deal_event,
    normalise,
)
from streams.core.events import DealPosting, PostingCount, PostingEntry
from streams.core.reversal import reversal_after

__all__ = [
    "DealEvent",
    "Reversals",
    "decode_deal_event",
    "distinct",
    "encode_deal_event",
    "fold",
    "normalise",
]

Reversals = Literal["restate", "contra"]
"""Where reversals are put: on the deal's close, or each on the date it occurred."""


def distinct(events: Iterable[DealEvent]) -> list[DealEvent]:
    """The distinct events of a deal in their order: by (revision, origin timestamp, origin offset).

    Of unlike events under one version (two partitions, the same millisecond and offset) the one
    with the larger stored form is kept, so that the result never depends on the order of arrival.
    """
    kept: dict[Version, DealEvent] = {}
    for event in events:
        same = kept.setdefault(event.version, event)
        if same is not event and encode_deal_event(same) < encode_deal_event(event):
            kept[event.version] = event
    return [kept[version] for version in sorted(kept)]


def fold(
    source: str, deal_id: str, events: Iterable[DealEvent], mode: Reversals
) -> list[DealPosting]:
    """The postings of a deal, one for each rep any of its events credits, sorted by rep.

    version: (number of distinct events, highest revision). `counts` hold the closed_at and the
    occurred_at of every event, zeros included; `entries` only what is not zero, sorted by instant
    and product. has_contact: the rep with the largest share of the deal as it is now (ties: the
    lower rep_id) when it is not retracted. team_id: the one that the latest event crediting the rep
    states. `mode` restate puts everything on closed_at as known now, contra each change on its own
    date (see `books`). No events: no postings.
    """
    ordered = distinct(events)
    if not ordered:
        return []
    deal, reversal = _as_it_stands(ordered)
    last = ordered[-1]
    books: dict[str, Book] = {}
    retracted_reps: set[str] = set()
    contact_rep = None
    if last.op == "retract":
        retracted_reps = {rep for rep, _, _ in last.credits}
    elif deal is not None:
        books = restate(deal, reversal) if mode == "restate" else contra(ordered)
        # Credits are sorted by rep, and max() keeps the first of equals.
        contact_rep = max(deal.credits, key=_share)[0]
    said = last if deal is None else deal
    instants = sorted({at for event in ordered for at in (event.closed_ms, event.occurred_ms)})
    version = (len(ordered), last.revision)
    teams = _teams(ordered)
    return [
        DealPosting(
            source=source,
            deal_id=deal_id,
            rep_id=rep,
            version=version,
            currency=said.currency,
            closed_at_ms=said.closed_ms,
            entries=_entries(books.get(rep)),
            counts=_counts(books.get(rep), instants),
            has_contact=rep == contact_rep,
            is_new_customer=said.is_new_customer,
            retracted_at_ms=last.closed_ms if rep in retracted_reps else None,
            team_id=teams[rep],
            customer_id=said.customer_id,
            lead_id=said.lead_id,
            call_id=said.call_id,
        )
        for rep in sorted(teams)
    ]


def _as_it_stands(ordered: Iterable[DealEvent]) -> tuple[DealEvent | None, int]:
    """(the latest won or amended that is no retraction, the reversal that stands)."""
    deal: DealEvent | None = None
    reversal = 0
    for event in ordered:
        if event.op == "retract":
            continue
        reversal = reversal_after(reversal, event)
        if event.status in ("won", "amended"):
            deal = event
    return deal, reversal


def _teams(ordered: Iterable[DealEvent]) -> dict[str, str | None]:
    """Every rep ever credited, with the team last stated for them."""
    teams: dict[str, str | None] = {}
    for event in ordered:
        for rep, team, _ in event.credits:
            if team is not None or rep not in teams:
                teams[rep] = team
    return teams


def _share(credit: tuple[str, str | None, int]) -> int:
    return credit[2]


def _entries(book: Book | None) -> list[PostingEntry]:
    if book is None:
        return []
    return [
        PostingEntry(at_ms=at_ms, product_id=product, gross=gross, reversed=back)
        for (at_ms, product), (gross, back) in sorted(book.money.items())
        if gross or back
    ]


def _counts(book: Book | None, instants: list[int]) -> list[PostingCount]:
    counts = {} if book is None else book.counts
    pairs = [(at_ms, counts.get(at_ms, (0, 0))) for at_ms in instants]
    return [
        PostingCount(at_ms=at_ms, gross_bp=both[0], reversed_bp=both[1]) for at_ms, both in pairs
    ]
