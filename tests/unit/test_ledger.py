"""The rules of the ledger, each on the smallest deal that shows it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from streams.core.errors import MalformedEvent
from streams.core.events import Credit, DealClosed, DealLine, DealPosting
from streams.core.ledger import (
    DealEvent,
    Reversals,
    decode_deal_event,
    distinct,
    encode_deal_event,
    fold,
    normalise,
)

HOUR = 3_600_000
CLOSE = 1_760_000_000_000
MODES: tuple[Reversals, ...] = ("restate", "contra")
both_modes = pytest.mark.parametrize("mode", MODES)


def closed(**fields: Any) -> DealClosed:
    at = datetime.fromtimestamp(CLOSE / 1000, UTC)
    given: dict[str, Any] = {
        "event_id": "e",
        "source": "crm",
        "occurred_at": at,
        "rep_id": "r-1",
        "deal_id": "d-1",
        "status": "won",
        "closed_at": at,
        "currency": "EUR",
        "amount_minor": 1000,
    }
    return DealClosed(**(given | fields))


def event(hours: int = 0, closed_hours: int = 0, ts: int = 0, **fields: Any) -> DealEvent:
    """An event `hours` after the first close, of a deal closed `closed_hours` after it."""
    return normalise(closed(**fields), CLOSE + hours * HOUR, CLOSE + closed_hours * HOUR, ts, 0)


def post(*events: DealEvent, mode: Reversals = "restate") -> dict[str, DealPosting]:
    return {posting.rep_id: posting for posting in fold("crm", "d-1", events, mode)}


def money(posting: DealPosting) -> list[tuple[int, str, int, int]]:
    """Entries as (hours after the first close, product, gross, reversed)."""
    return [
        ((entry.at_ms - CLOSE) // HOUR, entry.product_id, entry.gross, entry.reversed)
        for entry in posting.entries
    ]


def counts(posting: DealPosting) -> list[tuple[int, int, int]]:
    """Counts as (hours after the first close, gross, reversed)."""
    return [((c.at_ms - CLOSE) // HOUR, c.gross_bp, c.reversed_bp) for c in posting.counts]


def only(*events: DealEvent, mode: Reversals = "restate") -> DealPosting:
    (posting,) = post(*events, mode=mode).values()
    return posting


# --- normalise ------------------------------------------------------------------------------------


def test_absent_revision_is_the_moment_it_occurred() -> None:
    assert event(hours=2).revision == CLOSE + 2 * HOUR
    assert event(hours=2, revision=0).revision == 0


def test_deal_without_credits_is_the_envelope_reps() -> None:
    assert event(team_id="north").credits == (("r-1", "north", 10_000),)


def test_credits_are_sorted_and_summed_per_rep() -> None:
    credited = event(
        credits=[
            Credit(rep_id="b", share=0.25),
            Credit(rep_id="a", share=0.5, team_id="south"),
            Credit(rep_id="b", share=0.25, team_id="north"),
        ]
    )
    assert credited.credits == (("a", "south", 5000), ("b", "north", 5000))


def test_shares_round_to_the_nearest_basis_point_with_halves_up() -> None:
    credited = event(credits=[Credit(rep_id="a", share=0.00005), Credit(rep_id="b", share=0.99994)])
    assert credited.credits == (("a", None, 1), ("b", None, 9999))


def test_rep_credited_twice_keeps_the_first_team_stated() -> None:
    teams = [None, "north", "south", None]
    credited = event(credits=[Credit(rep_id="a", share=0.25, team_id=team) for team in teams])
    assert credited.credits == (("a", "north", 10_000),)


@pytest.mark.parametrize("shares", [[0.3333, 0.3333, 0.3333], [0.5, 0.5001], [0.0]])
def test_shares_that_miss_the_whole_are_malformed(shares: list[float]) -> None:
    credits = [Credit(rep_id=f"r-{i}", share=share) for i, share in enumerate(shares)]
    with pytest.raises(MalformedEvent) as caught:
        event(credits=credits)
    assert (caught.value.code, caught.value.path) == ("credits", "$.credits")
    assert str(sum(int(share * 10_000) for share in shares)) in caught.value.message


def test_deal_without_lines_is_one_unspecified_product() -> None:
    assert event().lines == (("unspecified", 1000),)


def test_lines_that_miss_the_amount_are_malformed() -> None:
    with pytest.raises(MalformedEvent) as caught:
        event(lines=[DealLine(product_id="p", amount_minor=999)])
    assert (caught.value.code, caught.value.path) == ("lines", "$.lines")
    assert "999" in caught.value.message
    assert "1000" in caught.value.message


def test_stored_event_reads_back_as_it_was() -> None:
    written = event(
        credits=[Credit(rep_id="a", share=1, team_id="t")],
        customer_id="c",
        reversed_minor=5,
        is_new_customer=True,
    )
    assert decode_deal_event(encode_deal_event(written)) == written


# --- what a deal is -------------------------------------------------------------------------------


@both_modes
def test_won_deal_counts_at_its_close(mode: Reversals) -> None:
    posting = only(event(hours=1, customer_id="c", lead_id="l", call_id="k"), mode=mode)
    assert money(posting) == [(0, "unspecified", 1000, 0)]
    assert counts(posting) == [(0, 10_000, 0), (1, 0, 0)]
    assert posting.version == (1, CLOSE + HOUR)
    assert (posting.customer_id, posting.lead_id, posting.call_id) == ("c", "l", "k")
    assert posting.has_contact
    assert posting.currency == "EUR"
    assert posting.closed_at_ms == CLOSE


def test_amendment_replaces_the_amount_at_the_close() -> None:
    posting = only(event(), event(hours=5, status="amended", amount_minor=700))
    assert money(posting) == [(0, "unspecified", 700, 0)]


def test_amendment_dates_the_change_in_contra_mode() -> None:
    less = event(hours=5, status="amended", amount_minor=700)
    more = event(hours=9, status="amended", amount_minor=1100)
    posting = only(event(), less, more, mode="contra")
    assert money(posting) == [
        (0, "unspecified", 1000, 0),
        (5, "unspecified", 0, 300),
        (9, "unspecified", 400, 0),
    ]
    assert counts(posting) == [(0, 10_000, 0), (5, 0, 0), (9, 0, 0)]


def test_moved_close_leaves_zeros_behind() -> None:
    posting = only(event(), event(hours=5, closed_hours=-48, status="amended"))
    assert money(posting) == [(-48, "unspecified", 1000, 0)]
    assert counts(posting) == [(-48, 10_000, 0), (0, 0, 0), (5, 0, 0)]


def test_moved_close_changes_nothing_in_contra_mode() -> None:
    posting = only(event(), event(hours=5, closed_hours=-48, status="amended"), mode="contra")
    assert money(posting) == [(0, "unspecified", 1000, 0)]
    assert counts(posting) == [(-48, 0, 0), (0, 10_000, 0), (5, 0, 0)]


def test_status_events_do_not_say_what_a_deal_is() -> None:
    refund = event(hours=3, closed_hours=3, status="refunded", amount_minor=7, reversed_minor=400)
    posting = only(event(customer_id="c"), refund)
    assert money(posting) == [(0, "unspecified", 1000, 400)]
    assert posting.customer_id == "c"
    assert posting.closed_at_ms == CLOSE


@both_modes
def test_deal_never_won_is_worth_nothing(mode: Reversals) -> None:
    posting = only(event(status="refunded", reversed_minor=400, currency="USD"), mode=mode)
    assert posting.entries == []
    assert counts(posting) == [(0, 0, 0)]
    assert not posting.has_contact
    assert posting.currency == "USD"


@both_modes
def test_no_events_make_no_postings(mode: Reversals) -> None:
    assert post(mode=mode) == {}


# --- reversals ------------------------------------------------------------------------------------


def test_cancelled_deal_is_reversed_where_it_was_closed() -> None:
    posting = only(event(), event(hours=30, status="cancelled"))
    assert money(posting) == [(0, "unspecified", 1000, 1000)]
    assert counts(posting) == [(0, 10_000, 10_000), (30, 0, 0)]


def test_cancelled_deal_is_reversed_when_it_occurred_in_contra_mode() -> None:
    posting = only(event(), event(hours=30, status="cancelled"), mode="contra")
    assert money(posting) == [(0, "unspecified", 1000, 0), (30, "unspecified", 0, 1000)]
    assert counts(posting) == [(0, 10_000, 0), (30, 0, 10_000)]


def test_cancelled_deal_stays_wholly_reversed_when_amended() -> None:
    cancelled = event(hours=1, status="cancelled")
    posting = only(event(), cancelled, event(hours=2, status="amended", amount_minor=1500))
    assert money(posting) == [(0, "unspecified", 1500, 1500)]
    assert counts(posting)[0] == (0, 10_000, 10_000)


def test_refunded_amount_stays_when_amended() -> None:
    refund = event(hours=1, status="refunded", reversed_minor=400)
    posting = only(event(), refund, event(hours=2, status="amended", amount_minor=1500))
    assert money(posting) == [(0, "unspecified", 1500, 400)]


def test_amendment_may_state_the_reversal_itself() -> None:
    cancelled = event(hours=1, status="cancelled")
    posting = only(event(), cancelled, event(hours=2, status="amended", reversed_minor=100))
    assert money(posting) == [(0, "unspecified", 1000, 100)]
    assert counts(posting)[0] == (0, 10_000, 0)


def test_refund_without_an_amount_is_a_refund_of_all() -> None:
    posting = only(event(), event(hours=1, status="refunded"))
    assert money(posting) == [(0, "unspecified", 1000, 1000)]
    assert counts(posting)[0] == (0, 10_000, 10_000)


def test_part_refund_keeps_the_deal_as_a_count() -> None:
    posting = only(event(), event(hours=1, status="refunded", reversed_minor=999))
    assert counts(posting)[0] == (0, 10_000, 0)


def test_refund_of_exactly_the_amount_takes_the_deal_back_as_a_count() -> None:
    refund = event(hours=1, status="refunded", reversed_minor=1000)
    assert counts(only(event(), refund))[0] == (0, 10_000, 10_000)


@both_modes
def test_refund_may_exceed_the_deal(mode: Reversals) -> None:
    posting = only(event(), event(hours=1, status="refunded", reversed_minor=1300), mode=mode)
    assert sum(entry.gross - entry.reversed for entry in posting.entries) == -300
    assert sum(c.gross_bp - c.reversed_bp for c in posting.counts) == 0


def test_won_again_ends_a_reversal() -> None:
    posting = only(event(), event(hours=1, status="cancelled"), event(hours=2))
    assert money(posting) == [(0, "unspecified", 1000, 0)]


def test_won_may_state_a_reversal() -> None:
    assert money(only(event(reversed_minor=200))) == [(0, "unspecified", 1000, 200)]


def test_reversal_a_deal_starts_with_is_dated_when_that_event_occurred_in_contra_mode() -> None:
    posting = only(event(hours=8, reversed_minor=200), mode="contra")
    assert money(posting) == [(0, "unspecified", 1000, 0), (8, "unspecified", 0, 200)]


def test_deal_of_nothing_is_reversed_only_when_cancelled() -> None:
    free = event(amount_minor=0)
    assert counts(only(free))[0] == (0, 10_000, 0)
    refund_of_nothing = event(hours=1, status="refunded", reversed_minor=0)
    assert counts(only(free, refund_of_nothing))[0] == (0, 10_000, 0)
    assert counts(only(free, event(hours=1, status="cancelled")))[0] == (0, 10_000, 10_000)


def test_change_of_currency_starts_over_in_contra_mode() -> None:
    dollars = event(hours=5, status="amended", currency="USD", amount_minor=1100)
    refund = event(hours=9, status="refunded", reversed_minor=100)
    posting = only(event(), dollars, refund, mode="contra")
    assert posting.currency == "USD"
    assert money(posting) == [(0, "unspecified", 1100, 0), (9, "unspecified", 0, 100)]
    assert counts(posting) == [(0, 10_000, 0), (5, 0, 0), (9, 0, 0)]


# --- retractions ----------------------------------------------------------------------------------


@both_modes
def test_retracted_deal_never_was(mode: Reversals) -> None:
    posting = only(event(), event(hours=4, closed_hours=2, op="retract"), mode=mode)
    assert posting.entries == []
    assert counts(posting) == [(0, 0, 0), (2, 0, 0), (4, 0, 0)]
    assert posting.retracted_at_ms == CLOSE + 2 * HOUR
    assert not posting.has_contact


def test_retraction_counts_for_the_reps_it_credits() -> None:
    moved = event(hours=1, status="amended", rep_id="r-2")
    postings = post(event(), moved, event(hours=2, op="retract", rep_id="r-2"))
    assert postings["r-1"].retracted_at_ms is None
    assert postings["r-2"].retracted_at_ms == CLOSE


@both_modes
def test_upsert_behind_a_retraction_brings_the_deal_back(mode: Reversals) -> None:
    retraction = event(hours=1, op="retract", amount_minor=1)
    posting = only(event(), retraction, event(hours=2, status="reinstated"), mode=mode)
    assert money(posting) == [(0, "unspecified", 1000, 0)]
    assert posting.retracted_at_ms is None
    assert posting.version[0] == 3


def test_retraction_alone_credits_its_reps_with_zeros() -> None:
    posting = only(event(op="retract"))
    assert posting.entries == []
    assert posting.retracted_at_ms == CLOSE


# --- reps -----------------------------------------------------------------------------------------


def test_amounts_are_split_by_largest_remainder_with_ties_to_the_lower_rep() -> None:
    shared = event(
        amount_minor=101,
        credits=[Credit(rep_id="b", share=0.5), Credit(rep_id="a", share=0.5)],
    )
    postings = post(shared)
    assert money(postings["a"]) == [(0, "unspecified", 51, 0)]
    assert money(postings["b"]) == [(0, "unspecified", 50, 0)]
    assert [p.counts[0].gross_bp for p in postings.values()] == [5000, 5000]
    assert [p.has_contact for p in postings.values()] == [True, False]


def test_contact_belongs_to_the_largest_share() -> None:
    shared = event(credits=[Credit(rep_id="a", share=0.4), Credit(rep_id="b", share=0.6)])
    assert {rep: posting.has_contact for rep, posting in post(shared).items()} == {
        "a": False,
        "b": True,
    }


def test_reversal_is_spread_over_lines_by_their_amounts() -> None:
    lines = [
        DealLine(product_id="p", amount_minor=300),
        DealLine(product_id="q", amount_minor=600),
        DealLine(product_id="p", amount_minor=100),
    ]
    posting = only(event(lines=lines), event(hours=1, status="refunded", reversed_minor=101))
    # 30.3, 60.6 and 10.1: the unit left goes to q.
    assert money(posting) == [(0, "p", 400, 40), (0, "q", 600, 61)]


def test_reversal_of_free_lines_falls_on_the_first() -> None:
    lines = [DealLine(product_id="q", amount_minor=0), DealLine(product_id="p", amount_minor=0)]
    refund = event(hours=1, status="refunded", reversed_minor=10)
    posting = only(event(amount_minor=0, lines=lines), refund)
    assert money(posting) == [(0, "q", 0, 10)]


def test_moved_deal_leaves_zeros_with_the_old_rep() -> None:
    postings = post(event(), event(hours=5, status="amended", rep_id="r-2"))
    assert list(postings) == ["r-1", "r-2"]
    assert postings["r-1"].entries == []
    assert counts(postings["r-1"]) == [(0, 0, 0), (5, 0, 0)]
    assert money(postings["r-2"]) == [(0, "unspecified", 1000, 0)]
    assert postings["r-1"].version == postings["r-2"].version


def test_moved_deal_moves_when_it_occurred_in_contra_mode() -> None:
    postings = post(event(), event(hours=5, status="amended", rep_id="r-2"), mode="contra")
    assert money(postings["r-1"]) == [(0, "unspecified", 1000, 0), (5, "unspecified", 0, 1000)]
    assert counts(postings["r-1"]) == [(0, 10_000, 0), (5, 0, 10_000)]
    assert money(postings["r-2"]) == [(5, "unspecified", 1000, 0)]
    assert counts(postings["r-2"]) == [(0, 0, 0), (5, 10_000, 0)]


def test_team_is_the_last_one_stated_for_the_rep() -> None:
    first, second = event(team_id="north"), event(hours=1, status="amended", team_id="south")
    silent = event(hours=2, status="refunded", reversed_minor=1)
    assert only(first, second, silent).team_id == "south"


# --- identity of events ---------------------------------------------------------------------------


def test_equal_revisions_are_ordered_by_the_origin_record() -> None:
    later, earlier = event(ts=2, revision=7, amount_minor=5), event(ts=1, revision=7)
    assert distinct([later, earlier, later]) == [earlier, later]
    posting = only(later, earlier, later)
    assert money(posting) == [(0, "unspecified", 5, 0)]
    assert posting.version == (2, 7)


def test_unlike_events_of_one_version_fold_alike_in_either_order() -> None:
    one, other = event(revision=7), event(revision=7, amount_minor=5)
    assert only(one, other) == only(other, one)
    assert only(one, other).version == (1, 7)
