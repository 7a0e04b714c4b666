"""Contributions: what one entity at one version adds to a rep on one local day.

A contribution is immutable bytes that start with its version, so of two contributions of an entity
the larger bytes are the later version, and merging is a comparison.

    call, survey, visit   revision | origin timestamp ms u44 | origin offset u44
                          | instant ms u44 | length of lead u10 | length of team u10 | flags u32
                          | lead | team | amounts u32, the last first, those before it when needed
    deal                  number of events | highest revision | the same origin
                          | DealPart as msgpack

The amounts are talk, wrap and hold ms of a call, and the rating in 1/10,000 of a survey. They stand
at the end as one number, talk in its lowest 32 bits, without leading zero words: most calls of a
dialer have none, few are ever held, and what is left out makes a rep-day a tenth smaller. How
revisions and numbers are written is said in `version`. A contact without a lead has its customer in
the lead's place, and more behind its team (see `behind_team`). The entity's key is a letter for its
kind, the source, 0x1f and the id the source gave it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct, msgpack

from streams.core.behind_team import BehindTeam, read_behind_team
from streams.core.events import DealPosting, PostingCount, PostingEntry
from streams.core.lanes import BIT, BY_CUSTOMER, CELL_OF_FLAGS, SHIFT
from streams.core.tally import Money
from streams.core.version import (
    ORIGIN_BYTES,
    number_bytes,
    origin_bytes,
    read_number,
    read_origin,
)

CALL, DEAL, SURVEY, VISIT = 99, 100, 115, 118
"""First byte of an entity's key: c, d, s, v."""
KINDS = {CALL: "call", DEAL: "deal", SURVEY: "survey", VISIT: "visit"}

FIRST_HEAD = struct.Struct(">QQQ")
"""Head of revision 0: 0 u8 | timestamp u44 | offset u44 | `facts_word` u64 | flags u32."""
FACTS = slice(12, 20)
"""Instant and lengths of revision 0, eight bytes: they order contributions by their instants."""
WORD = 2**32 - 1
MOST_AT_MS = 2**44 - 1
AT_SHIFT, LEAD_SHIFT, _LENGTH = 20, 10, 2**10 - 1

_FACTS_AT = FACTS.start  # further back by the bytes of a revision that is not 0
_FACTS_AND_FLAGS = struct.Struct(">QI")

CONTACTS, RETRACTED = BIT["contacts"], BIT["retracted"]

_RATING_SHIFT = SHIFT["csat_rating_e4"]
_HOLD_SHIFT, _WRAP_SHIFT = SHIFT["hold_ms"], SHIFT["wrap_ms"]
_GROSS, _REVERSED = SHIFT["deals_gross_bp"], SHIFT["deals_reversed_bp"]
_NEW_GROSS, _NEW_REVERSED = SHIFT["new_gross_bp"], SHIFT["new_reversed_bp"]


def entity_key(kind: int, source: str, entity_id: str) -> bytes:
    """The key of an entity; unambiguous, for a source holds no control characters."""
    return f"{chr(kind)}{source}\x1f{entity_id}".encode()


def parse_entity_key(key: bytes) -> tuple[str, str, str]:
    """(kind, source, id) of an entity's key."""
    source, entity_id = key[1:].decode().split("\x1f", 1)
    return KINDS[key[0]], source, entity_id


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
    origin = origin_bytes(origin_ms, origin_offset)
    head = number_bytes(events) + number_bytes(revision) + origin
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
    return _decode_part(contribution[_deal_body(contribution) :])


def deal_version(contribution: bytes) -> tuple[int, int]:
    """(number of events, highest revision) of a deal's contribution."""
    events, at = read_number(contribution)
    return events, read_number(contribution, at)[0]


def _deal_body(contribution: bytes) -> int:
    at = 1 + contribution[0]
    return at + 1 + contribution[at] + ORIGIN_BYTES


