"""Laws of the ledger over arbitrary histories of a deal."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from streams.core.events import Credit, DealClosed, DealLine, DealPosting, DealStatus, Op
from streams.core.ledger import (
    DealEvent,
    Reversals,
    decode_deal_event,
    encode_deal_event,
    fold,
    normalise,
)
from tests.property.slow_ledger import Told, recount

HOUR = 3_600_000
START = 1_760_000_000_000
LATER = START + 1000 * HOUR
"""After everything the strategies draw."""

REPS = ("r-1", "r-2", "r-3", "r-4")
PRODUCTS = ("p", "q", "s")
modes: st.SearchStrategy[Reversals] = st.sampled_from(("restate", "contra"))
# Small amounts make ties and remainders usual; the large ones go beyond floating point.
amounts = st.integers(0, 30) | st.integers(0, 10_000) | st.integers(2**53 - 200, 2**53 - 1)
teams = st.sampled_from((None, "north", "south"))
instants = st.integers(0, 6).map(lambda hours: START + hours * HOUR)


# Built once: strategies made anew for every draw are what makes generating slow.
statuses: st.SearchStrategy[DealStatus] = st.sampled_from(
    ("won", "amended", "cancelled", "refunded", "reinstated")
)
ops: st.SearchStrategy[Op] = st.sampled_from(("upsert", "upsert", "upsert", "retract"))
revisions = st.none() | st.integers(0, 4)
reversals = st.none() | amounts
line_lists = st.lists(
    st.builds(DealLine, product_id=st.sampled_from(PRODUCTS), amount_minor=amounts), max_size=3
)
links = st.sampled_from(((None, None, None), ("c-1", "l-1", "k-1"), ("c-2", None, "k-2")))
credited_reps = st.lists(st.tuples(st.sampled_from(REPS), teams), max_size=4)
shares_cut_at = st.integers(0, 10_000) | st.sampled_from((2500, 3333, 5000))
cut_lists = [st.lists(shares_cut_at, min_size=n, max_size=n) for n in range(4)]
origins = st.integers(0, 2)
AT = datetime.fromtimestamp(START / 1000, UTC)


@st.composite
def credits_of(draw: st.DrawFn) -> list[Credit]:
    """No credits, or shares of 1/10,000 that sum to 1, reps repeated and unsorted at times."""
    reps = draw(credited_reps)
    if not reps:
        return []
    cuts = sorted(draw(cut_lists[len(reps) - 1]))
    shares = [high - low for low, high in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    return [
        Credit(rep_id=rep, share=share / 10_000, team_id=team)
        for (rep, team), share in zip(reps, shares, strict=True)
    ]


credit_lists = credits_of()


@st.composite
def told_events(draw: st.DrawFn, currencies: st.SearchStrategy[str]) -> Told:
    lines = draw(line_lists)
    amount = sum(line.amount_minor for line in lines) if lines else draw(amounts)
    exactly_all = draw(st.booleans())  # the border between a deal that counts and one that does not
    customer, lead, call = draw(links)
    event = DealClosed(
        event_id="e",
        source="crm",
        occurred_at=AT,
        closed_at=AT,
        rep_id=draw(st.sampled_from(REPS)),
        deal_id="d",
        status=draw(statuses),
        op=draw(ops),
        currency=draw(currencies),
        amount_minor=amount,
        reversed_minor=amount if exactly_all else draw(reversals),
        revision=draw(revisions),
        team_id=draw(teams),
        lines=lines,
        credits=draw(credit_lists),
        customer_id=customer,
        lead_id=lead,
        call_id=call,
        is_new_customer=draw(st.booleans()),
    )
    return Told(event, draw(instants), draw(instants), draw(origins), draw(origins))


def histories_of(*currencies: str) -> st.SearchStrategy[list[Told]]:
    return st.lists(
        told_events(st.sampled_from(currencies)),
        min_size=1,
        max_size=6,
        unique_by=lambda told: told.version,
    )


histories = histories_of("EUR", "USD")
histories_in_one_currency = histories_of("EUR")


def kept(told: Told) -> DealEvent:
    event = normalise(told.event, told.occurred_ms, told.closed_ms, told.ts, told.offset)
    assert decode_deal_event(encode_deal_event(event)) == event
    return event


def post(events: list[DealEvent], mode: Reversals) -> list[DealPosting]:
    return fold("crm", "d", events, mode)


def said_later(hours: int, **fields: Any) -> DealEvent:
    """An event behind everything that the strategies draw."""
    plain: dict[str, Any] = {
        "event_id": "e",
        "source": "crm",
        "occurred_at": AT,
        "closed_at": AT,
        "deal_id": "d",
        "rep_id": "r-1",
        "status": "won",
        "currency": "EUR",
        "amount_minor": 100,
    }
    return kept(Told(DealClosed(**(plain | fields)), LATER + hours * HOUR, START, 9, 9))


def as_plain(posting: DealPosting) -> dict[str, Any]:
    """The posting as the recount writes it."""
    fields = structs.asdict(posting)
    for constant in ("source", "deal_id", "rep_id", "schema_version"):
        del fields[constant]
    fields["entries"] = [structs.astuple(entry) for entry in posting.entries]
    fields["counts"] = [structs.astuple(count) for count in posting.counts]
    return fields


def worth(postings: list[DealPosting]) -> dict[str, Any]:
    """What the postings add up to, without which and how many events there were."""
    return {
        posting.rep_id: (
            posting.currency,
            posting.entries,
            [count for count in posting.counts if count.gross_bp or count.reversed_bp],
            posting.has_contact,
            posting.retracted_at_ms,
            posting.customer_id,
        )
        for posting in postings
    }


def net(postings: list[DealPosting]) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    """(minor units per (rep, product), basis points per rep), without zeros."""
    money: Counter[tuple[str, str]] = Counter()
    count: Counter[str] = Counter()
    for posting in postings:
        for entry in posting.entries:
            money[posting.rep_id, entry.product_id] += entry.gross - entry.reversed
        for part in posting.counts:
            count[posting.rep_id] += part.gross_bp - part.reversed_bp
    return (
        {key: part for key, part in money.items() if part},
        {rep: part for rep, part in count.items() if part},
    )


@given(histories, modes)
def test_a_slow_recount_from_the_definitions_agrees(history: list[Told], mode: Reversals) -> None:
    postings = post([kept(told) for told in history], mode)
    assert {posting.rep_id: as_plain(posting) for posting in postings} == recount(history, mode)
    assert [posting.rep_id for posting in postings] == sorted(p.rep_id for p in postings)


@given(histories, modes, st.data())
def test_order_of_arrival_and_repeats_change_nothing(
    history: list[Told], mode: Reversals, data: st.DataObject
) -> None:
    events = [kept(told) for told in history]
    again = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events)))))
    assert post(again, mode) == post(events, mode)


@given(histories)
def test_parts_sum_to_the_deal_for_every_product(history: list[Told]) -> None:
    events = [kept(told) for told in history]
    last = said_later(0, status="reinstated")  # so that the deal stands, and wholly
    postings = post([*events, last], "restate")
    deals = [e for e in sorted(events, key=lambda e: e.version) if e.op == "upsert"]
    deals = [event for event in deals if event.status in ("won", "amended")]
    sold: Counter[str] = Counter()
    for posting in postings:
        for entry in posting.entries:
            assert entry.gross > 0
            assert entry.reversed == 0
            sold[entry.product_id] += entry.gross
    lines: Counter[str] = Counter()
    for product, amount in deals[-1].lines if deals else ():
        lines[product] += amount
    assert +sold == +lines
    points = sum(count.gross_bp for posting in postings for count in posting.counts)
    assert points == (10_000 if deals else 0)


@given(histories, st.integers(0, 20_000))
def test_refund_is_spread_to_the_minor_unit(history: list[Told], refund: int) -> None:
    last = said_later(0, status="refunded", reversed_minor=refund)
    postings = post([*map(kept, history), last], "restate")
    assume(any(posting.has_contact for posting in postings))
    assert sum(entry.reversed for posting in postings for entry in posting.entries) == refund


@given(histories)
def test_cancelling_reverses_every_part_exactly(history: list[Told]) -> None:
    postings = post([*map(kept, history), said_later(0, status="cancelled")], "restate")
    for posting in postings:
        assert all(entry.gross == entry.reversed for entry in posting.entries)
        assert all(count.gross_bp == count.reversed_bp for count in posting.counts)


@given(histories, modes)
def test_reinstating_a_cancelled_deal_restores_it(history: list[Told], mode: Reversals) -> None:
    whole = [*map(kept, history), said_later(0, status="reinstated")]
    back = [
        *whole,
        said_later(1, status="cancelled"),
        said_later(2, status="reinstated"),
    ]
    if mode == "restate":
        assert worth(post(back, mode)) == worth(post(whole, mode))
    assert net(post(back, mode)) == net(post(whole, mode))


@given(histories, modes)
def test_reinstating_a_retracted_deal_restores_it(history: list[Told], mode: Reversals) -> None:
    whole = [*map(kept, history), said_later(0, status="reinstated")]
    gone = [*whole, said_later(1, op="retract")]
    back = [*gone, said_later(2, status="reinstated")]
    assert worth(post(back, mode)) == worth(post(whole, mode))
    assert net(post(gone, mode)) == ({}, {})
    assert all(not posting.entries for posting in post(gone, mode))


@given(histories, modes, amounts)
def test_moved_deal_is_zero_for_the_old_reps_and_whole_for_the_new_one(
    history: list[Told], mode: Reversals, amount: int
) -> None:
    events = [*map(kept, history), said_later(0, rep_id="r-9", amount_minor=amount)]
    postings = post(events, mode)
    money, count = net(postings)
    assert money == ({("r-9", "unspecified"): amount} if amount else {})
    assert count == {"r-9": 10_000}
    assert len({posting.version for posting in postings}) == 1
    if mode == "restate":
        for posting in postings:
            assert posting.rep_id == "r-9" or not posting.entries
            assert len(posting.counts) == len(postings[0].counts)


@given(histories_in_one_currency)
def test_both_modes_come_to_the_same_net(history: list[Told]) -> None:
    events = [kept(told) for told in history]
    assert net(post(events, "restate")) == net(post(events, "contra"))


@given(histories, modes, st.data())
def test_more_events_make_a_larger_version_and_forget_no_rep_and_no_instant(
    history: list[Told], mode: Reversals, data: st.DataObject
) -> None:
    events = [kept(told) for told in history]
    fewer = data.draw(st.lists(st.sampled_from(events), max_size=len(events) - 1, unique=True))
    more = {posting.rep_id: posting for posting in post(events, mode)}
    for posting in post(fewer, mode):
        after = more[posting.rep_id]
        assert after.version > posting.version
        instants = {count.at_ms for count in after.counts}
        assert instants >= {count.at_ms for count in posting.counts}
        assert instants >= {entry.at_ms for entry in after.entries}


@given(histories, modes)
def test_nothing_posted_is_negative_and_no_count_exceeds_the_deal(
    history: list[Told], mode: Reversals
) -> None:
    postings = post([kept(told) for told in history], mode)
    for posting in postings:
        assert all(entry.gross >= 0 and entry.reversed >= 0 for entry in posting.entries)
        assert all(count.gross_bp >= 0 and count.reversed_bp >= 0 for count in posting.counts)
    _, count = net(postings)
    assert sum(count.values()) in (0, 10_000)
    assert sum(posting.has_contact for posting in postings) <= 1
