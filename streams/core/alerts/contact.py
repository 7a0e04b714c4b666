"""Matured contacts: what the detector scores, and the 5-minute buckets they come in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from streams.core.calendar import MINUTE_MS

BUCKET_MS = 5 * MINUTE_MS

Rule = Literal["call_id", "lead", "customer", "latest"]
"""By which rule a deal was found to belong to a contact."""


class MaturedContact(Struct, array_like=True, frozen=True, gc=False, order=True):
    """A contact at the age at which it is scored; the array's order is the stored form and sorts.

    `at_ms` is the end of the call. `sale`: a deal that came within the grace period belongs to it,
    by `rule`. What comes later changes nothing: score and baseline see deals at the same age.
    `talk_s` is its talk time, whole seconds. `answered` are the rep's calls that a person answered,
    and `short` those of them that were over at once, from the contact before on, an hour at most,
    up to this one, itself included. `campaign` is its campaign, or its queue. An earlier release
    told none of these: `answered` is 0 then.
    """

    at_ms: int
    entity: str
    rep_id: str
    team_id: str
    sale: bool
    rule: Rule | Literal[""] = ""
    talk_s: int = 0
    answered: int = 0
    short: int = 0
    campaign: str = ""


class Bucket(Struct, frozen=True):
    """All matured contacts of a floor that ended in [number, number + 1) * 5 minutes.

    Their order is of no account.
    """

    number: int
    contacts: tuple[MaturedContact, ...]


def bucket_of(at_ms: int) -> int:
    """The number of the bucket an instant lies in."""
    return at_ms // BUCKET_MS


def due_ms(number: int, grace_ms: int) -> int:
    """The instant from which all contacts of a bucket have matured."""
    return (number + 1) * BUCKET_MS + grace_ms


def distinct(contacts: Iterable[MaturedContact]) -> tuple[list[MaturedContact], int]:
    """(contacts in the order of folding, one an entity; how many repeats were dropped).

    Of repeats that differ the one that sorts first counts, whichever came first.
    """
    ordered = sorted(contacts)
    kept: dict[tuple[str, str], MaturedContact] = {}
    for contact in ordered:
        kept.setdefault((contact.rep_id, contact.entity), contact)
    return list(kept.values()), len(ordered) - len(kept)
