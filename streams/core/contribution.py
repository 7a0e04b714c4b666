"""Contributions: what one entity at one version adds to a rep on one local day.

A contribution is immutable bytes that start with its version, so of two contributions of an entity
the larger bytes are the later version, and merging is a comparison.

    call, survey, visit   revision u64 | origin timestamp ms u64 | origin offset u64
                          | instant ms u64 | flags u32 | three amounts u32
                          | lengths of lead and team u16 | lead | team
    deal                  number of events u64 | highest revision u64
                          | origin timestamp ms u64 | origin offset u64
                          | DealPart as msgpack

The three amounts are talk, hold and wrap ms of a call, and the rating in 1/10,000 of a survey. The
entity's key is a letter for its kind, the source, 0x1f and the id the source gave it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, msgpack

from streams.core.events import DealPosting, PostingCount, PostingEntry, SurveySubmitted
from streams.core.lanes import BIT, CELL_OF_FLAGS, SHIFT
from streams.core.tally import Money

CALL, DEAL, SURVEY, VISIT = 99, 100, 115, 118
"""First byte of an entity's key: c, d, s, v."""
KINDS = {CALL: "call", DEAL: "deal", SURVEY: "survey", VISIT: "visit"}

HEAD = struct.Struct(">QQQQIIIIHH")
VERSION = struct.Struct(">QQQ")
DEAL_VERSION = struct.Struct(">QQQQ")
_AT = slice(24, 32)
_LEAD_HIGH, _LEAD_LOW = 48, 49

CONTACTS, RETRACTED = BIT["contacts"], BIT["retracted"]
SHORT_CALL_MS = 10_000
"""A human answered call with less talk than this is no contact: a greeting, a hang-up or gaming."""

_HUMAN = BIT["human_answered"]
_NOT_CONTACT = ~(BIT["contacts"] | BIT["contacts_outbound"])
_RATING_SHIFT = SHIFT["csat_rating_e4"]
_HOLD_SHIFT, _WRAP_SHIFT = SHIFT["hold_ms"], SHIFT["wrap_ms"]
_GROSS, _REVERSED = SHIFT["deals_gross_bp"], SHIFT["deals_reversed_bp"]
_NEW_GROSS, _NEW_REVERSED = SHIFT["new_gross_bp"], SHIFT["new_reversed_bp"]

DISPOSITION_LANES = {
    "positive": "positive",
    "negative": "negative",
    "callback": "callbacks",
    "do_not_call": "do_not_call",
    "unworkable": "unworkable",
}
"""Flag of the plan to the count it adds to."""
_MAKES_CONTACT = frozenset({"contact", "positive", "negative"})


def entity_key(kind: int, source: str, entity_id: str) -> bytes:
    """The key of an entity; unambiguous, for a source holds no control characters."""
    return f"{chr(kind)}{source}\x1f{entity_id}".encode()


def parse_entity_key(key: bytes) -> tuple[str, str, str]:
    """(kind, source, id) of an entity's key."""
    source, entity_id = key[1:].decode().split("\x1f", 1)
    return KINDS[key[0]], source, entity_id


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
            flags |= _HUMAN | (BIT["human_answered_outbound"] if outbound else 0)
            if answered_by == "unknown":
                flags |= BIT["human_unknown"]
            if mapped is None or mapped & _MAKES_CONTACT:
                flags |= CONTACTS | (BIT["contacts_outbound"] if outbound else 0)
    elif result in ("abandoned", "dropped"):
        flags |= BIT[result]
    return flags


_POINT = 1000  # a point of a scale in 1/1,000
HUMAN = _HUMAN
SHORT = BIT["short_calls"]
NOT_CONTACT = _NOT_CONTACT


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


class DealPart(Struct, array_like=True):
    """What a deal adds to a rep on one local day: the body of a deal's contribution."""

    currency: str
    counts: list[PostingCount]
    entries: list[PostingEntry]
    is_new_customer: bool
    has_contact: bool
    retracted_at_ms: int | None
    team_id: str
    lead_id: str
    call_id: str
    customer_id: str


_encode = msgpack.Encoder().encode
_decode_part = msgpack.Decoder(DealPart).decode


def deal_contributions(
    posting: DealPosting,
    day_of: Callable[[int], int],
    origin_ms: int,
    origin_offset: int,
    keep_team: bool,
) -> Iterator[tuple[int, bytes]]:
    """(local day, contribution) of a posting, one for every day it names, empty ones included.

    `day_of` gives the rep's local day of an instant. `keep_team`: the rep is not in the roster, so
    the day's team may have to be taken from here.
    """
    days: dict[int, tuple[list[PostingCount], list[PostingEntry]]] = {}
    for count in posting.counts:
        days.setdefault(day_of(count.at_ms), ([], []))[0].append(count)
    for entry in posting.entries:
        days.setdefault(day_of(entry.at_ms), ([], []))[1].append(entry)
    gone = posting.retracted_at_ms
    gone_day = None if gone is None else day_of(gone)
    if gone_day is not None:
        days.setdefault(gone_day, ([], []))
    events, revision = posting.version
    head = DEAL_VERSION.pack(events, revision, origin_ms, origin_offset)
    for day, (counts, entries) in days.items():
        part = DealPart(
            posting.currency,
            [c for c in counts if c.gross_bp or c.reversed_bp],
            entries,
            posting.is_new_customer,
            posting.has_contact,
            gone if day == gone_day else None,
            (posting.team_id or "") if keep_team else "",
            posting.lead_id or "",
            posting.call_id or "",
            posting.customer_id or "",
        )
        yield day, head + _encode(part)


