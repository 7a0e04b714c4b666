"""Comparing rows cell by cell."""

from __future__ import annotations

from typing import Any

from streams.recount.compare import Difference, compare


def row(rep: str = "ann", date: str = "2026-03-02", **cells: Any) -> dict[str, Any]:
    return {"rep_id": rep, "team_id": "red", "date": date, "dials": 0, "revenue_net": {}, **cells}


def test_equal_rows_have_no_differences_and_every_cell_is_counted() -> None:
    rows = [row(dials=3, revenue_net={"EUR": 5, "CNY": 7}), row("bob")]
    found = compare(rows, list(reversed(rows)))
    # ann: team, dials, two currencies; bob: team and dials.
    assert (found.rep_days, found.cells, found.differences) == (2, 6, [])


def test_a_cell_of_a_map_is_named_by_its_keys() -> None:
    found = compare([row(products={"x": {"EUR": 5}})], [row(products={"x": {"EUR": 6}})])
    assert found.differences == [Difference("ann", "2026-03-02", "products.x.EUR", 5, 6)]


def test_what_one_side_does_not_have_is_zero_there() -> None:
    same = compare([row(revenue_net={"EUR": 0})], [row()])
    assert same.differences == []
    lost = compare([row(dials=2)], [])
    assert lost.differences == [Difference("ann", "2026-03-02", "dials", 2, None)]
    extra = compare([], [row(deals_net="0.5000")])
    assert extra.differences == [Difference("ann", "2026-03-02", "deals_net", None, "0.5000")]


def test_another_team_is_a_difference() -> None:
    assert [d.column for d in compare([row()], [row() | {"team_id": "blue"}]).differences] == [
        "team_id"
    ]


def test_differences_come_by_date_then_rep_then_column() -> None:
    ours = [row("bob", "2026-03-01", dials=1, answered=1), row("ann", "2026-03-02", dials=1)]
    found = [(d.date, d.rep_id, d.column) for d in compare(ours, []).differences]
    assert found == sorted(found)
