"""Deals, as the definitions have them, counted by hand; everything stands on the close's day."""

from __future__ import annotations

from typing import Any

from streams.recount.recount import Row
from tests.unit.recounting import Floor

LATER = "2026-03-05T09:00:00Z"
LAST = "2026-03-06T09:00:00Z"


def credits(*shares: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"rep_id": rep, "share": share} for rep, share in shares]


def lines(*amounts: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"product_id": product, "amount_minor": amount} for product, amount in amounts]


def money(row: Row) -> tuple[int, int, int]:
    """(gross, reversed, net) in EUR."""
    return tuple(row[f"revenue_{part}"]["EUR"] for part in ("gross", "reversed", "net"))


def deals(row: Row) -> tuple[str, str, str]:
    """(gross, reversed, net) deals."""
    return row["deals_gross"], row["deals_reversed"], row["deals_net"]


def test_a_won_deal_is_one_deal_on_the_day_of_its_close() -> None:
    floor = Floor()
    floor.deal(at=LATER, is_new_customer=True)
    row = floor.row()
    assert row["date"] == "2026-03-02"
    assert deals(row) == ("1.0000", "0.0000", "1.0000")
    assert money(row) == (10_000, 0, 10_000)
    assert row["products"] == {"unspecified": {"EUR": 10_000}}
    assert row["new_customers"] == "1.0000"


def test_a_split_deal_adds_up_and_the_odd_cent_goes_by_remainder_then_to_the_lower_rep() -> None:
    floor = Floor()
    floor.deal(amount_minor=100, credits=credits(("cat", 0.3334), ("bob", 0.3333), ("ann", 0.3333)))
    by_rep = {row["rep_id"]: row for row in floor.rows()}
    # 33.34, 33.33, 33.33: the unit left over goes to the largest remainder, cat.
    assert {rep: money(row)[0] for rep, row in by_rep.items()} == {"ann": 33, "bob": 33, "cat": 34}
    assert by_rep["cat"]["deals_gross"] == "0.3334"

    tie = Floor()
    tie.deal(amount_minor=101, credits=credits(("bob", 0.5), ("ann", 0.5)))
    assert {row["rep_id"]: money(row)[0] for row in tie.rows()} == {"ann": 51, "bob": 50}


def test_a_rep_credited_twice_has_the_sum_of_both() -> None:
    floor = Floor()
    floor.deal(credits=credits(("ann", 0.25), ("bob", 0.5), ("ann", 0.25)))
    assert [(row["rep_id"], row["deals_gross"]) for row in floor.rows()] == [
        ("ann", "0.5000"),
        ("bob", "0.5000"),
    ]


def test_each_line_is_split_for_itself() -> None:
    floor = Floor()
    floor.deal(
        amount_minor=2,
        lines=lines(("box", 1), ("care", 1)),
        credits=credits(("ann", 0.5), ("bob", 0.5)),
    )
    (ann, bob) = floor.rows()  # both single cents go to the lower rep
    assert ann["products"] == {"box": {"EUR": 1}, "care": {"EUR": 1}}
    assert (bob["products"], bob["deals_net"]) == ({}, "0.5000")


def test_a_cancelled_deal_is_all_reversed() -> None:
    floor = Floor()
    floor.deal(is_new_customer=True)
    floor.deal("cancelled", LATER, amount_minor=1)  # only won and amended say what it is worth
    row = floor.row()
    assert (row["date"], deals(row)) == ("2026-03-02", ("1.0000", "1.0000", "0.0000"))
    assert money(row) == (10_000, 10_000, 0)
    assert row["products"] == {"unspecified": {"EUR": 0}}
    assert row["new_customers"] == "0.0000"


def test_a_part_refunded_is_spread_over_lines_and_leaves_the_deal_a_deal() -> None:
    floor = Floor()
    floor.deal(amount_minor=300, lines=lines(("a", 100), ("b", 100), ("c", 100)))
    floor.deal("refunded", LATER, reversed_minor=100)
    row = floor.row()
    assert deals(row) == ("1.0000", "0.0000", "1.0000")
    assert money(row) == (300, 100, 200)
    # 33 1/3 each: the cent left over goes to the first line.
    assert row["products"] == {"a": {"EUR": 66}, "b": {"EUR": 67}, "c": {"EUR": 67}}


def test_a_refund_is_spread_over_lines_first_and_then_over_reps() -> None:
    floor = Floor()
    shares = credits(("ann", 0.5), ("bob", 0.5))
    floor.deal(amount_minor=200, lines=lines(("a", 100), ("b", 100)), credits=shares)
    floor.deal("refunded", LATER, reversed_minor=3)  # a: 2, b: 1; a: 1 + 1, b: 1 + 0
    ann, bob = floor.rows()
    assert (money(ann)[1], money(bob)[1]) == (2, 1)
    assert ann["products"] == {"a": {"EUR": 49}, "b": {"EUR": 49}}
    assert bob["products"] == {"a": {"EUR": 49}, "b": {"EUR": 50}}


def test_a_refund_that_states_no_amount_or_the_whole_reverses_the_deal() -> None:
    for stated in (None, 10_000, 12_000):
        floor = Floor()
        floor.deal()
        floor.deal("refunded", LATER, reversed_minor=stated)
        assert deals(floor.row())[1] == "1.0000"
        assert money(floor.row())[1] == (stated or 10_000)  # never capped


