"""What is said to have changed beside sales: only what lies beyond the rep's own ups and downs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from streams.core.alerts.also import Also, what_else
from streams.core.alerts.habits import (
    MOST_A_DAY,
    MOST_CAMPAIGNS,
    NO_CAMPAIGN,
    Campaigns,
    Habits,
    added,
    append_day,
    read_days,
)

SPRING, SALES, AUTUMN = 1, 2, 3
NAMES = {SPRING: "spring", SALES: "sales"}


def day(
    dice: random.Random,
    contacts: int = 60,
    *,
    short: float = 0.12,
    talk_s: float = 150,
    sales: float = 0.2,
) -> Habits:
    """A day of so many contacts, of which this share came by the queue."""
    out = Habits()
    for _ in range(contacts):
        while dice.random() < short:
            out.short += 1
            out.answered += 1
        out.answered += 1
        out.unsold += 1
        out.talk_s += round(dice.expovariate(1 / talk_s))
        number = SALES if dice.random() < sales else SPRING
        out.campaigns[number] = out.campaigns.get(number, 0) + 1
    return out


def days(make: Callable[[], Habits], count: int = 30) -> list[Habits]:
    return [make() for _ in range(count)]


def changed(found: Iterable[Also]) -> dict[str, str]:
    return {one.what: one.campaign for one in found if one.changed}


def test_what_really_changed_is_told_with_what_is_usual() -> None:
    dice = random.Random(1)
    usual = days(lambda: day(dice))
    seen = added(days(lambda: day(dice, short=0.31, talk_s=80, sales=0.6), 4))
    found = {(one.what, one.campaign): one for one in what_else(seen, usual, NAMES)}
    assert set(found) == {
        ("short_calls", ""),
        ("talk", ""),
        ("leads", "spring"),
        ("leads", "sales"),
    }
    assert all(one.changed for one in found.values())
    short, talk = found["short_calls", ""], found["talk", ""]
    assert short.seen == seen.short / seen.answered
    assert talk.seen == 1000 * seen.talk_s / seen.unsold
    whole = added(usual)
    assert short.usual == whole.short / whole.answered
    assert found["leads", "sales"].usual == whole.campaigns[SALES] / whole.contacts


def test_a_rep_who_works_as_usual_is_said_to_do_so() -> None:
    dice = random.Random(2)
    false = 0
    for _ in range(300):
        found = what_else(added(days(lambda: day(dice), 4)), days(lambda: day(dice)), NAMES)
        assert [one.what for one in found] == ["short_calls", "talk", "leads"]
        false += len(changed(found))
    assert false <= 4  # of 900, at one of 1,000 each


def test_days_that_differ_by_themselves_are_no_change() -> None:
    # A campaign is dealt for a whole day, and a day's calls are long or short together: coins would
    # call four such days a change every other time.
    dice = random.Random(3)

    def moody() -> Habits:
        sales = dice.choice([0.0, 1.0])
        return day(dice, talk_s=150 * dice.lognormvariate(0, 0.4), sales=sales)

    false = sum(
        len(changed(what_else(added(days(moody, 4)), days(moody), NAMES))) for _ in range(300)
    )
    assert false <= 4
    one_kind = added(days(lambda: day(dice, sales=1.0), 4))
    assert "leads" in changed(what_else(one_kind, days(lambda: day(dice, sales=0.5)), NAMES))
    assert "leads" not in changed(what_else(one_kind, days(moody), NAMES))


def test_a_change_that_is_sure_and_too_small_to_matter_is_not_told() -> None:
    usual = [Habits(1000, 100, 900, 900 * 150, {SPRING: 900}) for _ in range(30)]
    slightly = Habits(100_000, 12_500, 90_000, 90_000 * 140, {SPRING: 88_000, SALES: 2_000})
    assert not changed(what_else(slightly, usual, NAMES))
    more = Habits(100_000, 13_500, 90_000, 90_000 * 134, {SPRING: 86_000, SALES: 4_000})
    assert len(changed(what_else(more, usual, NAMES))) == 3


def test_a_campaign_that_is_new_is_told_and_one_that_is_forgotten_is_not() -> None:
    dice = random.Random(4)
    usual = days(lambda: day(dice, sales=0))
    seen = Habits(60, 7, 60, 60 * 150, {SPRING: 30, SALES: 30})
    found = [one for one in what_else(seen, usual, NAMES) if one.what == "leads"]
    assert {(one.campaign, one.usual) for one in found} == {("spring", 1.0), ("sales", 0.0)}
    unnamed = what_else(seen, usual, {SPRING: "spring"})
    assert {one.campaign for one in unnamed if one.what == "leads"} == {"spring"}


def test_without_campaigns_nothing_is_said_of_leads() -> None:
    usual = [Habits(60, 7, 60, 60 * (140 + n), {NO_CAMPAIGN: 60}) for n in range(30)]
    assert [one.what for one in what_else(usual[0], usual, {})] == ["short_calls", "talk"]


def test_nothing_is_said_while_too_few_usual_days_are_known() -> None:
    dice = random.Random(5)
    unknown = [Habits() for _ in range(26)]  # an earlier release told nothing
    seen = day(dice)
    assert what_else(seen, [*unknown, *days(lambda: day(dice), 4)], NAMES) == ()
    assert what_else(seen, [*unknown, *days(lambda: day(dice), 5)], NAMES)
    assert what_else(Habits(), days(lambda: day(dice)), NAMES) == ()


def test_of_a_rep_who_sells_in_every_contact_nothing_is_said_of_talk() -> None:
    usual = [Habits(60, 7, 0, 0, {SPRING: 60}) for _ in range(30)]
    assert [one.what for one in what_else(usual[0], usual, NAMES)] == ["short_calls", "leads"]


def test_days_are_kept_up_to_a_number_and_read_back_as_they_were() -> None:
    dice, past = random.Random(6), b""
    all_days = days(lambda: day(dice), 9)
    for number, one in enumerate(all_days, start=1):
        past = append_day(past, one, min(number, 4))
        assert read_days(past) == all_days[max(number - 4, 0) : number]


def test_of_many_campaigns_a_day_keeps_the_largest_and_the_rest_as_none() -> None:
    of = {number: number for number in range(1, 31)} | {NO_CAMPAIGN: 5}
    (kept,) = read_days(append_day(b"", Habits(500, 0, 470, 1, of), 1))
    assert kept.contacts == sum(of.values())
    named = {number: held for number, held in kept.campaigns.items() if number != NO_CAMPAIGN}
    assert named == {number: number for number in range(31 - MOST_A_DAY, 31)}


def test_the_largest_day_fits_its_length() -> None:
    huge = Habits(2**31, 2**31, 2**31, 2**62, {2**31 + n: 2**31 - n for n in range(20)})
    (kept,) = read_days(append_day(b"", huge, 1))
    assert kept.contacts == huge.contacts


def test_a_number_is_never_that_of_a_second_campaign_and_no_more_than_some_are_kept() -> None:
    campaigns = Campaigns()
    first = campaigns.number("spring", 1)
    assert campaigns.number("spring", 5) == first != campaigns.number("sales", 2)
    campaigns.forget(3)
    assert campaigns.names() == {first: "spring"}
    assert campaigns.number("sales", 6) not in (first, 2)
    for number in range(2 * MOST_CAMPAIGNS):
        campaigns.number(f"c-{number}", 7)
    assert len(campaigns.known) == MOST_CAMPAIGNS
    assert campaigns.number("one-too-many", 7) == campaigns.number("", 7) == NO_CAMPAIGN
