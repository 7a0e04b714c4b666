"""Lines of a board: a rep's figures in a window, and what reps add up to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from streams.core.change import Change, changes
from streams.core.day_line import DayLine
from streams.core.kpis import Ratio, Value, compute
from streams.core.snapshot import RepSnapshot, WindowName
from streams.core.tally import Tally

Number = int | float


class Figure(Struct, frozen=True, omit_defaults=True, gc=False):
    """A KPI's value, None for none; `num` and `den` are there when it is a ratio."""

    value: Number | None
    num: Number | None = None
    den: Number | None = None


Figures = dict[str, Figure]


class Row(Struct, frozen=True, omit_defaults=True):
    """A rep's line; `money` is currency to figures in minor units.

    `stale`: its date is over in the rep's zone and no newer snapshot came, so that windows within a
    day are out of the sums. `line` is its date by half hours, `changes` the rates that differ from
    the rep's working days before by more than chance.
    """

    rep_id: str
    team_id: str
    site: str
    date: str
    kpis: Figures
    money: dict[str, Figures]
    name: str | None = None
    stale: bool = False
    line: DayLine | None = None
    changes: dict[str, Change] = {}


class Sum(Struct, frozen=True, omit_defaults=True):
    """What `reps` reps add up to; `id` is the team's, absent for the floor.

    `line` and `changes` are as a row's, over the reps that are in it today.
    """

    reps: int
    kpis: Figures
    money: dict[str, Figures]
    id: str | None = None
    name: str | None = None
    line: DayLine | None = None
    changes: dict[str, Change] = {}


def rep_row(
    snapshot: RepSnapshot,
    window: WindowName,
    *,
    stale: bool = False,
    only: Collection[str] | None = None,
) -> Row:
    """A rep's line in a window that its snapshot has."""
    kpis, money = figures(snapshot.windows[window], window, only=only)
    usual = snapshot.usual
    return Row(
        rep_id=snapshot.rep_id,
        team_id=snapshot.team_id,
        site=snapshot.site,
        date=snapshot.date,
        kpis=kpis,
        money=money,
        name=snapshot.name,
        stale=stale,
        line=snapshot.line,
        changes={} if usual is None else changes(kpis, usual.tally, window),
    )


def figures(
    tally: Tally,
    window: WindowName,
    *,
    over_reps: bool = False,
    only: Collection[str] | None = None,
) -> tuple[Figures, dict[str, Figures]]:
    """(KPIs by name, KPIs of money by currency and name) of a tally, of those in `only`."""
    kpis = compute(tally, window=window, over_reps=over_reps, only=only)
    money = {
        currency: compute(tally, currency, window=window, over_reps=over_reps, only=only)
        for currency in sorted(tally.money)
    }
    return _figures(kpis), {currency: _figures(values) for currency, values in money.items()}


def _figures(values: Mapping[str, Value]) -> Figures:
    return {
        name: Figure(value.value, value.numerator, value.denominator)
        if isinstance(value, Ratio)
        else Figure(value)
        for name, value in values.items()
    }


def sum_of(
    total: Tally,
    reps: int,
    window: WindowName,
    team: str | None = None,
    name: str | None = None,
    *,
    only: Collection[str] | None = None,
    line: DayLine | None = None,
    usual: Tally | None = None,
) -> Sum:
    """The line of what `reps` reps add up to; for windows that add up."""
    kpis, money = figures(total, window, over_reps=True, only=only)
    found = {} if usual is None else changes(kpis, usual, window)
    return Sum(reps=reps, kpis=kpis, money=money, id=team, name=name, line=line, changes=found)
