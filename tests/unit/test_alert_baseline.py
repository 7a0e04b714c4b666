"""What is usual for a rep: older days count less, and state of before them is read."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec import msgpack

from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings

SETTINGS = AlertSettings(baseline_days=20, baseline_lag_days=2)
EXPECTED = 5.0


def worked(rep: RepWatch, sold: Iterable[int]) -> RepWatch:
    for sales in sold:
        rep.contacts_today, rep.sales_today, rep.expected_today = 60, sales, EXPECTED
        rep.close_day(SETTINGS)
    return rep


def ratio(rep: RepWatch) -> float:
    sales, expected = rep.usual()
    return sales / expected


def test_who_sells_alike_every_day_has_the_plain_ratio() -> None:
    rep = worked(RepWatch("north"), [4] * 22)
    assert ratio(rep) == pytest.approx(4 / EXPECTED)
    assert ratio(rep) == pytest.approx(rep.base_sales / rep.base_expected)


def test_of_two_who_sold_the_same_the_later_sales_count_more() -> None:
    rising = worked(RepWatch("north"), [3] * 10 + [6] * 10 + [5] * 2)
    falling = worked(RepWatch("north"), [6] * 10 + [3] * 10 + [5] * 2)
    assert rising.base_sales == falling.base_sales == 90
    assert ratio(rising) > 4.5 / EXPECTED > ratio(falling)


def test_a_day_says_five_percent_less_with_every_working_day_after_it() -> None:
    rep = worked(RepWatch("north"), [0] * 9 + [1] + [0] * 10)
    assert rep.usual()[0] == pytest.approx(0.95**8)  # 10 came after it, 2 are left out
    assert worked(rep, [0]).usual()[0] == pytest.approx(0.95**9)


def test_state_of_before_is_read_and_counts_all_days_alike_until_the_next() -> None:
    rep = worked(RepWatch("north"), [3] * 10 + [6] * 10 + [5] * 2)
    stored = msgpack.decode(msgpack.encode(rep))
    until = RepWatch.__struct_fields__.index("usual_sales")
    old = msgpack.decode(msgpack.encode(stored[:until]), type=RepWatch)
    assert old.usual() == (old.base_sales, old.base_expected) == (90, 20 * EXPECTED)
    assert worked(old, [4]).usual() == worked(rep, [4]).usual()
