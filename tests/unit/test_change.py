"""Arrows: above noise only, and never on few."""

import pytest

from streams.core.board_row import Figure
from streams.core.change import Change, changes
from streams.core.snapshot import WindowName
from streams.core.tally import Tally

USUAL = Tally(contacts=2_000, deals_gross_bp=200 * 10_000)
"""One in ten."""


def conversion(deals: int, contacts: int) -> dict[str, Figure]:
    return {"conversion": Figure(deals / contacts if contacts else None, deals, contacts)}


@pytest.mark.parametrize(
    ("deals", "contacts", "expected"),
    [
        (10, 100, None),
        (14, 100, None),  # 1.3 standard errors
        (20, 100, "up"),
        (2, 100, "down"),
        (19, 19, None),  # below the least sample, however large
        (0, 0, None),
        (120, 100, "up"),  # more deals than contacts: nothing breaks
    ],
)
def test_an_arrow_stands_only_where_a_difference_is_more_than_chance(
    deals: int, contacts: int, expected: Change | None
) -> None:
    assert changes(conversion(deals, contacts), USUAL, "today").get("conversion") == expected


@pytest.mark.parametrize("window", ["week", "year", "last50"])
def test_windows_that_share_days_with_what_is_usual_have_no_arrow(window: WindowName) -> None:
    assert changes(conversion(50, 100), USUAL, window) == {}


def test_nothing_is_unusual_against_a_handful_of_contacts() -> None:
    few = Tally(contacts=19, deals_gross_bp=10_000)
    assert changes(conversion(50, 100), few, "today") == {}
