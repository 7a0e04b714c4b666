"""Cell by cell: rows of a recount against rows of the same shape from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from streams.recount.recount import Row

_ZEROS = (0, "0.0000", None)


class Difference(NamedTuple):
    """A cell that is not the same; `column` of a map has its keys behind dots."""

    rep_id: str
    date: str
    column: str
    recounted: Any
    counted: Any


class Comparison(NamedTuple):
    """How many rep-days and cells were compared, and which cells differ."""

    rep_days: int
    cells: int
    differences: list[Difference]


def compare(recounted: Iterable[Row], counted: Iterable[Row]) -> Comparison:
    """Compare every cell of every rep-day that either side has.

    A rep-day or a key of a map that one side does not have is zero there; who has no row at all has
    no team to compare.
    """
    ours = {(row["date"], row["rep_id"]): row for row in recounted}
    theirs = {(row["date"], row["rep_id"]): row for row in counted}
    cells = 0
    differences: list[Difference] = []
    rep_days = sorted(ours.keys() | theirs.keys())
    for date, rep in rep_days:
        number, differing = compare_row(ours.get((date, rep)), theirs.get((date, rep)))
        cells += number
        differences += [Difference(rep, date, *cell) for cell in differing]
    return Comparison(len(rep_days), cells, differences)


def compare_row(one: Row | None, other: Row | None) -> tuple[int, list[tuple[str, Any, Any]]]:
    """(number of cells, those that differ as (column, `one`'s, `other`'s)) of two rows."""
    here, there = dict(_cells(one)), dict(_cells(other))
    if not (here and there):
        here.pop("team_id", None)
        there.pop("team_id", None)
    columns = sorted(here.keys() | there.keys())
    both = ((column, here.get(column), there.get(column)) for column in columns)
    differing = [
        (column, ours, theirs)
        for column, ours, theirs in both
        if ours != theirs and not (ours in _ZEROS and theirs in _ZEROS)
    ]
    return len(columns), differing


def _cells(row: Row | None) -> Iterator[tuple[str, Any]]:
    for column, value in (row or {}).items():
        if column not in ("rep_id", "date"):
            yield from _flat(column, value)


def _flat(column: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{column}.{key}", inner)
    else:
        yield column, value
