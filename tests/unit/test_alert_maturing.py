"""Contacts of age: which there are, and which of them sold in time."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from msgspec import json

from streams.core.alerts.contact import BUCKET_MS, MaturedContact, due_ms
from streams.core.alerts.maturing import Site, Span, first_span, matured_of
from streams.core.alerts.settings import AlertSettings
from streams.core.behind_team import MARK_BYTES
from streams.core.deal_desk import DealDesk
from streams.core.events import CALL_ENDED, DEAL_CLOSED
from streams.core.intake import DEAL_POSTINGS, apply_slice
from streams.core.plan import Plan, parse_plan
from streams.core.scoreboard import Scoreboard
from streams.engine.stores import MemorySegments
from tests.builders import DAY_MS, HOUR_MS, NOON_MS, call, deal, record

SETTINGS = AlertSettings()
MINUTE_MS = 60_000
START = NOON_MS // BUCKET_MS * BUCKET_MS
SPAN = Span(START, START + BUCKET_MS)
DUE_MS = due_ms(START // BUCKET_MS, SETTINGS.grace_ms)
PLAN = """
[sites.lisbon]
zone = "Europe/Lisbon"
[teams.north]
site = "lisbon"
[[roster]]
rep = "ana"
team = "north"
[dispositions]
AM = []
"""


class Desk:
    """One partition with a ledger and a scoreboard."""

    def __init__(self, plan: Plan) -> None:
        self.board = Scoreboard(0, 1, plan, MemorySegments())
        self._deals = DealDesk(0, 1, MemorySegments(), plan.reversals)
        for part in (self.board, self._deals):
            part.new_writer(b"w" * 8)
        self._offset = 0
        self.late_deals = 0

    def call(self, at_ms: int, **fields: Any) -> None:
        self._apply(CALL_ENDED, call(at_ms=at_ms, **fields))

    def deal(self, closed_ms: int, **fields: Any) -> None:
        self._offset += 1
        event = deal(at_ms=fields.pop("at_ms", closed_ms), closed_ms=closed_ms, **fields)
        _, postings = self._deals.apply([record(DEAL_CLOSED, event, self._offset)])
        for posting in postings:
            self._apply(DEAL_POSTINGS, json.encode(posting))

    def _apply(self, kind: str, value: dict[str, Any] | bytes) -> None:
        self._offset += 1
        said = apply_slice(self.board, kind, [record(kind, value, self._offset)], {})
        self.late_deals += said.late_deals

    def matured(self, rep: str = "ana", span: Span = SPAN) -> list[tuple[Site, MaturedContact]]:
        return list(matured_of(self.board, self.board.reps[rep], span, SETTINGS))

    def sales(self, rep: str = "ana") -> dict[str, str]:
        """Call to rule, of what sold."""
        return {one.entity[4:]: one.rule for _, one in self.matured(rep) if one.sale}


@pytest.fixture
def desk() -> Desk:
    return Desk(parse_plan(PLAN, "UTC"))


def test_contacts_of_the_span_go_to_their_site_and_no_others(desk: Desk) -> None:
    desk.call(START - 1, call_id="before")
    desk.call(START, call_id="first")
    desk.call(SPAN.end_ms - 1, call_id="last")
    desk.call(SPAN.end_ms, call_id="after")
    desk.call(START + 1, call_id="machine", answered_by="machine")
    found = desk.matured()
    assert {site for site, _ in found} == {Site("lisbon", "Europe/Lisbon")}
    assert {(one.entity, one.team_id, one.sale) for _, one in found} == {
        ("pbx\x1ffirst", "north", False),
        ("pbx\x1flast", "north", False),
    }


def test_a_rep_outside_the_roster_is_in_the_team_of_the_events(desk: Desk) -> None:
    desk.call(START, rep_id="guest", team_id="temps")
    ((site, contact),) = desk.matured("guest")
    assert (site.site_id, contact.team_id) == ("default", "temps")


def test_a_contact_tells_its_talk_its_campaign_and_the_answered_calls_since_the_one_before(
    desk: Desk,
) -> None:
    fields = {"talk_ms": 90_999, "campaign_id": "spring", "queue_id": "sales"}
    desk.call(START - HOUR_MS, call_id="an-hour-ago", talk_ms=1_000)
    desk.call(START - HOUR_MS + 1, call_id="within-the-hour", talk_ms=1_000)
    desk.call(START - 1, call_id="machine", answered_by="machine")
    desk.call(START - 1, call_id="taken-back", op="retract")
    desk.call(START, call_id="first", **fields)
    desk.call(START + 1, call_id="short", talk_ms=9_999)
    desk.call(START + 2, call_id="voicemail", disposition="AM")
    desk.call(START + 3, call_id="second", queue_id="sales")
    desk.call(START + 4, call_id="third", campaign_id="long" * 17)
    found = {one.entity[4:]: (one.answered, one.short, one.campaign) for _, one in desk.matured()}
    assert found == {"first": (2, 1, "spring"), "second": (3, 1, "sales"), "third": (1, 0, "")}
    assert {one.entity[4:]: one.talk_s for _, one in desk.matured()}["first"] == 90


def test_the_team_of_a_contact_that_has_a_campaign_is_still_its_team(desk: Desk) -> None:
    desk.call(START, rep_id="guest", team_id="temps", campaign_id="spring")
    ((_, contact),) = desk.matured("guest")
    assert (contact.team_id, contact.campaign) == ("temps", "spring")


def test_a_deal_makes_the_call_it_names_a_sale(desk: Desk) -> None:
    desk.call(START, call_id="c1")
    desk.call(START + MINUTE_MS, call_id="c2")
    desk.deal(START + 2 * MINUTE_MS, call_id="c1")
    assert desk.sales() == {"c1": "call_id"}


def test_a_deal_without_ids_belongs_to_the_latest_contact_that_has_not_sold(desk: Desk) -> None:
    desk.call(START, call_id="c1")
    desk.call(START + MINUTE_MS, call_id="c2")
    desk.deal(START + 2 * MINUTE_MS, deal_id="d1")
    desk.deal(START + 3 * MINUTE_MS, deal_id="d2")
    assert desk.sales() == {"c1": "latest", "c2": "latest"}


def test_a_deal_of_the_same_lead_finds_its_contact(desk: Desk) -> None:
    desk.call(START, call_id="c1", lead_id="l1")
    desk.call(START + MINUTE_MS, call_id="c2", lead_id="l2")
    desk.deal(START + 2 * MINUTE_MS, lead_id="l1")
    assert desk.sales() == {"c1": "lead"}


def test_a_deal_counts_until_its_contact_is_due_and_not_after(desk: Desk) -> None:
    desk.call(START, call_id="c1")
    desk.call(START + 1, call_id="c2")
    desk.deal(DUE_MS - 1, deal_id="d1", call_id="c1")
    desk.deal(DUE_MS, deal_id="d2", call_id="c2")
    assert desk.sales() == {"c1": "call_id"}


def test_a_deal_that_was_cancelled_is_a_sale_whenever_one_looks(desk: Desk) -> None:
    desk.call(START, call_id="c1")
    desk.deal(START + 1, call_id="c1")
    desk.deal(START + 1, call_id="c1", at_ms=START + MINUTE_MS, status="cancelled")
    assert desk.sales() == {"c1": "call_id"}


def test_a_deal_that_never_was_is_no_sale(desk: Desk) -> None:
    desk.call(START, call_id="c1")
    desk.deal(START + 1, call_id="c1")
    desk.deal(START + 1, call_id="c1", at_ms=START + MINUTE_MS, op="retract")
    assert desk.sales() == {}


def test_of_a_split_deal_the_contact_is_that_of_the_larger_share(desk: Desk) -> None:
    for rep in ("ana", "bo"):
        desk.call(START, call_id=f"of-{rep}", rep_id=rep)
    credits_ = [{"rep_id": "ana", "share": 0.3}, {"rep_id": "bo", "share": 0.7}]
    desk.deal(START + MINUTE_MS, credits=credits_)
    assert (desk.sales("ana"), desk.sales("bo")) == ({}, {"of-bo": "latest"})


def test_midnight_between_a_call_and_its_deal_changes_nothing(desk: Desk) -> None:
    midnight = NOON_MS + 11 * HOUR_MS  # of Lisbon, in summer
    desk.call(midnight - MINUTE_MS, call_id="c1")
    desk.deal(midnight + MINUTE_MS, call_id="c1")
    ((_, contact),) = desk.matured(span=Span(midnight - BUCKET_MS, midnight))
    assert contact.sale


def test_what_was_never_handed_on_begins_with_the_first_day_a_day_at_a_time(desk: Desk) -> None:
    desk.call(NOON_MS - 3 * DAY_MS)
    desk.call(NOON_MS)
    span = first_span(desk.board, -1, NOON_MS)
    assert span is not None
    assert span.start_ms <= NOON_MS - 3 * DAY_MS
    assert span.end_ms - span.start_ms == DAY_MS
    assert first_span(desk.board, span.end_ms, span.end_ms) is None
    assert first_span(desk.board, NOON_MS - 1, NOON_MS) == Span(NOON_MS - 1, NOON_MS)
    assert first_span(desk.board, NOON_MS, -1) is None


def test_a_partition_without_contacts_says_so_at_once(desk: Desk) -> None:
    assert first_span(desk.board, -1, NOON_MS) == Span(NOON_MS, NOON_MS)
    desk.call(NOON_MS - 300 * DAY_MS)
    after = NOON_MS - 290 * DAY_MS
    assert first_span(desk.board, after, NOON_MS) == Span(NOON_MS, NOON_MS)


def test_a_deal_is_late_that_comes_or_changes_when_its_contact_was_scored(desk: Desk) -> None:
    desk.call(START, call_id="a")
    desk.deal(START, deal_id="in-time", call_id="a")
    assert desk.late_deals == 0
    desk.board.handed_on_ms = SPAN.end_ms
    desk.deal(START, deal_id="late", call_id="a")
    assert desk.late_deals == 1
    desk.deal(START, deal_id="late", call_id="a", status="cancelled", at_ms=DUE_MS)
    assert desk.late_deals == 2
    desk.deal(SPAN.end_ms, deal_id="of-the-next")
    assert desk.late_deals == 2


@pytest.mark.parametrize("seed", range(8))
def test_however_a_day_is_cut_the_same_contacts_have_sold(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    day_ms = START // DAY_MS * DAY_MS
    for number in range(60):
        at_ms = day_ms - DAY_MS + dice.randrange(2 * DAY_MS)
        call_id, lead = f"c{number}", f"l{dice.randrange(9)}"
        desk.call(at_ms, call_id=call_id, lead_id=lead, campaign_id=dice.choice(["a", "b"]))
        desk.call(at_ms - dice.randrange(2 * HOUR_MS), call_id=f"s{number}", talk_ms=2_000)
        if dice.random() < 0.5:
            about = dice.choice([{"call_id": call_id}, {"lead_id": lead}, {}])
            desk.deal(at_ms + dice.randrange(HOUR_MS), deal_id=f"d{number}", **about)
    for about in ({}, {"call_id": "c0"}):
        whole = desk.matured(span=Span(day_ms, day_ms + DAY_MS))
        edges = sorted(day_ms + dice.randrange(1, 288) * BUCKET_MS for _ in range(5))
        bounds = [day_ms, *edges, day_ms + DAY_MS]
        parts = [
            one
            for start_ms, end_ms in pairwise(bounds)
            for one in desk.matured(span=Span(start_ms, end_ms))
        ]
        assert sorted(parts) == sorted(whole)
        desk.deal(day_ms + HOUR_MS, deal_id=f"more-{about}", **about)


def test_a_span_never_passes_midnight() -> None:
    board = Scoreboard(0, 1, parse_plan(PLAN, "UTC"), MemorySegments())
    board.oldest_day, board.newest_day = START // DAY_MS - 3, START // DAY_MS
    span = first_span(board, START - 2 * DAY_MS, START)
    assert span == Span(START - 2 * DAY_MS, START // DAY_MS * DAY_MS - DAY_MS)


def test_a_deal_without_call_or_lead_belongs_to_the_latest_contact_of_its_customer(
    desk: Desk,
) -> None:
    desk.call(START, call_id="theirs", lead_id=None, customer_id="cust-1")
    desk.call(START + MINUTE_MS, call_id="another", lead_id=None, customer_id="cust-2")
    desk.deal(START + 2 * MINUTE_MS, customer_id="cust-1", lead_id=None)
    assert desk.sales() == {"theirs": "customer"}
    # A customer is no lead, and is not counted as one.
    desk.board.settle()
    (day,) = [d for rep in desk.board.reps.values() for d in rep.days.values()]
    assert day.leads() == 0
    desk.call(START + 3 * MINUTE_MS, call_id="third", lead_id="l-1", customer_id="cust-1")
    desk.board.settle()
    assert day.leads() == 1


def test_a_call_that_has_a_lead_is_found_by_its_customer_too(desk: Desk) -> None:
    guest = {"rep_id": "guest", "team_id": "temps"}
    both = {"lead_id": "l-1", "customer_id": "cust-1", "campaign_id": "spring"}
    desk.call(START, call_id="theirs", **guest, **both)
    other = {"lead_id": "l-2", "customer_id": "cust-2"}
    desk.call(START + MINUTE_MS, call_id="another", **guest, **other)
    desk.deal(START + 2 * MINUTE_MS, deal_id="d1", customer_id="cust-1", **guest)
    assert desk.sales("guest") == {"theirs": "customer"}
    desk.deal(START + 3 * MINUTE_MS, deal_id="d2", lead_id="l-2", **guest)
    assert desk.sales("guest") == {"theirs": "customer", "another": "lead"}
    assert {one.team_id for _, one in desk.matured("guest")} == {"temps"}
    (day,) = [d for rep in desk.board.reps.values() for d in rep.days.values()]
    assert day.leads() == 2


def test_however_long_its_ids_are_a_contact_is_kept_with_few_bytes_of_its_customer(
    desk: Desk,
) -> None:
    longest = "\U0001f600" * 128
    about = {"lead_id": longest, "customer_id": longest, "campaign_id": longest}
    desk.call(START, call_id="short", rep_id="guest", lead_id=longest, team_id=longest)
    desk.call(START, call_id="long", rep_id="guest", team_id=longest, **about)
    (day,) = [d for rep in desk.board.reps.values() for d in rep.days.values()]
    short, long = (len(held) for held in day.entities.values())
    assert long - short == MARK_BYTES
    desk.deal(START + MINUTE_MS, rep_id="guest", customer_id=longest, team_id=longest)
    assert desk.sales("guest") == {"long": "customer"}
    assert {one.team_id for _, one in desk.matured("guest")} == {longest}
