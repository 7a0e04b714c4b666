"""What another way of counting changes: KPIs of the floor, and the rep-days that moved most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import nlargest

from msgspec import Struct

from streams.core.calendar import date_of
from streams.core.kpi_formulas import Ratio, Value
from streams.core.kpis import KPIS, Unit, compute
from streams.core.lanes import unpack
from streams.core.rep_day import RepDay
from streams.core.tally import Tally, Total, tally

MOST = 10
"""Rep-days that are listed; the rest is counted."""

RepDays = Mapping[tuple[str, int], RepDay]


class KpiDifference(Struct, frozen=True):
    """A KPI of the whole floor over all days compared; `currency` of money only."""

    name: str
    label: str
    unit: Unit
    currency: str | None
    before: float | None
    after: float | None


class RepDayDifference(Struct, frozen=True):
    """A rep's local day: count or sum to (before, after), of those that differ.

    Money is `revenue_gross` and `revenue_reversed` with the currency behind it, minor units.
    """

    rep_id: str
    date: str
    changed: dict[str, tuple[int, int]]


class Differences(Struct, frozen=True):
    """`rep_days` compared, `differing` of them, the `most` changed first; `kpis` that differ."""

    first_date: str
    rep_days: int
    differing: int
    kpis: list[KpiDifference]
    same: list[str]
    """Labels of the KPIs that are the same in every currency."""
    most: list[RepDayDifference]


def differences(before: RepDays, after: RepDays, first_day: int) -> Differences:
    """Compare two states of the same events over the local days from `first_day` on."""
    names = {name for name in before.keys() | after.keys() if name[1] >= first_day}
    floor_before, floor_after = Total(), Total()
    changed: list[tuple[str, int, dict[str, tuple[int, int]]]] = []
    for name in sorted(names):
        one, other = _total(before, name), _total(after, name)
        floor_before.add(one)
        floor_after.add(other)
        if parts := _changed(one, other):
            changed.append((*name, parts))
    kpis = list(_kpis(tally(floor_before), tally(floor_after)))
    moved = {kpi.label for kpi in kpis if kpi.before != kpi.after}
    return Differences(
        first_date=date_of(min((day for _, day in names), default=0)).isoformat(),
        rep_days=len(names),
        differing=len(changed),
        kpis=[kpi for kpi in kpis if kpi.before != kpi.after],
        same=[label for label in dict.fromkeys(kpi.label for kpi in kpis) if label not in moved],
        most=[
            RepDayDifference(rep_id, date_of(day).isoformat(), parts)
            for rep_id, day, parts in nlargest(MOST, changed, key=_size)
        ],
    )


def _total(rep_days: RepDays, name: tuple[str, int]) -> Total:
    found = rep_days.get(name)
    return Total() if found is None else found.total()


def _changed(before: Total, after: Total) -> dict[str, tuple[int, int]]:
    if before == after:
        return {}
    one, other = unpack(before.cell), unpack(after.cell)
    parts = {name: (one[name], other[name]) for name in one if one[name] != other[name]}
    sides = tally(before), tally(after)
    for currency in sorted(sides[0].money.keys() | sides[1].money.keys()):
        for at, name in enumerate(("revenue_gross", "revenue_reversed")):
            pair = (sides[0].revenue(currency)[at], sides[1].revenue(currency)[at])
            if pair[0] != pair[1]:
                parts[f"{name} {currency}"] = pair
    return parts


def _size(change: tuple[str, int, dict[str, tuple[int, int]]]) -> tuple[int, float]:
    """How much a rep-day changed: in how many respects, then by how much of each."""
    parts = change[2]
    shares = (abs(a - b) / max(abs(a), abs(b)) for a, b in parts.values())
    return len(parts), sum(shares)


def _kpis(before: Tally, after: Tally) -> Iterable[KpiDifference]:
    currencies = (None, *sorted(before.money.keys() | after.money.keys()))
    for currency in currencies:
        sides = [compute(one, currency, window="year", over_reps=True) for one in (before, after)]
        for name in sides[0]:
            kpi = KPIS[name]
            values = [_number(side[name]) for side in sides]
            if kpi.adds_up:
                yield KpiDifference(name, kpi.label, kpi.unit, currency, *values)


def _number(value: Value) -> float | None:
    return value.value if isinstance(value, Ratio) else value
