"""How much of a deal is reversed, after each of its events.

A reversal is an amount of minor units, or `ALL`: whatever the deal is worth, now and after any
amendment. An amount is never capped at the deal's own, so more may be refunded than was sold.
"""

from __future__ import annotations

from streams.core.deal_event import DealEvent

ALL = -1
"""The reversal that follows the deal's amount."""


def reversal_after(before: int, event: DealEvent) -> int:
    """The reversal that stands after an upsert; `before` is the one that stood, 0 at the start.

    cancelled: ALL. refunded: its reversed_minor; absent, ALL. reinstated: 0. won: its
    reversed_minor; absent, 0. amended: its reversed_minor; absent, as before.
    """
    status = event.status
    if status == "cancelled":
        return ALL
    if status == "reinstated":
        return 0
    if event.reversed is not None:
        return event.reversed
    if status == "refunded":
        return ALL
    return 0 if status == "won" else before


def reversed_minor(deal: DealEvent, reversal: int) -> int:
    """The reversal in minor units."""
    return deal.amount if reversal == ALL else reversal


def counts_as_reversed(deal: DealEvent, reversal: int) -> bool:
    """Whether it is reversed as a count: by ALL, or by an amount above 0 and at least its own."""
    return reversal == ALL or (reversal > 0 and reversal >= deal.amount)
