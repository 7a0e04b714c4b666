"""Which contacts of a rep have come to the age at which they are scored, and which of them sold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from msgspec import structs

from streams.core.alerts.attribution import Candidate, Close, attribute
from streams.core.alerts.contact import MaturedContact, Rule, bucket_of, due_ms
from streams.core.alerts.settings import AlertSettings
from streams.core.behind_team import customer_mark
from streams.core.calendar import DAY_MS, HOUR_MS
from streams.core.contribution import (
    CALL,
    CONTACTS,
    DEAL,
    amounts,
    at_of,
    behind_team_of,
    deal_part,
    flags_of,
    lead_or_customer,
    parse_entity_key,
)
from streams.core.counting import HUMAN, SHORT
from streams.core.lanes import SHIFT
from streams.core.rep import Rep
from streams.core.rep_day import RepDay
from streams.core.scoreboard import Scoreboard
from streams.core.windows import UNASSIGNED

LONGEST_CALL_MS = 2 * HOUR_MS
"""So long before the end of its call a deal may have been closed."""

CALLS_BEFORE_MS = HOUR_MS
"""So long before the end of a contact the rep's other calls are told with it."""

_ANSWERED_LANE = 2**32 - 1 << SHIFT["human_answered"]
_CONTACTS_LANE = 2**32 - 1 << SHIFT["contacts"]
_GROSS_LANE = 2**64 - 1 << SHIFT["deals_gross_bp"]


class Span(NamedTuple):
    """The contacts that ended in [start_ms, end_ms), both bounds of 5-minute buckets."""

    start_ms: int
    end_ms: int


class Site(NamedTuple):
    """A site and its IANA time zone."""

    site_id: str
    zone: str


def first_span(board: Scoreboard, handed_on_ms: int, ripe_ms: int) -> Span | None:
    """What to hand on next, a day at most; None when nothing has come of age since.

    `handed_on_ms`: what ended before it was handed on, -1: nothing was. A partition without
    contacts has a span too, for the others wait for its word.
    """
    if ripe_ms <= handed_on_ms:
        return None
    # A local day lies between 14 hours before and 12 hours behind the UTC day of its number.
    first_ms = (min(board.oldest_day, board.newest_day) - 1) * DAY_MS
    end_ms = (board.newest_day + 2) * DAY_MS
    start_ms = max(handed_on_ms, first_ms)
    if board.newest_day < 0 or start_ms >= end_ms:
        return Span(ripe_ms, ripe_ms)  # there is nothing more
    # Never past midnight UTC: see `_sold`.
    return Span(start_ms, min(ripe_ms, _day(start_ms) + DAY_MS)) if start_ms < ripe_ms else None


def matured_of(
    board: Scoreboard, rep: Rep, span: Span, settings: AlertSettings
) -> Iterator[tuple[Site, MaturedContact]]:
    """The contacts of a rep in a span, each as it is at its due instant.

    A deal makes its contact a sale when it was closed before the contact was due, whether or not it
    was cancelled since. All histories must be loaded.
    """
    contacts = list(_contacts(board, rep, span))
    if not contacts:
        return
    sold = _sold(board, rep, span, settings)
    for at_ms, key, rep_day, answered, short in contacts:
        place = board.place(rep, at_ms)
        team = place.team_id if place.in_roster else rep_day.team()
        _, source, call_id = parse_entity_key(key)
        entity = f"{source}\x1f{call_id}"
        rule: Rule | Literal[""] = sold.get(entity) or ""
        held = rep_day.entities[key]
        contact = MaturedContact(
            at_ms,
            entity,
            rep.rep_id,
            team or UNASSIGNED,
            bool(rule),
            rule,
            amounts(held)[0] // 1000,
            answered,
            short,
            behind_team_of(held).campaign.decode(),
        )
        yield Site(place.site.id, place.site.zone.name), contact


class _Contact(NamedTuple):
    """A contact of a rep-day, and the answered and short calls from the one before on."""

    at_ms: int
    key: bytes
    rep_day: RepDay
    answered: int
    short: int


def _contacts(board: Scoreboard, rep: Rep, span: Span) -> Iterator[_Contact]:
    """The contacts of a rep in a span, in order; the same however a day is cut into spans."""
    start_ms, end_ms = span
    first_ms = start_ms - CALLS_BEFORE_MS
    calls = []
    for number, rep_day in enumerate(days_with(board, rep, first_ms, end_ms, _ANSWERED_LANE)):
        for key, held in rep_day.entities.items():
            if key[0] == CALL and (flags := flags_of(held)) & HUMAN:
                at_ms = at_of(held)
                if first_ms <= at_ms < end_ms:
                    calls.append((at_ms, key, number, flags, rep_day))
    calls.sort()
    since: list[tuple[int, int]] = []
    for at_ms, key, _, flags, rep_day in calls:
        since.append((at_ms, flags))
        if flags & CONTACTS:
            if at_ms >= start_ms:
                near = [f for at, f in since if at > at_ms - CALLS_BEFORE_MS]
                yield _Contact(at_ms, key, rep_day, len(near), sum(f & SHORT > 0 for f in near))
            since.clear()


