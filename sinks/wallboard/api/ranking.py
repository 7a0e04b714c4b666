"""Who is first: reps by one KPI, those with too small a sample behind all others."""

from __future__ import annotations

from collections.abc import Iterable

from sinks.wallboard.api.answers import Place
from sinks.wallboard.api.paging import ByRank
from streams.core.board_row import Figure, Row
from streams.core.kpis import Kpi

_NONE = Figure(None)


def ranked(
    rows: Iterable[Row], kpi: Kpi, currency: str | None, min_sample: int
) -> list[tuple[ByRank, Place]]:
    """Places in their order, each with its key; `currency` is for KPIs of money."""
    better = 1 if kpi.higher_is_better is False else -1
    entries: list[tuple[ByRank, Row, Figure]] = []
    for row in rows:
        figures = row.money.get(currency or "", {}) if kpi.per_currency else row.kpis
        figure = figures.get(kpi.name) or _NONE
        value = figure.value
        small = figure.den is not None and figure.den < min_sample
        out = value is None or small or row.stale
        entries.append((ByRank(out, better * (value or 0), row.rep_id), row, figure))
    entries.sort(key=lambda one: one[0])
    places = []
    rank = 0
    for number, (key, row, figure) in enumerate(entries, 1):
        if number == 1 or key[:2] != entries[number - 2][0][:2]:
            rank = number
        place = Place(
            rank=None if key.unranked else rank,
            rep_id=row.rep_id,
            name=row.name,
            team_id=row.team_id,
            site=row.site,
            figure=figure,
        )
        places.append((key, place))
    return places
