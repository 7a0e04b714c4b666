"""Deal events as the ledger keeps them: checked, normalised, small, comparable."""

from __future__ import annotations

import math

from msgspec import Struct, msgpack

from streams.core.errors import MalformedEvent
from streams.core.events import DealClosed, DealStatus, Op

WHOLE_BP = 10_000
"""All of a deal, in basis points."""
UNSPECIFIED = "unspecified"
"""Product of a deal that came without lines."""

Version = tuple[int, int, int]
"""(revision, timestamp in ms and offset of the origin record): which event of a deal this is."""


class DealEvent(Struct, array_like=True, frozen=True, gc=False):
    """An event of a deal, normalised; the array's order is the stored form, new fields go last.

    `lines` are (product, minor units) in the order they were sent and sum to `amount`; never empty.
    `credits` are (rep, team or None, basis points) sorted by rep, one per rep, and sum to 10,000.
    `reversed` is in minor units, None when the event does not state it.
    """

    revision: int
    origin_ts: int
    origin_offset: int
    op: Op
    status: DealStatus
    occurred_ms: int
    closed_ms: int
    currency: str
    amount: int
    reversed: int | None
    lines: tuple[tuple[str, int], ...]
    credits: tuple[tuple[str, str | None, int], ...]
    rep_id: str
    customer_id: str | None = None
    lead_id: str | None = None
    call_id: str | None = None
    is_new_customer: bool = False

    @property
    def version(self) -> Version:
        """What tells this event from the other ones of its deal, and their order."""
        return (self.revision, self.origin_ts, self.origin_offset)


def normalise(
    event: DealClosed, occurred_ms: int, closed_ms: int, origin_ts: int, origin_offset: int
) -> DealEvent:
    """The event as the ledger keeps it; times are ms UTC, the origin is that of the Kafka record.

    An absent revision becomes `occurred_ms`. A share becomes floor(share * 10,000 + 0.5) basis
    points; without credits the envelope's rep gets 10,000 under the envelope's team. Without lines
    the whole amount is product `unspecified`. MalformedEvent `credits` when the basis points do
    not sum to 10,000, `lines` when the lines do not sum to `amount_minor`.
    """
    return DealEvent(
        occurred_ms if event.revision is None else event.revision,
        origin_ts,
        origin_offset,
        event.op,
        event.status,
        occurred_ms,
        closed_ms,
        event.currency,
        event.amount_minor,
        event.reversed_minor,
        _lines(event),
        _credits(event),
        event.rep_id,
        event.customer_id,
        event.lead_id,
        event.call_id,
        event.is_new_customer,
    )


def _lines(event: DealClosed) -> tuple[tuple[str, int], ...]:
    if not event.lines:
        return ((UNSPECIFIED, event.amount_minor),)
    total = sum(line.amount_minor for line in event.lines)
    if total != event.amount_minor:
        what = f"the lines sum to {total}, amount_minor is {event.amount_minor}: make them equal"
        raise MalformedEvent(code="lines", path="$.lines", message=what)
    return tuple((line.product_id, line.amount_minor) for line in event.lines)


def _credits(event: DealClosed) -> tuple[tuple[str, str | None, int], ...]:
    """One credit per rep, sorted; a rep credited more than once keeps the first team stated."""
    if not event.credits:
        return ((event.rep_id, event.team_id, WHOLE_BP),)
    shares: dict[str, int] = {}
    teams: dict[str, str | None] = {}
    for credit in event.credits:
        rep = credit.rep_id
        shares[rep] = shares.get(rep, 0) + math.floor(credit.share * WHOLE_BP + 0.5)
        if teams.get(rep) is None:
            teams[rep] = credit.team_id
    total = sum(shares.values())
    if total != WHOLE_BP:
        what = (
            f"the shares, each rounded to 1/10,000, sum to {total}/10,000: "
            "send shares of at most 4 decimals that sum to 1"
        )
        raise MalformedEvent(code="credits", path="$.credits", message=what)
    return tuple((rep, teams[rep], shares[rep]) for rep in sorted(shares))


_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(DealEvent).decode


def encode_deal_event(event: DealEvent) -> bytes:
    """The event as msgpack, the form it is stored in."""
    return _encode(event)


def decode_deal_event(raw: bytes) -> DealEvent:
    """The event that `encode_deal_event` wrote; msgspec.DecodeError for anything else."""
    return _decode(raw)
