"""What a team, or the floor, sells at a moment: hour-of-day profile x a level that fades."""

from __future__ import annotations

import struct

from msgspec import Struct, field

HOURS = 24
PROFILE_DAYS = 20
"""Working days of the group that its profile is made of."""
_FIRST_DAYS = 5
"""Days from which hours of the day are told apart: before, one lucky hour would be a profile."""
_PRIOR_SALES = 20.0
"""Sales of the profile above this one that every hour is mixed with."""
LEAST, MOST = 1e-4, 0.6
"""Bounds of an expected chance of a sale."""
_DAY = struct.Struct("<48I")


def _zeros() -> list[int]:
    return [0] * HOURS


class Group(Struct, array_like=True):
    """The rate of a team or of the floor; the array's order is the stored form.

    `sales` and `weight` are the level: sales, and contacts times profile, both fading. `ticks`
    counts the buckets with contacts, its clock: nights and holidays fade nothing. `past` are days,
    oldest first, each 24 times contacts and 24 times sales. `average` is their sales a contact, 0
    while there is no day.
    """

    sales: float = 0.0
    weight: float = 0.0
    ticks: int = 0
    contacts_today: list[int] = field(default_factory=_zeros)
    sales_today: list[int] = field(default_factory=_zeros)
    past: bytes = b""
    average: float = 0.0
    profile: list[float] = field(default_factory=lambda: [1.0] * HOURS)

    def add(self, hour: int, contacts: int, sales: int, fade: float) -> None:
        """Add the contacts of one bucket, in an hour of the local day; what was before fades."""
        self.ticks += 1
        self.sales = self.sales * fade + sales
        self.weight = self.weight * fade + contacts * self.profile[hour]
        self.contacts_today[hour] += contacts
        self.sales_today[hour] += sales

    def rate(self, hour: int, own_sales: float, own_weight: float) -> float:
        """Expected chance of a sale now, without a rep's own part of the level.

        Drawn to the average by one sale, so that an empty level says what is usual.
        """
        level = (self.sales - own_sales + 1.0) / (self.weight - own_weight + 1.0 / self.average)
        return min(max(self.profile[hour] * level, LEAST), MOST)

    def share_of_others(self, own_weight: float) -> float:
        """How much of the level is not a rep's own, with the one sale it is drawn by; 0 to 1."""
        if not self.average:
            return 1.0
        drawn = 1.0 / self.average
        return min((self.weight - own_weight + drawn) / (self.weight + drawn), 1.0)

    def close_day(self, above: Group | None) -> None:
        """End the day: average and profile over the days kept, hours drawn to those of `above`."""
        if any(self.contacts_today):
            day = _DAY.pack(*self.contacts_today, *self.sales_today)
            self.past = (self.past + day)[-PROFILE_DAYS * _DAY.size :]
            self.contacts_today, self.sales_today = _zeros(), _zeros()
        days = list(_DAY.iter_unpack(self.past))
        if not days:
            return
        sums = [sum(column) for column in zip(*days, strict=True)]
        contacts, sales = sums[:HOURS], sums[HOURS:]
        self.average = max(sum(sales) / sum(contacts), LEAST)
        if len(days) < _FIRST_DAYS:
            self.profile = [1.0] * HOURS if above is None else list(above.profile)
            return
        base = [1.0] * HOURS if above is None else above.profile
        expected = _PRIOR_SALES / self.average
        self.profile = [
            (sold + _PRIOR_SALES * usual) / (held + expected) / self.average
            for held, sold, usual in zip(contacts, sales, base, strict=True)
        ]
