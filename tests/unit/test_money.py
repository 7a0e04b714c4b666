import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.money import split

amounts = st.integers(0, 2**53 - 1)
weight_lists = st.lists(st.integers(0, 2**53 - 1), min_size=1, max_size=60)


def test_units_left_over_go_to_the_largest_remainders() -> None:
    # 100 * 3/7, 3/7, 1/7 = 42.86, 42.86, 14.29
    assert split(100, [3, 3, 1]) == [43, 43, 14]


def test_equal_remainders_go_to_the_lower_index() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(1, [5000, 5000]) == [1, 0]


def test_all_weights_zero_gives_everything_to_the_first() -> None:
    assert split(7, [0, 0, 0]) == [7, 0, 0]


def test_one_weight_takes_everything() -> None:
    assert split(7, [0]) == [7]


def test_amounts_beyond_floating_point_split_exactly() -> None:
    assert split(2**53 - 1, [2**53 - 2, 1]) == [2**53 - 2, 1]


@pytest.mark.parametrize(("amount", "weights"), [(1, []), (-1, [1, 1]), (-1, [1]), (1, [2, -1])])
def test_what_has_no_share_is_refused(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="cannot split"):
        split(amount, weights)


@given(amounts, weight_lists)
def test_parts_sum_to_the_whole(amount: int, weights: list[int]) -> None:
    assert sum(split(amount, weights)) == amount


@given(amounts, weight_lists)
def test_no_part_is_a_whole_unit_away_from_its_exact_share(amount: int, weights: list[int]) -> None:
    whole = sum(weights)
    if whole:
        for part, weight in zip(split(amount, weights), weights, strict=True):
            assert abs(part * whole - amount * weight) < whole


@given(weight_lists)
def test_splitting_by_the_parts_themselves_gives_the_parts(weights: list[int]) -> None:
    assert split(sum(weights), weights) == weights
