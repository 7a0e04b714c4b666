"""Laws of KPIs over all tallies."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.core.kpis import Ratio, compute
from streams.core.tally import Tally, add_tallies

COUNTERS = [field.name for field in structs.fields(Tally) if field.name != "money"]
amounts = st.integers(0, 2**40)
money = st.dictionaries(
    st.sampled_from(["CNY", "USD"]),
    st.dictionaries(st.sampled_from(["a", "b"]), st.tuples(amounts, amounts), min_size=1),
)
tallies = st.builds(
    lambda counters, money: Tally(**counters, money=money),
    st.fixed_dictionaries({}, optional={name: st.integers(0, 2**31) for name in COUNTERS}),
    money,
)


@given(tallies)
def test_a_value_is_the_exact_quotient_of_what_is_shown_rounded_once(tally: Tally) -> None:
    for currency in (None, *tally.money):
        for name, value in compute(tally, currency).items():
            if isinstance(value, Ratio) and value.value is not None:
                # Both have at most four decimals, so the decimal text is the exact number.
                exact = Fraction(str(value.numerator)) / Fraction(str(value.denominator))
                scale = 100 if name == "nps" else 1
                assert value.value == float(exact * scale), name


@given(tallies)
def test_deals_are_shown_to_the_ten_thousandth(tally: Tally) -> None:
    shown = compute(tally)
    for name, units in (
        ("deals_gross", tally.deals_gross_bp),
        ("deals_reversed", tally.deals_reversed_bp),
        ("deals_net", tally.deals_net_bp),
        ("new_customers", tally.new_net_bp),
    ):
        assert Fraction(str(shown[name])) == Fraction(units, 10_000)


@given(st.lists(tallies, max_size=5))
def test_numerators_and_denominators_add_up_over_reps(each: list[Tally]) -> None:
    total = compute(add_tallies(each), over_reps=True)
    for name, whole in total.items():
        parts = [compute(one)[name] for one in each]
        if isinstance(whole, Ratio):
            ratios = [part for part in parts if isinstance(part, Ratio)]
            for side in ("numerator", "denominator"):
                shown = sum((Fraction(str(getattr(one, side))) for one in ratios), Fraction())
                assert Fraction(str(getattr(whole, side))) == shown, name
        elif whole is not None:
            assert Fraction(str(whole)) == sum((Fraction(str(part)) for part in parts), Fraction())
