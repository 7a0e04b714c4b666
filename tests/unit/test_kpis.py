"""Each formula on a tally a person can check."""

import inspect

import pytest

from streams.core import kpi_formulas
from streams.core.kpis import KPIS, Ratio, Value, compute
from streams.core.snapshot import WINDOWS
from streams.core.tally import Tally

DAY = Tally(
    dials=40,
    inbound=10,
    answered=30,
    human_answered=20,
    human_answered_outbound=16,
    human_unknown=5,
    contacts=12,
    contacts_outbound=10,
    short_calls=4,
    talk_ms=1_200_000,
    hold_ms=60_000,
    wrap_ms=40_000,
    deals_gross_bp=35_000,
    deals_reversed_bp=5_000,
    new_gross_bp=13_333,
    new_reversed_bp=5_000,
    leads=8,
    surveys=9,
    csat_responses=4,
    csat_satisfied=3,
    csat_rating_e4=165_000,
    nps_promoters=1,
    nps_passives=1,
    nps_detractors=3,
    visits=2,
    retracted=1,
    money={"CNY": {"course": (500_000, 80_000), "book": (10_000, 0)}},
)


def values(tally: Tally) -> dict[str, Value]:
    return compute(tally) | compute(tally, "CNY")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dials", 40),
        ("answered", 30),
        ("human_answered", 20),
        ("contacts", 12),
        ("connect_rate", Ratio(16, 40, 0.4)),
        ("contact_rate", Ratio(10, 40, 0.25)),
        ("short_call_share", Ratio(4, 20, 0.2)),
        ("unknown_share", Ratio(5, 20, 0.25)),
        ("aht_ms", Ratio(1_300_000, 20, 65_000.0)),
        ("deals_net", 3),
        ("deals_gross", 3.5),
        ("deals_reversed", 0.5),
        ("new_customers", 0.8333),
        ("conversion", Ratio(3, 12, 0.25)),
        ("conversion_per_dial", Ratio(3, 40, 0.075)),
        ("conversion_per_lead", Ratio(3, 8, 0.375)),
        ("surveys", 9),
        ("csat", Ratio(3, 4, 0.75)),
        ("csat_rating", Ratio(16.5, 4, 4.125)),
        ("nps", Ratio(-2, 5, -40.0)),
        ("visits", 2),
        ("retracted", 1),
        ("revenue_gross", 510_000),
        ("revenue_reversed", 80_000),
        ("revenue_net", 430_000),
        ("avg_deal", Ratio(430_000, 3, 430_000 / 3)),
    ],
)
def test_a_kpi_is_its_formula(name: str, value: Value) -> None:
    assert values(DAY)[name] == value


def test_every_kpi_is_checked_above_and_documented() -> None:
    formulas = {
        name
        for name, function in inspect.getmembers(kpi_formulas, inspect.isfunction)
        if "tally" in inspect.signature(function).parameters
    }
    assert formulas == set(KPIS) == set(values(DAY))
    for kpi in KPIS.values():
        assert kpi.function.__name__ == kpi.name
        assert kpi.function.__doc__


def test_a_zero_denominator_has_no_value_and_is_never_zero() -> None:
    for name, value in values(Tally(money={"CNY": {"course": (0, 100)}})).items():
        if isinstance(value, Ratio):
            assert value.value is None, name
            assert value.denominator == 0, name


def test_deals_that_were_reversed_in_another_window_can_make_numbers_negative() -> None:
    tally = Tally(deals_reversed_bp=2_500, contacts=5, money={"CNY": {"course": (0, 9_000)}})
    assert compute(tally)["deals_net"] == -0.25
    assert compute(tally)["conversion"] == Ratio(-0.25, 5, -0.05)
    assert compute(tally, "CNY")["avg_deal"] == Ratio(-9_000, -0.25, 36_000.0)


def test_the_average_deal_is_unknown_when_deals_are_in_several_currencies() -> None:
    both = Tally(deals_gross_bp=20_000, money={"CNY": {"a": (1, 0)}, "USD": {"a": (1, 0)}})
    assert compute(both, "CNY")["avg_deal"] is None
    assert compute(both, "CNY")["revenue_net"] == 1
    assert compute(Tally(money={"USD": {"a": (1, 0)}}), "CNY")["avg_deal"] is None


def test_leads_are_counted_in_days_of_one_rep_only() -> None:
    assert compute(DAY, window="60m")["conversion_per_lead"] is None
    assert compute(DAY, window="shift")["conversion_per_lead"] is None
    assert compute(DAY, over_reps=True)["conversion_per_lead"] is None
    for window in ("today", "week", "month", "quarter", "year"):
        assert compute(DAY, window=window)["conversion_per_lead"] == Ratio(3, 8, 0.375)


@pytest.mark.parametrize("window", ["last20", "last50", "last100"])
def test_the_last_contacts_have_contacts_deals_and_conversion_only(window: str) -> None:
    assert window in WINDOWS
    found = {name for name, value in compute(DAY, window=window).items() if value is not None}
    assert found == {"contacts", "deals_net", "deals_gross", "deals_reversed", "conversion"}
    assert not any(compute(DAY, "CNY", window=window).values())