def cut_deal(contribution: bytes, before_ms: int) -> bytes | None:
    """A deal's contribution with only what lies before an instant; None when nothing does."""
    part = deal_part(contribution)
    part.counts = [x for x in part.counts if x.at_ms < before_ms]
    part.entries = [x for x in part.entries if x.at_ms < before_ms]
    if part.retracted_at_ms is not None and part.retracted_at_ms >= before_ms:
        part.retracted_at_ms = None
    if not (part.counts or part.entries or part.retracted_at_ms is not None):
        return None
    return contribution[: _deal_body(contribution)] + _encode(part)


@lru_cache(maxsize=4096)
def _money_key(currency: str, product_id: str) -> tuple[str, str]:
    """One object for each of the few pairs there are, instead of one in every rep-day."""
    return currency, product_id


def deal_instants(contribution: bytes) -> list[int]:
    """The instants at which a deal's contribution has amounts, or was retracted; UTC ms."""
    part = deal_part(contribution)
    gone = [] if part.retracted_at_ms is None else [part.retracted_at_ms]
    return [x.at_ms for x in part.counts] + [x.at_ms for x in part.entries] + gone


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
        key = _money_key(part.currency, entry.product_id)
        gross, back = money.get(key, (0, 0))
        money[key] = (gross + entry.gross, back + entry.reversed)
    return cell, money


def facts_word(at_ms: int, lead: bytes, team: bytes) -> int:
    """Instant and lengths as a head holds them; ids have at most 512 bytes."""
    return at_ms << AT_SHIFT | len(lead) << LEAD_SHIFT | len(team)


def call_head(revision: int, origin: bytes, facts: int, flags: int) -> bytes:
    """What a call's, survey's or visit's contribution begins with; see `origin_bytes`."""
    return number_bytes(revision) + origin + _FACTS_AND_FLAGS.pack(facts, flags)


def facts_of(contribution: bytes) -> bytes:
    """`facts_word` of a call's, survey's or visit's contribution."""
    at = _FACTS_AT + contribution[0]
    return contribution[at : at + 8]


def revision_of(contribution: bytes) -> int:
    """The revision of a call's, survey's or visit's contribution."""
    return read_number(contribution)[0]


def origin_of(key: bytes, contribution: bytes) -> tuple[int, int]:
    """(timestamp ms, offset) of the record a contribution came in first."""
    at = 1 + contribution[0]
    if key[0] == DEAL:
        at += 1 + contribution[at]
    return read_origin(contribution, at)


def _numbers(contribution: bytes) -> tuple[int, int, bytes]:
    """(facts, flags, amounts) of a call's, survey's or visit's contribution."""
    at = _FACTS_AT + contribution[0]
    word, flags = _FACTS_AND_FLAGS.unpack_from(contribution, at)
    return word, flags, contribution[at + 12 + (word >> LEAD_SHIFT & _LENGTH) + (word & _LENGTH) :]


def amounts(contribution: bytes) -> tuple[int, int, int]:
    """(talk or rating, wrap, hold) of a call's, survey's or visit's contribution."""
    number = int.from_bytes(_numbers(contribution)[2], "big")
    return number & WORD, number >> 32 & WORD, number >> 64


def cell_of(key: bytes, contribution: bytes) -> int:
    """What a call's, survey's or visit's contribution adds to its day."""
    _, flags, tail = _numbers(contribution)
    cell: int = CELL_OF_FLAGS[flags]
    if not tail:
        return cell
    number = int.from_bytes(tail, "big")
    if key[0] != CALL:
        return cell + (number << _RATING_SHIFT)
    wrap, hold = number >> 32 & WORD, number >> 64
    return cell + (number & WORD) + (wrap << _WRAP_SHIFT) + (hold << _HOLD_SHIFT)


def at_of(contribution: bytes) -> int:
    """The instant of a call's, survey's or visit's contribution, UTC ms."""
    return int.from_bytes(facts_of(contribution), "big") >> AT_SHIFT


