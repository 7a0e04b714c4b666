"""What a deal puts on each rep's books, at which instants: the two ways of dating reversals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from streams.core.deal_event import DealEvent
from streams.core.money import split
from streams.core.reversal import counts_as_reversed, reversal_after, reversed_minor

Parts = dict[tuple[str, str], tuple[int, int]]
"""(rep, product) to (gross, reversed), minor units."""


class Book:
    """What one deal puts on one rep's books.

    `money` is (instant, product) to [gross, reversed] in minor units, `counts` instant to [gross,
    reversed] in 1/10,000 of a deal; every number is >= 0.
    """

    __slots__ = ("counts", "money")

    def __init__(self) -> None:
        self.money: dict[tuple[int, str], list[int]] = {}
        self.counts: dict[int, list[int]] = {}

    def add_money(self, at_ms: int, product: str, gross: int, reversed_: int) -> None:
        """Add to what stands at this instant for this product."""
        both = self.money.setdefault((at_ms, product), [0, 0])
        both[0] += gross
        both[1] += reversed_

    def add_count(self, at_ms: int, gross_bp: int, reversed_bp: int) -> None:
        """Add to the deal counts at this instant."""
        both = self.counts.setdefault(at_ms, [0, 0])
        both[0] += gross_bp
        both[1] += reversed_bp


Books = defaultdict[str, Book]
"""Rep to book; a rep with nothing may be missing."""


def parts(deal: DealEvent, reversed_: int) -> Parts:
    """The deal's amount and `reversed_` minor units of reversal, split over reps and products.

    Each line's amount is split over the credits; the reversal is split over the lines by their
    amounts (all 0: the first line), then each line's part over the credits; every time by
    `money.split`. Lines of the same product are split one by one and summed.
    """
    if len(deal.lines) == 1 and len(deal.credits) == 1:  # the usual deal, several times as fast
        return {(deal.credits[0][0], deal.lines[0][0]): (deal.amount, reversed_)}
    weights = [bp for _, _, bp in deal.credits]
    back_of_lines = split(reversed_, [amount for _, amount in deal.lines])
    result: Parts = {}
    for (product, amount), back in zip(deal.lines, back_of_lines, strict=True):
        of_reps = zip(deal.credits, split(amount, weights), split(back, weights), strict=True)
        for (rep, _, _), gross_part, back_part in of_reps:
            gross_before, back_before = result.get((rep, product), (0, 0))
            result[rep, product] = (gross_before + gross_part, back_before + back_part)
    return result


def restate(deal: DealEvent, reversal: int) -> Books:
    """Everything at the deal's close as it is known now: amounts and counts, gross and reversed."""
    at_ms = deal.closed_ms
    books: Books = defaultdict(Book)
    out = counts_as_reversed(deal, reversal)
    for rep, _, bp in deal.credits:
        books[rep].add_count(at_ms, bp, bp if out else 0)
    for (rep, product), (gross, back) in parts(deal, reversed_minor(deal, reversal)).items():
        books[rep].add_money(at_ms, product, gross, back)
    return books


def contra(ordered: Iterable[DealEvent]) -> Books:
    """Each change on its own date; `ordered` are the deal's distinct events in their order.

    Retractions change nothing here. The first won or amended puts its gross parts and credits, as
    if nothing were reversed, at its closed_at. From that event on, itself included, the net
    parts per (rep, product) and the net count share per rep (the credit's basis points, 0 while the
    deal counts as reversed) after an event are compared with those before it: an increase is gross
    and a decrease is reversed, at the occurred_at of that event. A won or amended in another
    currency starts anew as the first one did, and what was put down before it goes.
    """
    books: Books = defaultdict(Book)
    deal: DealEvent | None = None
    reversal = 0
    nets: dict[tuple[str, str], int] = {}
    shares: dict[str, int] = {}
    for event in ordered:
        if event.op == "retract":
            continue
        reversal = reversal_after(reversal, event)
        if event.status in ("won", "amended"):
            starts = deal is None or deal.currency != event.currency
            deal = event
            if starts:
                books = restate(deal, 0)
                nets, shares = _net(deal, 0)
                if not reversal:
                    continue  # nothing to compare: the usual deal, won once
        if deal is None:
            continue
        nets_now, shares_now = _net(deal, reversal)
        for rep in shares.keys() | shares_now.keys():
            if change := shares_now.get(rep, 0) - shares.get(rep, 0):
                books[rep].add_count(event.occurred_ms, max(change, 0), max(-change, 0))
        for rep, product in nets.keys() | nets_now.keys():
            key = (rep, product)
            if change := nets_now.get(key, 0) - nets.get(key, 0):
                books[rep].add_money(event.occurred_ms, product, max(change, 0), max(-change, 0))
        nets, shares = nets_now, shares_now
    return books


def _net(deal: DealEvent, reversal: int) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """(net minor units per (rep, product), net basis points of the deal's count per rep)."""
    of_reps = parts(deal, reversed_minor(deal, reversal)).items()
    out = counts_as_reversed(deal, reversal)
    return (
        {key: gross - back for key, (gross, back) in of_reps},
        {rep: 0 if out else bp for rep, _, bp in deal.credits},
    )
