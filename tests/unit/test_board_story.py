"""A board narrowed to a site, a shift, a product or a rep."""

from msgspec import structs

from streams.core.board import board_rows
from streams.core.board_filter import Filter
from streams.core.board_row import Figure
from streams.core.past_days import PastDay, Usual
from streams.core.tally import Tally
from tests.unit.test_board import NOW, rep

MONEY = {"EUR": {"fibre": (900, 100), "tv": (200, 0)}}
REPS = [
    structs.replace(
        rep("a", Tally(contacts=40, deals_gross_bp=90_000, money=MONEY)),
        site="berlin",
        shift="early",
        usual=Usual(
            days=[PastDay("2026-05-28", 50, 50_000), PastDay("2026-05-29", 50, 30_000)],
            tally=Tally(contacts=100, deals_gross_bp=80_000, money={"EUR": {"tv": (700, 0)}}),
        ),
    ),
    structs.replace(rep("b", Tally(contacts=3)), shift="late"),
]


def test_a_site_or_shift_leaves_reps_out_of_rows_and_sums() -> None:
    for by in (Filter(site="berlin"), Filter(shift="early")):
        board = board_rows(REPS, "today", NOW, narrowed_to=by)
        assert [row.rep_id for row in board.rows] == ["a"]
        assert board.floor is not None
        assert board.floor.kpis["contacts"] == Figure(40)


def test_a_product_narrows_money_and_nothing_else() -> None:
    board = board_rows(REPS, "today", NOW, narrowed_to=Filter(product="fibre"))

    assert [row.rep_id for row in board.rows] == ["a", "b"]
    assert board.floor is not None
    assert board.floor.money["EUR"]["revenue_net"] == Figure(800)
    assert "avg_deal" not in board.floor.money["EUR"]
    assert board.floor.kpis["contacts"] == Figure(43)


def test_one_rep_comes_with_the_days_before_and_the_product_mix() -> None:
    board = board_rows(REPS, "today", NOW, rep="a")

    assert [row.rep_id for row in board.rows] == ["a"]
    assert [team.id for team in board.teams] == ["north"]
    story = board.story
    assert story is not None
    assert [(day.date, day.deals_net, day.conversion.value) for day in story.days] == [
        ("2026-05-28", 5, 0.1),
        ("2026-05-29", 3, 0.06),
    ]
    assert story.usual["conversion"] == Figure(0.08, 8, 100)
    assert story.per_day["contacts"] == 50
    assert story.money_per_day == {"EUR": 350}
    assert [(one.product, one.net, one.share) for one in story.products] == [
        ("fibre", 800, 0.8),
        ("tv", 200, 0.2),
    ]


def test_a_rep_nobody_knows_has_no_row_and_no_story() -> None:
    board = board_rows(REPS, "today", NOW, rep="c")
    assert (board.rows, board.story) == ([], None)


def test_a_row_says_which_way_a_rate_has_moved() -> None:
    (row,) = board_rows(REPS, "today", NOW, rep="a").rows
    assert row.changes == {"conversion": "up"}
