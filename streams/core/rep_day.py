"""A rep's local day: its contributions and their total, merged so that order cannot matter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from streams.core.contribution import (
    DEAL,
    Named,
    cell_of,
    count_leads,
    count_leads_only,
    deal_amounts,
    deal_part,
    latest_named,
    same_body,
)
from streams.core.lanes import BY_CUSTOMER, CELL_OF_FLAGS, SHIFT
from streams.core.segment import Group, split_segment
from streams.core.tally import Money, Total, add_money

Verdict = Literal["accepted", "revised", "duplicate"]
"""accepted: new. revised: replaced an older version. duplicate: changes no number (the same again,
or older than what is held)."""

UNWRITTEN, UNSETTLED = 1, 2
"""Marks of a day: has news for the changelog; has news for the rep's totals and boards."""
_BY_CUSTOMER = CELL_OF_FLAGS[BY_CUSTOMER] * (2**32 - 1)
_WITHOUT_LEADS = (1 << SHIFT["leads"]) - 1


class RepDay(Group):
    """Contributions of one rep on one local day; `cell` and `money` are their sum at any time.

    The lane of distinct leads is the exception: in `cell` it is what it was when last settled, so
    that a day at rest shares its numbers with its settled total.

    `settled` is the total that the rep's history holds for this day, None for none. `latest` is
    the latest counted contribution, None when nobody has looked since it may have changed.
    """

    __slots__ = ("cell", "latest", "mark", "money", "settled")

    def __init__(self) -> None:
        super().__init__()
        self.cell = 0
        self.money: Money = {}
        self.mark = 0
        self.settled: Total | None = None
        self.latest: Named | None = None

    def put(self, key: bytes, contribution: bytes) -> Verdict:
        """Merge a contribution that came as an event: the larger one of an entity holds."""
        verdict, changed = self._merge(key, contribution)
        if changed:
            self.enter(key, contribution)
        return verdict

    def merge(self, segment: bytes) -> None:
        """Merge a segment of the changelog; raises StateVersionMismatch."""
        for key, contribution in split_segment(segment):
            self._merge(key, contribution)
        self.settled = None

    def load(self, segments: Iterable[bytes], total: Total | None) -> None:
        """Fill an empty day from its stored segments; raises StateVersionMismatch.

        `total` is what was settled when they were written; None: nobody knows, so they are summed
        up. It makes a cold day cost a fifth.
        """
        if total is None:
            for segment in segments:
                self.merge(segment)
            self.settle()
            return
        entities = self.entities
        for segment in segments:
            for key, contribution in split_segment(segment):
                held = entities.get(key)
                if held is None or contribution > held:
                    entities[key] = contribution
        self.cell = total.cell
        self.money = total.money
        self.settled = total

    def _merge(self, key: bytes, contribution: bytes) -> tuple[Verdict, bool]:
        held = self.entities.get(key)
        self.latest = None
        if held is None:
            self.entities[key] = contribution
            self._add(key, contribution, 1)
            return "accepted", True
        if contribution <= held:
            return "duplicate", False
        # The later version is kept even when it says the same: it must win over one in between.
        self.entities[key] = contribution
        if same_body(key, contribution, held):
            return "duplicate", True
        self._add(key, held, -1)
        self._add(key, contribution, 1)
        return "revised", True

    def drop(self, key: bytes) -> None:
        """Take an entity out, if it is there; for readers only: an owner never forgets one."""
        held = self.entities.pop(key, None)
        if held is not None:
            self._add(key, held, -1)
            self.latest = None

    def _add(self, key: bytes, contribution: bytes, sign: int) -> None:
        if key[0] == DEAL:
            cell, money = deal_amounts(deal_part(contribution))
            self.cell += sign * cell
            # Totals that were given out hold the old one: see `total`.
            self.money = dict(self.money)
            add_money(self.money, money, sign)
        else:
            self.cell += sign * cell_of(key, contribution)

    def leads(self) -> int:
        """Distinct leads of the calls and visits that are not empty."""
        count = count_leads_only if self.cell & _BY_CUSTOMER else count_leads
        return count(self.entities)

    def total(self) -> Total:
        """The day's total, distinct leads included. Its money is shared: never add to it."""
        return Total((self.cell & _WITHOUT_LEADS) + (self.leads() << SHIFT["leads"]), self.money)

    def settle(self) -> Total:
        """Settle the day's total, and give it."""
        if self.mark & UNSETTLED or self.settled is None:
            self.settled = self.total()
            self.cell = self.settled.cell
            self.mark &= ~UNSETTLED
        return self.settled

    def team(self) -> str | None:
        """The team that the latest counted contribution names, by (instant, entity key).

        For reps that the roster does not have; None when nothing counts or names a team.
        """
        if self.latest is None:
            self.latest = latest_named(self.entities)
        return self.latest[2] or None