def test_a_refund_of_a_deal_of_nothing_falls_on_the_first_line() -> None:
    floor = Floor()
    floor.deal(amount_minor=0, lines=lines(("a", 0), ("b", 0)))
    floor.deal("refunded", LATER, reversed_minor=7)
    assert floor.row()["products"] == {"a": {"EUR": -7}}
    assert deals(floor.row())[1] == "1.0000"


def test_a_deal_of_nothing_is_still_a_deal() -> None:
    floor = Floor()
    floor.deal(amount_minor=0)
    row = floor.row()
    assert (deals(row), row["revenue_gross"]) == (("1.0000", "0.0000", "1.0000"), {})


def test_a_reinstated_deal_stands_as_if_it_had_not_been_cancelled() -> None:
    floor = Floor()
    floor.deal()
    floor.deal("cancelled", LATER)
    floor.deal("reinstated", LAST)
    assert (deals(floor.row()), money(floor.row())) == (
        ("1.0000", "0.0000", "1.0000"),
        (10_000, 0, 10_000),
    )


def test_an_amendment_replaces_the_amount_and_keeps_what_is_reversed() -> None:
    floor = Floor()
    floor.deal()
    floor.deal("refunded", LATER, reversed_minor=2_000)
    floor.deal("amended", LAST, amount_minor=8_000)
    assert money(floor.row()) == (8_000, 2_000, 6_000)
    floor.deal("amended", "2026-03-07T09:00:00Z", amount_minor=8_000, reversed_minor=500)
    assert money(floor.row()) == (8_000, 500, 7_500)


def test_an_amendment_of_a_cancelled_deal_stays_all_reversed_and_a_new_win_is_not() -> None:
    floor = Floor()
    floor.deal()
    floor.deal("cancelled", LATER)
    floor.deal("amended", LAST, amount_minor=15_000)
    assert money(floor.row()) == (15_000, 15_000, 0)
    floor.deal("won", "2026-03-07T09:00:00Z", amount_minor=20_000)
    assert money(floor.row()) == (20_000, 0, 20_000)


def test_a_deal_moved_to_another_rep_leaves_the_first_with_nothing() -> None:
    floor = Floor()
    floor.deal()
    floor.deal("amended", LATER, credits=credits(("bob", 1)))
    assert [(row["rep_id"], deals(row)[2]) for row in floor.rows()] == [("bob", "1.0000")]


def test_a_deal_in_another_currency_is_no_longer_in_the_first() -> None:
    floor = Floor()
    floor.deal()
    floor.deal("amended", LATER, currency="CNY", amount_minor=80_000)
    assert floor.row()["revenue_net"] == {"CNY": 80_000}


def test_events_take_effect_in_the_order_of_their_revisions_not_of_their_arrival() -> None:
    floor = Floor()
    floor.deal("reinstated", LAST)  # without a revision: the milliseconds of occurred_at
    floor.deal("cancelled", LATER)
    floor.deal("won")
    assert deals(floor.row())[2] == "1.0000"
    floor.deal("cancelled", LATER, revision=9_000_000_000_000)
    assert deals(floor.row())[2] == "0.0000"


def test_a_deal_taken_back_leaves_nothing_but_retracted_for_each_rep() -> None:
    floor = Floor()
    shares = credits(("ann", 0.5), ("bob", 0.5))
    floor.deal(credits=shares)
    floor.deal(at=LATER, op="retract", credits=shares)
    rows = floor.rows()
    assert [(row["rep_id"], row["date"], row["retracted"]) for row in rows] == [
        ("ann", "2026-03-02", 1),
        ("bob", "2026-03-02", 1),
    ]
    assert all(deals(row)[0] == "0.0000" and row["revenue_gross"] == {} for row in rows)
    floor.deal("reinstated", LAST)
    assert [(row["rep_id"], deals(row)[2], row["retracted"]) for row in floor.rows()] == [
        ("ann", "0.5000", 0),
        ("bob", "0.5000", 0),
    ]


def test_before_it_is_won_a_deal_is_worth_nothing() -> None:
    floor = Floor()
    floor.deal("cancelled", LATER)
    assert floor.rows() == []


def test_a_deal_closes_on_the_date_of_each_rep_it_is_credited_to() -> None:
    floor = Floor(
        """
        [sites.shanghai]
        zone = "Asia/Shanghai"
        [teams.east]
        site = "shanghai"
        [[roster]]
        rep = "bob"
        team = "east"
        """
    )
    floor.deal(closed_at="2026-03-02T17:00:00Z", credits=credits(("ann", 0.5), ("bob", 0.5)))
    assert [(row["rep_id"], row["date"], row["team_id"]) for row in floor.rows()] == [
        ("ann", "2026-03-02", "unassigned"),
        ("bob", "2026-03-03", "east"),
    ]


def test_the_team_of_a_credit_is_the_one_last_stated_for_that_rep() -> None:
    floor = Floor()
    floor.deal(credits=[{"rep_id": "ann", "share": 1, "team_id": "red"}], team_id="envelope")
    floor.deal("amended", LATER, credits=credits(("ann", 1)))
    assert floor.row()["team_id"] == "red"
    floor.deal("amended", LAST, team_id="blue")
    assert floor.row()["team_id"] == "blue"
