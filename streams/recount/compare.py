"""Cell by cell: rows of a recount against rows of the same shape from elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
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
    """How many cells were compared, which differ, and how many rep-days were passed over."""

    rep_days: int
    cells: int
    differences: list[Difference]
    passed_over: int


def compare(
    recounted: Iterable[Row], counted: Iterable[Row], moving: Collection[tuple[str, str]] = ()
) -> Comparison:
    """Compare every cell of every rep-day that either side has, but those in `moving`.

    `moving` holds (rep, date). A rep-day or a key of a map that one side does not have is zero
    there; who has no row at all has no team to compare.
    """
    ours = {(row["date"], row["rep_id"]): row for row in recounted}
    theirs = {(row["date"], row["rep_id"]): row for row in counted}
    rep_days = cells = passed_over = 0
    differences: list[Difference] = []
    for date, rep in sorted(ours.keys() | theirs.keys()):
        if (rep, date) in moving:
            passed_over += 1
            continue
        rep_days += 1
        here, there = dict(_cells(ours.get((date, rep)))), dict(_cells(theirs.get((date, rep))))
        if not (here and there):
            here.pop("team_id", None)
            there.pop("team_id", None)
        for column in here.keys() | there.keys():
            cells += 1
            one, other = here.get(column), there.get(column)
            if one != other and not (one in _ZEROS and other in _ZEROS):
                differences.append(Difference(rep, date, column, one, other))
    differences.sort(key=lambda difference: (difference.date, difference.rep_id, difference.column))
    return Comparison(rep_days, cells, differences, passed_over)


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
