"""Totals and tallies: what a window of a rep, a team or a floor adds up to.

A `Total` is the form states add in (one packed cell and money); a `Tally` is the same by name, the
form snapshots and boards carry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, structs

from streams.core.lanes import LANES, NAMES, unpack

Money = dict[tuple[str, str], tuple[int, int]]
"""(currency, product) to (gross, reversed), minor units."""


class Total(Struct, gc=False, eq=False):
    """A cell and the money beside it; additive.

    Without garbage collection, as everything a rep holds many of: no cycle can go through it, and
    a collection that visits them all would hold up the worker for a tenth of a second.
    """

    cell: int = 0
    money: Money = {}

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Total)
            and self.cell == other.cell
            and _nonzero(self.money) == _nonzero(other.money)
        )

    def __ne__(self, other: object) -> bool:
        # A struct answers this for itself, by identity, and not by `__eq__`.
        return not self == other

    __hash__ = None  # type: ignore[assignment] # mutable: must not be a dict key

    def __bool__(self) -> bool:
        return bool(self.cell) or any(g or r for g, r in self.money.values())

    def __repr__(self) -> str:
        lanes = {name: value for name, value in unpack(self.cell).items() if value}
        return f"Total({lanes}, {_nonzero(self.money)})"

    def copy(self) -> Total:
        """The same amounts in an object of their own."""
        return Total(self.cell, dict(self.money))

    def add(self, other: Total) -> None:
        """Add `other` to this."""
        self.cell += other.cell
        if other.money:
            add_money(self.money, other.money, 1)

    def take(self, other: Total) -> None:
        """Take away `other`, which must have been added before."""
        self.cell -= other.cell
        if other.money:
            add_money(self.money, other.money, -1)


def add_money(into: Money, other: Mapping[tuple[str, str], tuple[int, int]], sign: int) -> None:
    """Add (`sign` 1) or take away (-1) `other`; what comes to nothing is dropped."""
    for key, (gross, back) in other.items():
        have_gross, have_back = into.get(key, (0, 0))
        new = (have_gross + sign * gross, have_back + sign * back)
        if new == (0, 0):
            into.pop(key, None)
        else:
            into[key] = new


def _nonzero(money: Money) -> Money:
    return {key: pair for key, pair in money.items() if pair != (0, 0)}


class Tally(Struct, omit_defaults=True, gc=False):
    """A window's counts and sums by name, in the lanes' order; zeros are left out of the JSON.

    Durations in milliseconds; `*_bp` in 1/10,000 of a deal; `csat_rating_e4` is the sum of ratings
    rescaled to 1-5, in 1/10,000; `money` is currency -> product -> (gross, reversed), minor units.
    """

    talk_ms: int = 0
    hold_ms: int = 0
    wrap_ms: int = 0
    csat_rating_e4: int = 0
    deals_gross_bp: int = 0
    deals_reversed_bp: int = 0
    new_gross_bp: int = 0
    new_reversed_bp: int = 0
    dials: int = 0
    inbound: int = 0
    answered: int = 0
    human_answered: int = 0
    human_answered_outbound: int = 0
    human_unknown: int = 0
    contacts: int = 0
    contacts_outbound: int = 0
    short_calls: int = 0
    positive: int = 0
    negative: int = 0
    callbacks: int = 0
    do_not_call: int = 0
    unworkable: int = 0
    abandoned: int = 0
    dropped: int = 0
    unmapped_dispositions: int = 0
    surveys: int = 0
    csat_responses: int = 0
    csat_satisfied: int = 0
    nps_promoters: int = 0
    nps_passives: int = 0
    nps_detractors: int = 0
    retracted: int = 0
    visits: int = 0
    leads: int = 0
    money: dict[str, dict[str, tuple[int, int]]] = {}

    @property
    def deals_net_bp(self) -> int:
        """Gross less reversed deals, in 1/10,000; negative when more were reversed than closed."""
        return self.deals_gross_bp - self.deals_reversed_bp

    @property
    def new_net_bp(self) -> int:
        """Net deals of new customers, in 1/10,000."""
        return self.new_gross_bp - self.new_reversed_bp

    def revenue(self, currency: str) -> tuple[int, int, int]:
        """(gross, reversed, net) of a currency over all products, minor units."""
        pairs = self.money.get(currency, {}).values()
        gross, back = sum(g for g, _ in pairs), sum(r for _, r in pairs)
        return gross, back, gross - back


_FIELDS = tuple(f.name for f in structs.fields(Tally) if f.name != "money")
_by_position: Callable[..., Tally] = Tally
_SPARE = NAMES.index("spare_25")


def tally(total: Total) -> Tally:
    """The named form of a total."""
    money: dict[str, dict[str, tuple[int, int]]] = {}
    for (currency, product), pair in sorted(total.money.items()):
        if pair != (0, 0):
            money.setdefault(currency, {})[product] = pair
    if not total.cell:
        return Tally(money=money)
    # By position, without a dict of names: ten of these are made for every snapshot.
    values = LANES.unpack(total.cell.to_bytes(LANES.size, "little"))
    return _by_position(*values[:_SPARE], values[-1], money)


def add_tallies(tallies: Iterable[Tally]) -> Tally:
    """The sum over reps of their tallies; `leads` is 0: distinct things do not add over reps."""
    out = Tally()
    money: dict[str, dict[str, tuple[int, int]]] = {}
    for one in tallies:
        for name in _FIELDS:
            value = getattr(one, name)
            if value:
                setattr(out, name, getattr(out, name) + value)
        for currency, products in one.money.items():
            into = money.setdefault(currency, {})
            for product, (gross, back) in products.items():
                have = into.get(product, (0, 0))
                into[product] = (have[0] + gross, have[1] + back)
    out.leads = 0
    out.money = {c: dict(sorted(p.items())) for c, p in sorted(money.items())}
    return out