def deal_part(contribution: bytes) -> DealPart:
    """The body of a deal's contribution."""
    return _decode_part(contribution[DEAL_VERSION.size :])


def cut_deal(contribution: bytes, before_ms: int) -> bytes | None:
    """A deal's contribution with only what lies before an instant; None when nothing does."""
    part = deal_part(contribution)
    part.counts = [x for x in part.counts if x.at_ms < before_ms]
    part.entries = [x for x in part.entries if x.at_ms < before_ms]
    if part.retracted_at_ms is not None and part.retracted_at_ms >= before_ms:
        part.retracted_at_ms = None
    if not (part.counts or part.entries or part.retracted_at_ms is not None):
        return None
    return contribution[: DEAL_VERSION.size] + _encode(part)


def deal_amounts(part: DealPart) -> tuple[int, Money]:
    """(cell, money) that a deal's part adds to its day."""
    cell = 0
    for count in part.counts:
        cell += (count.gross_bp << _GROSS) + (count.reversed_bp << _REVERSED)
        if part.is_new_customer:
            cell += (count.gross_bp << _NEW_GROSS) + (count.reversed_bp << _NEW_REVERSED)
    if part.retracted_at_ms is not None:
        cell += CELL_OF_FLAGS[RETRACTED]
    money: Money = {}
    for entry in part.entries:
        key = (part.currency, entry.product_id)
        gross, back = money.get(key, (0, 0))
        money[key] = (gross + entry.gross, back + entry.reversed)
    return cell, money


def cell_of(key: bytes, contribution: bytes) -> int:
    """What a call's, survey's or visit's contribution adds to its day."""
    flags: int
    flags, a, b, c = HEAD.unpack_from(contribution)[4:8]
    added: int = (
        a + (b << _HOLD_SHIFT) + (c << _WRAP_SHIFT) if key[0] == CALL else a << _RATING_SHIFT
    )
    return CELL_OF_FLAGS[flags] + added


def at_of(contribution: bytes) -> int:
    """The instant of a call's, survey's or visit's contribution, UTC ms."""
    return int.from_bytes(contribution[_AT], "big")


def same_body(key: bytes, one: bytes, other: bytes) -> bool:
    """True when two contributions of an entity differ in their version at most."""
    start = DEAL_VERSION.size if key[0] == DEAL else VERSION.size
    return one[start:] == other[start:]


def lead_of(contribution: bytes) -> bytes:
    """The lead of a call's or visit's contribution; empty when it has none."""
    size = HEAD.unpack_from(contribution)[8]
    return contribution[HEAD.size : HEAD.size + size]


def count_leads(entities: Mapping[bytes, bytes]) -> int:
    """Distinct leads of the calls and visits that are not empty; key to contribution is given."""
    # Inline, without unpacking the head: this runs over a whole day each time the day has changed.
    start, high, low = HEAD.size, _LEAD_HIGH, _LEAD_LOW
    leads = {
        held[start : start + (held[high] << 8 | held[low])]
        for key, held in entities.items()
        if key[0] == CALL or key[0] == VISIT
    }
    return len(leads) - (b"" in leads)


Named = tuple[int, bytes, str]
"""(instant, entity key, team or empty) of a counted contribution."""


def latest_named(entities: Mapping[bytes, bytes]) -> Named:
    """The latest counted contribution, by (instant, entity key), with the team that it names."""
    latest: Named = (-1, b"", "")
    since = b""
    for key, contribution in entities.items():
        # Most are older than the latest so far, and need not be taken apart to see it.
        if key[0] == DEAL or contribution[_AT] >= since:
            found = named(key, contribution)
            if found is not None and found > latest:
                latest = found
                since = found[0].to_bytes(8, "big")
    return latest


def named(key: bytes, contribution: bytes) -> Named | None:
    """What one contribution says of the rep's team; None when it counts nothing."""
    if key[0] == DEAL:
        part = deal_part(contribution)
        instants = [x.at_ms for x in part.counts] + [x.at_ms for x in part.entries]
        return (max(instants), key, part.team_id) if instants else None
    _, _, _, at, flags, _, _, _, lead, team = HEAD.unpack_from(contribution)
    if flags & RETRACTED:
        return None
    start = HEAD.size + lead
    return at, key, contribution[start : start + team].decode()
