"""Laws of boards over any snapshots, in any order."""

import random

from hypothesis import given
from hypothesis import strategies as st

from streams.core.board import board_rows, encode_board
from streams.core.kpis import KPIS
from streams.core.snapshot import RepSnapshot, WindowName
from streams.core.tally import Tally

NOW = 1_780_300_800_000  # 2026-06-01T08:00Z

WINDOWS: list[WindowName] = ["today", "week", "last20"]
SUMMED: list[WindowName] = ["today", "week"]

tallies = st.builds(
    Tally,
    dials=st.integers(0, 9),
    contacts=st.integers(0, 3),
    deals_gross_bp=st.integers(0, 30_000),
    deals_reversed_bp=st.integers(0, 30_000),
    money=st.dictionaries(st.sampled_from(["CNY", "USD"]), st.just({"a": (500, 100)}), max_size=2),
)
snapshots = st.lists(
    st.builds(
        RepSnapshot,
        rep_id=st.sampled_from([f"r-{n}" for n in range(9)]),
        partition=st.just(0),
        version=st.tuples(st.integers(0, 2**40), st.just(NOW)),
        date=st.sampled_from(["2026-05-31", "2026-06-01"]),
        zone=st.just("UTC"),
        team_id=st.sampled_from(["north", "south"]),
        site=st.just("a"),
        windows=st.dictionaries(st.sampled_from(WINDOWS), tallies),
    ),
    unique_by=lambda one: (one.rep_id, one.version),
)
windows = st.sampled_from(WINDOWS)
sorts = st.sampled_from([*KPIS, "rep_id", "name", "team_id"])


@given(snapshots, windows, sorts, st.sampled_from([None, True, False]), st.randoms())
def test_the_order_in_which_snapshots_come_changes_nothing(
    given_: list[RepSnapshot],
    window: WindowName,
    sort: str,
    ascending: bool | None,
    shuffler: random.Random,
) -> None:
    shuffled = [*given_, *given_]
    shuffler.shuffle(shuffled)
    one = board_rows(given_, window, NOW, sort=sort, ascending=ascending)
    other = board_rows(shuffled, window, NOW, sort=sort, ascending=ascending)
    assert encode_board(one) == encode_board(other)


@given(snapshots, windows, st.sampled_from([n for n, k in KPIS.items() if not k.per_currency]))
def test_values_fall_and_what_has_none_is_last(
    given_: list[RepSnapshot], window: WindowName, sort: str
) -> None:
    rows = board_rows(given_, window, NOW, sort=sort, ascending=False).rows
    values = [row.kpis[sort].value for row in rows]
    known = [value for value in values if value is not None]
    assert values == sorted(known, reverse=True) + [None] * (len(values) - len(known))
    ranked = [
        (value is None, value or 0, row.rep_id) for value, row in zip(values, rows, strict=True)
    ]
    assert ranked == sorted(ranked, key=lambda each: (each[0], -each[1], each[2]))


@given(snapshots, st.sampled_from(SUMMED))
def test_teams_add_up_to_the_floor_and_rows_to_their_teams(
    given_: list[RepSnapshot], window: WindowName
) -> None:
    board = board_rows(given_, window, NOW)
    assert board.floor is not None
    rows = [row for row in board.rows if window == "week" or not row.stale]
    for name in ("dials", "contacts"):
        for team in board.teams:
            own = [row.kpis[name].value or 0 for row in rows if row.team_id == team.id]
            assert (team.reps, team.kpis[name].value) == (len(own), sum(own))
        assert board.floor.kpis[name].value == sum(t.kpis[name].value or 0 for t in board.teams)
    for currency, money in board.floor.money.items():
        parts = [r.money[currency]["revenue_net"].value or 0 for r in rows if currency in r.money]
        assert money["revenue_net"].value == sum(parts)
