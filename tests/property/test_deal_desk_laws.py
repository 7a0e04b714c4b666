"""Laws of deals on their whole way: events to postings to the reps' days, under faults."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json

from streams.core import segment
from streams.core.codec import to_ms
from streams.core.contribution import deal_amounts, deal_contributions, deal_part
from streams.core.deal_desk import DealDesk
from streams.core.events import DealClosed, DealPosting
from streams.core.intake import DEAL_POSTINGS, apply_slice
from streams.core.ledger import fold, normalise
from streams.core.plan import Plan
from streams.core.scoreboard import Scoreboard
from streams.core.tally import Total
from streams.engine.stores import MemorySegments
from tests.builders import DAY_MS, HOUR_MS, NOON_MS, Record, deal, record

ZONE = "Europe/Berlin"
NAMES = ("ana", "bo", "cai")

instants = st.sampled_from(
    [NOON_MS, NOON_MS - 9 * HOUR_MS, NOON_MS - 15 * HOUR_MS, NOON_MS - 40 * DAY_MS]
)
splits = st.sampled_from(
    [
        [],
        [{"rep_id": "ana", "share": 0.5}, {"rep_id": "bo", "share": 0.5}],
        [{"rep_id": "bo", "share": 0.3334}, {"rep_id": "cai", "share": 0.6666}],
    ]
)
deals = st.fixed_dictionaries(
    {
        "at_ms": instants,
        "closed_ms": instants,
        "rep_id": st.sampled_from(NAMES),
        "deal_id": st.sampled_from(["d1", "d2"]),
        "op": st.sampled_from(["upsert", "upsert", "upsert", "retract"]),
        "status": st.sampled_from(["won", "amended", "cancelled", "refunded", "reinstated"]),
        "amount_minor": st.sampled_from([0, 1, 9_999]),
        "reversed_minor": st.sampled_from([None, 0, 500]),
        "revision": st.sampled_from([0, 1, 1, 2]),
        "credits": splits,
        "is_new_customer": st.booleans(),
    }
)


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of two, so that a deal fills several."""
    monkeypatch.setattr(segment, "SEGMENT", 2)


fixed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def log_of(events: list[dict[str, Any]]) -> list[Record]:
    """The events as records of deal-closed."""
    return [record("deal-closed", deal(**fields), offset) for offset, fields in enumerate(events)]


def expected(log: list[Record], mode: Any) -> dict[tuple[str, int], Total]:
    """(rep, local day) to what the folds of all deals add up to."""
    events: dict[tuple[str, str], list[Any]] = {}
    for one in log:
        event = json.decode(one.value or b"", type=DealClosed)
        entry = normalise(
            event, to_ms(event.occurred_at), to_ms(event.closed_at), one.timestamp, one.offset
        )
        events.setdefault((event.source, event.deal_id), []).append(entry)
    zone = Plan.empty(ZONE).default_zone
    cells: dict[tuple[str, int], Total] = {}
    for (source, deal_id), entries in events.items():
        for posting in fold(source, deal_id, entries, mode):
            for day, part in deal_contributions(posting, zone.day_of, 0, 0, keep_team=False):
                total = Total(*deal_amounts(deal_part(part)))
                cells.setdefault((posting.rep_id, day), Total()).add(total)
    return {name: total for name, total in cells.items() if total}


class Way:
    """A desk, the postings it sent, and a scoreboard that reads them; each may die."""

    def __init__(self, rng: Random, mode: Any) -> None:
        self.rng = rng
        self.mode = mode
        self.changelog: list[tuple[bytes, bytes]] = []
        self.postings: list[Record] = []
        self.desk = self._desk()

    def _desk(self) -> DealDesk:
        desk = DealDesk(0, 1, MemorySegments(), self.mode)
        desk.new_writer(self.rng.randbytes(8))
        desk.recover(self.changelog, len(self.changelog) - 1)
        desk.recovered()
        return desk

    def live(self, log: list[Record]) -> None:
        """Read the log, with crashes that lose what was not committed but not what was sent."""
        at = committed = 0
        while committed < len(log):
            what = self.rng.random()
            if what < 0.5:
                upto = min(len(log), at + self.rng.randint(1, 4))
                _, sent = self.desk.apply(log[at:upto])
                at = upto
                self._send(sent)
            elif what < 0.8:
                segments, marks = self.desk.take()
                self.changelog += segments
                self.desk.store.write([*segments, *marks], len(self.changelog) - 1)
                committed = at
                self.desk.evict()
            else:
                self.desk, at = self._desk(), committed

    def _send(self, sent: list[DealPosting]) -> None:
        for posting in sent:
            at = len(self.postings)
            self.postings.append(record(DEAL_POSTINGS, json.encode(posting), at, NOON_MS + at))

    def cells(self, postings: list[Record]) -> dict[tuple[str, int], Total]:
        """What a scoreboard makes of the postings."""
        board = Scoreboard(0, 1, Plan.empty(ZONE), MemorySegments())
        board.new_writer(self.rng.randbytes(8))
        board.recovered()
        for one in postings:
            apply_slice(board, DEAL_POSTINGS, [one], {})
        return {
            (rep.rep_id, day): total
            for rep in board.reps.values()
            for day, held in rep.days.items()
            if (total := held.total())
        }


modes = st.sampled_from(["restate", "contra"])


@fixed
@given(st.lists(deals, min_size=1, max_size=12), modes, st.integers(0, 2**32))
def test_deals_arrive_at_their_reps_days_whatever_happens(
    events: list[dict[str, Any]], mode: Any, seed: int
) -> None:
    log = log_of(events)
    way = Way(Random(seed), mode)
    way.live(log)
    assert way.cells(way.postings) == expected(log, mode)


@fixed
@given(st.lists(deals, min_size=1, max_size=12), modes, st.integers(0, 2**32))
def test_postings_may_arrive_in_any_order_and_twice(
    events: list[dict[str, Any]], mode: Any, seed: int
) -> None:
    log = log_of(events)
    way = Way(Random(seed), mode)
    way.live(log)
    mixed = [*way.postings, *way.postings]
    way.rng.shuffle(mixed)
    assert way.cells(mixed) == expected(log, mode)


@fixed
@given(st.lists(deals, min_size=1, max_size=10), modes, st.integers(0, 2**32))
def test_the_order_in_which_events_arrive_changes_no_number(
    events: list[dict[str, Any]], mode: Any, seed: int
) -> None:
    log, order = log_of(events), Random(seed)
    shuffled = list(log)
    order.shuffle(shuffled)
    way, other = Way(order, mode), Way(order, mode)
    way.live(log)
    other.live(shuffled)
    assert way.cells(way.postings) == other.cells(other.postings)


@fixed
@given(st.lists(deals, min_size=1, max_size=12), st.integers(0, 2**32))
def test_the_parts_of_a_split_deal_add_up(events: list[dict[str, Any]], seed: int) -> None:
    log = log_of([fields | {"op": "upsert", "status": "won", "deal_id": "d1"} for fields in events])
    way = Way(Random(seed), "restate")
    way.live(log)
    told = [(json.decode(one.value or b"", type=DealClosed), one.offset) for one in log]
    last, _ = max(told, key=lambda one: (one[0].revision or 0, one[1]))
    total = Total()
    for cell in way.cells(way.postings).values():
        total.add(cell)
    assert sum(gross for gross, _ in total.money.values()) == last.amount_minor
    assert sum(back for _, back in total.money.values()) == (last.reversed_minor or 0)