def days_with(
    board: Scoreboard, rep: Rep, start_ms: int, end_ms: int, lanes: int
) -> Iterator[RepDay]:
    """The days that may hold instants of a span, and in whose totals one of the lanes is not 0.

    No lane of distinct leads: only a settled day has counted those, and nothing here waits for it.
    """
    first = board.place(rep, start_ms).site.zone.day_of(start_ms)
    last = board.place(rep, end_ms).site.zone.day_of(end_ms)
    for day in range(first, last + 1):
        held = rep.days.get(day)
        if held is None:
            total = rep.history.recent.get(day) or board.total(rep, day)
            if total is not None and total.cell & lanes:
                held = board.peek(rep, day)
        if held is not None and held.cell & lanes:
            yield held


def _within(rep_day: RepDay, start_ms: int, end_ms: int) -> Iterator[tuple[int, bytes]]:
    for key, contribution in rep_day.entities.items():
        if key[0] == CALL and flags_of(contribution) & CONTACTS:
            at_ms = at_of(contribution)
            if start_ms <= at_ms < end_ms:
                yield at_ms, key


def _day(at_ms: int) -> int:
    return at_ms // DAY_MS * DAY_MS


class _Deal(NamedTuple):
    closed_ms: int
    entity: bytes
    close: Close


def _sold(board: Scoreboard, rep: Rep, span: Span, settings: AlertSettings) -> dict[str, Rule]:
    """Entity to rule of the contacts in a span that sold before they were due.

    Which contact a deal belongs to depends on the deals before it, unless it names its call. So
    they are gone through in the order of their closes, from one attribution window before the day
    (UTC) on: the same ones however the day is cut into spans.
    """
    since_ms = _day(span.start_ms) - settings.window_ms
    until_ms = due_ms(bucket_of(span.end_ms - 1), settings.grace_ms)
    deals = sorted(_deals(board, rep, since_ms, until_ms))
    if not any(deal.closed_ms >= span.start_ms - LONGEST_CALL_MS for deal in deals):
        return {}  # all of them belong to calls before the span
    named = all(deal.close.call_id for deal in deals)
    # What lies further back may have to be read from the store.
    from_ms = span.start_ms if named else since_ms - settings.window_ms
    known = _candidates(board, rep, from_ms, until_ms)
    out: dict[str, Rule] = {}
    for deal in deals:
        found = attribute(deal.close, known.values(), settings.window_ms)
        if isinstance(found, str):
            continue
        one = known[found.entity]
        known[found.entity] = structs.replace(one, sold=True)
        inside = span.start_ms <= one.at_ms < span.end_ms
        if inside and deal.closed_ms < due_ms(bucket_of(one.at_ms), settings.grace_ms):
            out.setdefault(one.entity, found.rule)
    return out


def _deals(board: Scoreboard, rep: Rep, since_ms: int, until_ms: int) -> Iterator[_Deal]:
    """The deals whose contact this rep has, by their close; retracted ones never were."""
    seen: set[bytes] = set()
    for rep_day in days_with(board, rep, since_ms, until_ms, _GROSS_LANE):
        for key, contribution in rep_day.entities.items():
            if key[0] != DEAL or key in seen:
                continue
            part = deal_part(contribution)
            if not part.has_contact or part.retracted_at_ms is not None:
                continue
            # What was cancelled counts: whether that was known in time depends on when one looks,
            # and a history that is counted anew must give what was found live.
            closed = [count.at_ms for count in part.counts if count.gross_bp > 0]
            if not closed or not since_ms <= min(closed) < until_ms:
                continue
            seen.add(key)
            close = Close(
                min(closed), part.call_id or None, part.lead_id or None, part.customer_id or None
            )
            yield _Deal(close.closed_ms, key, close)


def _candidates(board: Scoreboard, rep: Rep, since_ms: int, until_ms: int) -> dict[str, Candidate]:
    out = {}
    for rep_day in days_with(board, rep, since_ms, until_ms, _CONTACTS_LANE):
        for at_ms, key in _within(rep_day, since_ms, until_ms):
            _, source, call_id = parse_entity_key(key)
            held = rep_day.entities[key]
            talk_ms, _, hold_ms = amounts(held)
            entity = f"{source}\x1f{call_id}"
            began_ms = at_ms - talk_ms - hold_ms
            lead, customer = lead_or_customer(held)
            mark = customer_mark(customer) if customer else behind_team_of(held).customer
            out[entity] = Candidate(entity, call_id, began_ms, at_ms, lead, mark)
    return out
