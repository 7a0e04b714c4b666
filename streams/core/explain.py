"""The contributions behind a day's number, in words a person can check."""

from __future__ import annotations

from msgspec import Struct

from streams.core.contribution import (
    CALL,
    DEAL,
    amounts,
    at_of,
    behind_team_of,
    deal_amounts,
    deal_part,
    deal_version,
    flags_of,
    lead_or_customer,
    origin_of,
    parse_entity_key,
    revision_of,
)
from streams.core.lanes import BIT, NOT_COUNTS
from streams.core.rep_day import RepDay
from streams.core.tally import Total, tally


class Explained(Struct, kw_only=True, omit_defaults=True):
    """One contribution: what a call, survey, visit or deal adds to a rep's day.

    `revision` is the source's for calls, surveys and visits; of a deal it is the highest one, and
    `events` says of how many distinct events of the deal this is the outcome. Times are UTC ms.
    `counts` names every count that it adds one to; amounts are in the units of `Tally`.
    `campaign_id`, of a contact, is its campaign or its queue.
    """

    kind: str
    source: str
    id: str
    revision: int
    at_ms: int
    events: int = 1
    origin_ms: int = 0
    origin_offset: int = 0
    counts: list[str] = []
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_ms: int = 0
    rating_e4: int = 0
    deals_gross_bp: int = 0
    deals_reversed_bp: int = 0
    money: dict[str, dict[str, tuple[int, int]]] = {}
    lead_id: str = ""
    call_id: str = ""
    customer_id: str = ""
    campaign_id: str = ""


def explain(rep_day: RepDay) -> list[Explained]:
    """Every contribution of a day, by time; those that count nothing are there too."""
    rows = [_one(key, contribution) for key, contribution in rep_day.entities.items()]
    return sorted(rows, key=lambda row: (row.at_ms, row.kind, row.source, row.id))


def _one(key: bytes, contribution: bytes) -> Explained:
    if key[0] == DEAL:
        return _deal(key, contribution)
    kind, source, entity_id = parse_entity_key(key)
    stamp, offset = origin_of(key, contribution)
    flags = flags_of(contribution)
    lead, customer = lead_or_customer(contribution)
    call = key[0] == CALL
    a, wrap_ms, hold_ms = amounts(contribution)
    return Explained(
        kind=kind,
        source=source,
        id=entity_id,
        revision=revision_of(contribution),
        at_ms=at_of(contribution),
        origin_ms=stamp,
        origin_offset=offset,
        counts=[name for name, bit in BIT.items() if flags & bit & ~NOT_COUNTS],
        talk_ms=a if call else 0,
        hold_ms=hold_ms,
        wrap_ms=wrap_ms,
        rating_e4=0 if call else a,
        lead_id=lead or "",
        customer_id=customer or "",
        campaign_id=behind_team_of(contribution).campaign.decode(),
    )


def _deal(key: bytes, contribution: bytes) -> Explained:
    kind, source, entity_id = parse_entity_key(key)
    events, revision = deal_version(contribution)
    stamp, offset = origin_of(key, contribution)
    part = deal_part(contribution)
    cell, money = deal_amounts(part)
    added = tally(Total(cell, money))
    instants = [x.at_ms for x in part.counts] + [x.at_ms for x in part.entries]
    gone = part.retracted_at_ms
    return Explained(
        kind=kind,
        source=source,
        id=entity_id,
        revision=revision,
        at_ms=max(instants, default=gone or 0),
        events=events,
        origin_ms=stamp,
        origin_offset=offset,
        counts=["retracted"] if gone is not None else [],
        deals_gross_bp=added.deals_gross_bp,
        deals_reversed_bp=added.deals_reversed_bp,
        money=added.money,
        lead_id=part.lead_id,
        call_id=part.call_id,
        customer_id=part.customer_id,
    )
