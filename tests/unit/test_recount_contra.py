"""Reversals on their own date: deals whose later changes stand where they occurred."""

from __future__ import annotations

from typing import Any

from tests.unit.recounting import Floor

CONTRA = '[deals]\nreversals = "contra"\n'
LATER = "2026-03-05T09:00:00Z"
LAST = "2026-03-06T09:00:00Z"


def by_day(floor: Floor) -> dict[tuple[str, str], tuple[Any, ...]]:
    """(rep, day of March 2026) to (deals gross, reversed, EUR gross, reversed)."""
    return {
        (row["rep_id"], row["date"][-2:]): (
            row["deals_gross"],
            row["deals_reversed"],
            row["revenue_gross"].get("EUR", 0),
            row["revenue_reversed"].get("EUR", 0),
        )
        for row in floor.rows()
    }


def test_a_cancellation_leaves_the_close_and_stands_on_its_own_day() -> None:
    floor = Floor(CONTRA)
    floor.deal(is_new_customer=True)
    floor.deal("cancelled", LATER)
    assert by_day(floor) == {
        ("ann", "02"): ("1.0000", "0.0000", 10_000, 0),
        ("ann", "05"): ("0.0000", "1.0000", 0, 10_000),
    }
    assert [row["new_customers"] for row in floor.rows()] == ["1.0000", "-1.0000"]
    floor.deal("reinstated", LAST)
    assert by_day(floor)["ann", "06"] == ("1.0000", "0.0000", 10_000, 0)


def test_an_increase_is_gross_and_a_decrease_reversed_on_the_day_they_occurred() -> None:
    floor = Floor(CONTRA)
    floor.deal()
    floor.deal("amended", LATER, amount_minor=12_000)
    floor.deal("refunded", LAST, reversed_minor=5_000)
    assert by_day(floor) == {
        ("ann", "02"): ("1.0000", "0.0000", 10_000, 0),
        ("ann", "05"): ("0.0000", "0.0000", 2_000, 0),
        ("ann", "06"): ("0.0000", "0.0000", 0, 5_000),
    }


def test_a_deal_moved_is_reversed_for_the_one_and_gross_for_the_other() -> None:
    floor = Floor(CONTRA)
    floor.deal()
    floor.deal("amended", LATER, credits=[{"rep_id": "bob", "share": 1}])
    assert by_day(floor) == {
        ("ann", "02"): ("1.0000", "0.0000", 10_000, 0),
        ("ann", "05"): ("0.0000", "1.0000", 0, 10_000),
        ("bob", "05"): ("1.0000", "0.0000", 10_000, 0),
    }


def test_money_that_moves_between_products_is_both() -> None:
    floor = Floor(CONTRA)
    floor.deal(lines=[{"product_id": "a", "amount_minor": 10_000}])
    floor.deal("amended", LATER, lines=[{"product_id": "b", "amount_minor": 10_000}])
    assert by_day(floor)["ann", "05"] == ("0.0000", "0.0000", 10_000, 10_000)
    assert floor.rows()[1]["products"] == {"a": {"EUR": -10_000}, "b": {"EUR": 10_000}}


def test_another_currency_starts_anew_at_the_close() -> None:
    floor = Floor(CONTRA)
    floor.deal(currency="CNY")
    floor.deal("refunded", LATER, currency="CNY", reversed_minor=1_000)
    floor.deal("amended", LAST, amount_minor=1_300, reversed_minor=0)
    assert by_day(floor) == {("ann", "02"): ("1.0000", "0.0000", 1_300, 0)}


def test_what_is_reversed_when_it_is_won_is_reversed_on_that_event() -> None:
    floor = Floor(CONTRA)
    floor.deal(at=LATER, reversed_minor=4_000)
    assert by_day(floor) == {
        ("ann", "02"): ("1.0000", "0.0000", 10_000, 0),
        ("ann", "05"): ("0.0000", "0.0000", 0, 4_000),
    }


def test_a_deal_taken_back_never_was() -> None:
    floor = Floor(CONTRA)
    floor.deal()
    floor.deal("cancelled", LATER)
    floor.deal(at=LAST, op="retract")
    assert [(row["date"], row["retracted"], row["deals_gross"]) for row in floor.rows()] == [
        ("2026-03-02", 1, "0.0000")
    ]