def flags_of(contribution: bytes) -> int:
    """The flags of a call's, survey's or visit's contribution: the counts that it adds one to."""
    return _numbers(contribution)[1]


def same_body(key: bytes, one: bytes, other: bytes) -> bool:
    """True when two contributions of an entity differ in their version at most."""
    if key[0] == DEAL:
        return one[_deal_body(one) :] == other[_deal_body(other) :]
    return one[_FACTS_AT + one[0] :] == other[_FACTS_AT + other[0] :]


def lead_or_customer(contribution: bytes) -> tuple[str | None, str | None]:
    """(lead, customer) of a call's or visit's contribution; one of them at most."""
    found = lead_of(contribution).decode() or None
    return (None, found) if flags_of(contribution) & BY_CUSTOMER else (found, None)


def lead_of(contribution: bytes) -> bytes:
    """What stands in the lead's place of a call or visit; empty when nothing does."""
    at = _FACTS_AT + contribution[0]
    size = _FACTS_AND_FLAGS.unpack_from(contribution, at)[0] >> LEAD_SHIFT & _LENGTH
    return contribution[at + 12 : at + 12 + size]


def behind_team_of(contribution: bytes) -> BehindTeam:
    """What stands in the team's place of a call's, survey's or visit's contribution."""
    at = _FACTS_AT + contribution[0]
    word, flags = _FACTS_AND_FLAGS.unpack_from(contribution, at)
    start = at + 12 + (word >> LEAD_SHIFT & _LENGTH)
    return read_behind_team(contribution[start : start + (word & _LENGTH)], flags)


def count_leads_only(entities: Mapping[bytes, bytes]) -> int:
    """`count_leads` where some calls have their customer in the lead's place."""
    return count_leads(
        {
            key: held
            for key, held in entities.items()
            if key[0] != DEAL and not flags_of(held) & BY_CUSTOMER
        }
    )


def count_leads(entities: Mapping[bytes, bytes]) -> int:
    """Distinct leads of the calls and visits that are not empty; key to contribution is given."""
    # Inline, without unpacking the head: this runs over a whole day each time the day has changed.
    # Bytes 17 to 19 end with the lengths: of the lead bits 2 to 7 of one and 0 to 3 of the other.
    leads = {
        lead_of(held) if held[0] else held[24 : 24 + ((held[17] & 15) << 6 | held[18] >> 2)]
        for key, held in entities.items()
        if key[0] == CALL or key[0] == VISIT
    }
    return len(leads) - (b"" in leads)


Named = tuple[int, bytes, str]
"""(instant, entity key, team or empty) of a counted contribution."""


def latest_named(entities: dict[bytes, bytes]) -> Named:
    """The latest counted contribution, by (instant, entity key), with the team that it names."""
    latest: Named = (-1, b"", "")
    since = b""
    # From the last arrival back: it is mostly the latest, and none that is older than the latest so
    # far has to be taken apart.
    for key, contribution in reversed(entities.items()):
        if key[0] == DEAL or facts_of(contribution) >= since:
            found = named(key, contribution)
            if found is not None and found > latest:
                latest = found
                since = (found[0] << AT_SHIFT).to_bytes(8, "big")
    return latest


def named(key: bytes, contribution: bytes) -> Named | None:
    """What one contribution says of the rep's team; None when it counts nothing."""
    if key[0] == DEAL:
        part = deal_part(contribution)
        instants = [x.at_ms for x in part.counts] + [x.at_ms for x in part.entries]
        return (max(instants), key, part.team_id) if instants else None
    at = _FACTS_AT + contribution[0]
    word, flags = _FACTS_AND_FLAGS.unpack_from(contribution, at)
    if flags & RETRACTED:
        return None
    return word >> AT_SHIFT, key, behind_team_of(contribution).team.decode()
