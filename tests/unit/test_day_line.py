"""The line of a day: every contact and deal in its half hour, whatever is added to what."""

from random import Random

from streams.core.day_line import HALF_HOUR_MS, add_lines, day_line

NINE = 18 * HALF_HOUR_MS


def test_every_contact_and_deal_stands_in_its_half_hour() -> None:
    line = day_line([NINE, NINE + HALF_HOUR_MS - 1, NINE + 2 * HALF_HOUR_MS], [(NINE, 10_000)])

    assert line is not None
    assert (line.first, line.contacts, line.deals_bp) == (18, [2, 0, 1], [10_000, 0, 0])


def test_a_day_without_anything_has_no_line() -> None:
    assert day_line([], []) is None
    assert add_lines([None, None]) is None


def test_a_sum_of_lines_is_the_line_of_everything_that_happened() -> None:
    random = Random(3)
    parts = [
        (
            [random.randrange(48) * HALF_HOUR_MS for _ in range(random.randrange(9))],
            [(random.randrange(48) * HALF_HOUR_MS, random.choice([5_000, -5_000, 10_000]))],
        )
        for _ in range(20)
    ]
    everything = [at for contacts, _ in parts for at in contacts]
    deals = [one for _, found in parts for one in found]

    assert add_lines(day_line(*part) for part in parts) == day_line(everything, deals)
