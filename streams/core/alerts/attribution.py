"""To which contact a deal belongs, and by which rule that was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from streams.core.alerts.contact import Rule
from streams.core.behind_team import customer_mark

Miss = Literal["call_not_a_contact", "no_contact"]
"""Why a deal belongs to no contact: the call it names is none of the rep's, or there is none."""


class Candidate(Struct, frozen=True):
    """A contact of a rep that a deal may belong to; `sold`: a deal belongs to it already.

    `began_ms` to `at_ms` is the call, from its first ring to its end. `customer` is the
    `customer_mark` of its customer: a call is not kept with more than that.
    """

    entity: str
    call_id: str
    began_ms: int
    at_ms: int
    lead_id: str | None = None
    customer: int | None = None
    sold: bool = False


class Close(Struct, frozen=True):
    """What attribution needs of a deal: when it was closed, and the ids it has."""

    closed_ms: int
    call_id: str | None = None
    lead_id: str | None = None
    customer_id: str | None = None


class Attribution(Struct, frozen=True):
    """A deal belongs to the contact `entity`, found by `rule`."""

    entity: str
    rule: Rule


def owner(credits_: Sequence[tuple[str, str | None, int]]) -> str:
    """The rep who has the contact of a split deal: the largest share, of equals the lower rep_id.

    Credits are (rep, team, basis points), at least one.
    """
    return min(credits_, key=lambda credit: (-credit[2], credit[0]))[0]


def attribute(deal: Close, contacts: Iterable[Candidate], window_ms: int) -> Attribution | Miss:
    """The contact of the owner's `contacts` that a deal belongs to; their order is of no account.

    A deal that names its call belongs to that call, sold or not, or to none. Else to the latest
    contact with the same lead or customer that began before the close and ended no more than
    `window_ms` before it. Else to the latest contact without a sale that began before the close,
    within the same window. The latest is the greatest (at_ms, entity).
    """
    held = list(contacts)
    if deal.call_id is not None:
        called = [one for one in held if one.call_id == deal.call_id]
        return Attribution(_latest(called).entity, "call_id") if called else "call_not_a_contact"
    near = [
        one
        for one in held
        if one.began_ms <= deal.closed_ms and deal.closed_ms - one.at_ms <= window_ms
    ]
    customer = None if deal.customer_id is None else customer_mark(deal.customer_id)
    related = [
        one
        for one in near
        if _same_lead(one, deal) or (customer is not None and one.customer == customer)
    ]
    if related:
        found = _latest(related)
        return Attribution(found.entity, "lead" if _same_lead(found, deal) else "customer")
    unsold = [one for one in near if not one.sold]
    return Attribution(_latest(unsold).entity, "latest") if unsold else "no_contact"


def _same_lead(one: Candidate, deal: Close) -> bool:
    return deal.lead_id is not None and one.lead_id == deal.lead_id


def _latest(contacts: Iterable[Candidate]) -> Candidate:
    return max(contacts, key=lambda one: (one.at_ms, one.entity))
