"""Totals compare by what they hold."""

from streams.core.tally import Total


def test_totals_that_are_equal_are_not_unequal() -> None:
    assert Total(1, {("EUR", "p"): (0, 0)}) == Total(1)
    assert not Total(1, {("EUR", "p"): (0, 0)}) != Total(1)  # noqa: SIM202 # what is under test
    assert Total(1) != Total(2)
