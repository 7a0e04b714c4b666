"""To which contact a deal belongs."""

from itertools import permutations

from streams.core.alerts.attribution import Attribution, Candidate, Close, attribute, owner
from streams.core.behind_team import customer_mark

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CLOSE_MS = 100 * DAY_MS


def contact(name: str, ended_ms: int, **more: object) -> Candidate:
    """A contact of two minutes that ended so long before the close."""
    at_ms = CLOSE_MS - ended_ms
    return Candidate(name, f"call-{name}", at_ms - 120_000, at_ms, **more)  # type: ignore[arg-type]  # keywords of one test each


def found(deal: Close, *contacts: Candidate) -> object:
    """What is found, whatever the order of the contacts."""
    results = {attribute(deal, order, DAY_MS) for order in permutations(contacts)}
    assert len(results) == 1
    return results.pop()


def test_the_call_that_a_deal_names_has_it_sold_or_not_and_however_long_ago() -> None:
    deal = Close(CLOSE_MS, call_id="call-a", lead_id="l")
    old = contact("a", 3 * DAY_MS, sold=True)
    assert found(deal, old, contact("b", 0, lead_id="l")) == Attribution("a", "call_id")


def test_a_deal_of_a_call_that_is_no_contact_belongs_to_none() -> None:
    deal = Close(CLOSE_MS, call_id="call-short", lead_id="l")
    assert found(deal, contact("b", 0, lead_id="l")) == "call_not_a_contact"


def test_the_latest_contact_of_the_lead_or_customer_comes_before_a_later_one_of_others() -> None:
    deal = Close(CLOSE_MS, lead_id="l", customer_id="c")
    mine = contact("a", 3 * HOUR_MS, lead_id="l")
    older = contact("b", 4 * HOUR_MS, customer=customer_mark("c"))
    other = contact("z", HOUR_MS, lead_id="x", customer=customer_mark("y"))
    assert found(deal, mine, older, other) == Attribution("a", "lead")
    assert found(deal, older, other) == Attribution("b", "customer")


def test_a_contact_with_lead_and_customer_is_found_by_either() -> None:
    mine = contact("a", 3 * HOUR_MS, lead_id="l", customer=customer_mark("c"))
    other = contact("z", HOUR_MS, lead_id="x", customer=customer_mark("y"))
    assert found(Close(CLOSE_MS, lead_id="l"), mine, other) == Attribution("a", "lead")
    assert found(Close(CLOSE_MS, customer_id="c"), mine, other) == Attribution("a", "customer")
    both = Close(CLOSE_MS, lead_id="gone", customer_id="c")
    assert found(both, mine, other) == Attribution("a", "customer")


def test_absent_ids_are_not_the_same_id() -> None:
    assert found(Close(CLOSE_MS), contact("a", HOUR_MS, sold=True)) == "no_contact"


def test_without_ids_the_latest_contact_without_a_sale_has_it() -> None:
    deal = Close(CLOSE_MS)
    contacts = [contact("a", 2 * HOUR_MS), contact("b", HOUR_MS), contact("c", 60_000, sold=True)]
    assert found(deal, *contacts) == Attribution("b", "latest")


def test_a_deal_closed_while_the_call_goes_on_belongs_to_it_and_none_to_a_later_call() -> None:
    deal = Close(CLOSE_MS)
    assert found(deal, contact("during", -60_000)) == Attribution("during", "latest")
    assert found(deal, contact("later", -180_000)) == "no_contact"


def test_the_window_ends_after_its_length_and_holds_for_every_rule_but_the_call() -> None:
    deal = Close(CLOSE_MS, lead_id="l")
    assert found(deal, contact("a", DAY_MS, lead_id="l")) == Attribution("a", "lead")
    assert found(deal, contact("a", DAY_MS + 1, lead_id="l")) == "no_contact"
    assert found(deal, contact("a", DAY_MS, lead_id="x")) == Attribution("a", "latest")


def test_of_contacts_that_ended_together_the_greater_entity_has_it() -> None:
    assert found(Close(CLOSE_MS), contact("a", 5), contact("b", 5)) == Attribution("b", "latest")


def test_the_contact_of_a_split_deal_is_of_the_largest_share_and_of_equals_the_lower_rep() -> None:
    assert owner([("a", None, 3_000), ("b", "t", 4_000), ("c", None, 3_000)]) == "b"
    assert owner([("b", None, 5_000), ("a", None, 5_000)]) == "a"
