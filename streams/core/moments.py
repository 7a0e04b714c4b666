"""What a rep did at which instant: one pass over a day for every window that cuts through days."""

from __future__ import annotations

from streams.core.contribution import (
    AT_SHIFT,
    CALL,
    CONTACTS,
    DEAL,
    FACTS,
    KINDS,
    MOST_AT_MS,
    RETRACTED,
    cell_of,
    deal_part,
    facts_of,
)
from streams.core.lanes import CELL_OF_FLAGS, SHIFT
from streams.core.rep_day import RepDay
from streams.core.tally import Money

_GROSS, _REVERSED = SHIFT["deals_gross_bp"], SHIFT["deals_reversed_bp"]
_NEW_GROSS, _NEW_REVERSED = SHIFT["new_gross_bp"], SHIFT["new_reversed_bp"]
_ZERO = bytes(8)
_LOW_FLAGS = 23  # the byte of revision 0 that holds flags 0-7, `contacts` among them


class Moments:
    """A day taken apart.

    `recent` are (instant, cell, money or None) from `since_ms` on, unordered; `contacts` (instant,
    entity key) of all the day's contacts; `deals` (instant, gross, reversed) of all its deals, in
    1/10,000 of a deal; `newest_ms` the newest instant by kind.
    """

    __slots__ = ("contacts", "deals", "newest_ms", "recent")

    def __init__(self, rep_day: RepDay, since_ms: int) -> None:
        self.recent: list[tuple[int, int, Money | None]] = []
        self.contacts: list[tuple[int, bytes]] = []
        self.deals: list[tuple[int, int, int]] = []
        # Instants are compared as the bytes they are stored as: most lie before `since_ms` and are
        # none of the newest, so few have to be read.
        since = (min(max(0, since_ms), MOST_AT_MS) << AT_SHIFT).to_bytes(8, "big")
        newest = dict.fromkeys(KINDS, _ZERO)
        contacts, from_bytes = self.contacts, int.from_bytes
        for key, contribution in rep_day.entities.items():
            kind = key[0]
            if kind == DEAL:
                at = (self._deal(contribution, since_ms) << AT_SHIFT).to_bytes(8, "big")
            else:
                further = contribution[0]
                at = facts_of(contribution) if further else contribution[FACTS]
                if at >= since:
                    moment = (from_bytes(at, "big") >> AT_SHIFT, cell_of(key, contribution), None)
                    self.recent.append(moment)
                if kind == CALL and contribution[_LOW_FLAGS + further] & CONTACTS:
                    contacts.append((from_bytes(at, "big") >> AT_SHIFT, key))
            if at <= newest[kind]:
                continue
            newest[kind] = at
        self.newest_ms = {
            KINDS[kind]: from_bytes(at, "big") >> AT_SHIFT
            for kind, at in newest.items()
            if at > _ZERO
        }

    def _deal(self, contribution: bytes, since_ms: int) -> int:
        part = deal_part(contribution)
        newest = 0
        for at_ms, gross, back in ((c.at_ms, c.gross_bp, c.reversed_bp) for c in part.counts):
            newest = max(newest, at_ms)
            self.deals.append((at_ms, gross, back))
            if at_ms >= since_ms:
                cell = (gross << _GROSS) + (back << _REVERSED)
                if part.is_new_customer:
                    cell += (gross << _NEW_GROSS) + (back << _NEW_REVERSED)
                self.recent.append((at_ms, cell, None))
        for entry in part.entries:
            newest = max(newest, entry.at_ms)
            if entry.at_ms >= since_ms:
                money = {(part.currency, entry.product_id): (entry.gross, entry.reversed)}
                self.recent.append((entry.at_ms, 0, money))
        gone = part.retracted_at_ms
        if gone is not None and gone >= since_ms:
            self.recent.append((gone, CELL_OF_FLAGS[RETRACTED], None))
        return newest
