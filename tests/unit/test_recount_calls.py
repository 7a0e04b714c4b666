"""Calls, as the definitions have them, counted by hand."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.unit.recounting import Floor

PLAN = """
[sites.berlin]
zone = "Europe/Berlin"
[teams.north]
site = "berlin"
[[roster]]
rep = "ann"
team = "north"
from = 2026-03-01
until = 2026-04-01
[dispositions]
SALE = ["positive"]
NI = ["negative"]
DMC = ["contact"]
CB = ["callback"]
A = []
"""


def test_an_outbound_call_that_a_human_answers_is_a_dial_and_a_contact() -> None:
    floor = Floor()
    floor.call(talk_ms=73_000, hold_ms=4_000, wrap_ms=9_000)
    assert floor.row() == {
        "rep_id": "ann",
        "team_id": "unassigned",
        "date": "2026-03-02",
        "dials": 1,
        "answered": 1,
        "human_answered": 1,
        "human_answered_outbound": 1,
        "contacts": 1,
        "contacts_outbound": 1,
        "short_calls": 0,
        "talk_ms": 73_000,
        "hold_ms": 4_000,
        "wrap_ms": 9_000,
        "deals_gross": "0.0000",
        "deals_reversed": "0.0000",
        "deals_net": "0.0000",
        "revenue_gross": {},
        "revenue_reversed": {},
        "revenue_net": {},
        "products": {},
        "new_customers": "0.0000",
        "surveys": 0,
        "csat_responses": 0,
        "csat_satisfied": 0,
        "csat_rating_sum": "0.0000",
        "nps_promoters": 0,
        "nps_passives": 0,
        "nps_detractors": 0,
        "retracted": 0,
    }


def test_an_inbound_call_is_answered_but_is_no_dial() -> None:
    floor = Floor()
    floor.call(direction="inbound")
    row = floor.row()
    assert (row["dials"], row["answered"], row["human_answered"], row["contacts"]) == (0, 1, 1, 1)
    assert (row["human_answered_outbound"], row["contacts_outbound"]) == (0, 0)


def test_a_call_nobody_answers_is_a_dial_only() -> None:
    floor = Floor()
    floor.call(result="busy", talk_ms=None, wrap_ms=5_000)
    row = floor.row()
    assert (row["dials"], row["answered"], row["contacts"], row["wrap_ms"]) == (1, 0, 0, 0)


@pytest.mark.parametrize("by", ["machine", "fax"])
def test_a_machine_answers_but_no_human_does_and_its_time_does_not_count(by: str) -> None:
    floor = Floor()
    floor.call(answered_by=by, talk_ms=30_000, hold_ms=1_000, wrap_ms=2_000)
    row = floor.row()
    assert (row["answered"], row["human_answered"], row["contacts"]) == (1, 0, 0)
    assert (row["talk_ms"], row["hold_ms"], row["wrap_ms"], row["short_calls"]) == (0, 0, 0, 0)


def test_answered_by_nobody_knows_whom_counts_as_human() -> None:
    floor = Floor()
    floor.call(answered_by=None)
    assert floor.row()["human_answered"] == 1


def test_under_ten_seconds_of_talk_is_a_short_call_and_no_contact() -> None:
    floor = Floor()
    floor.call(talk_ms=9_999)
    floor.call(talk_ms=10_000)
    row = floor.row()
    assert (row["short_calls"], row["contacts"], row["talk_ms"]) == (1, 1, 19_999)


@pytest.mark.parametrize(
    ("disposition", "contacts"),
    [("SALE", 1), ("NI", 1), ("DMC", 1), ("CB", 0), ("A", 0), ("NEW-CODE", 1), (None, 1)],
)
def test_a_disposition_makes_a_contact_unless_the_plan_maps_it_to_none(
    disposition: str | None, contacts: int
) -> None:
    floor = Floor(PLAN)
    floor.call(disposition=disposition)
    assert floor.row()["contacts"] == contacts


def test_talk_that_is_not_stated_runs_from_the_answer_to_the_end_less_holding() -> None:
    floor = Floor()
    floor.call(
        "2026-03-02T10:05:00.250Z",
        answered_at="2026-03-02T10:00:00Z",
        talk_ms=None,
        hold_ms=20_000,
    )
    floor.call(answered_at=None, talk_ms=None)  # no answer known: no talk, a short call
    floor.call(answered_at="2026-03-02T10:00:01Z", talk_ms=None)  # answered after its end
    row = floor.row()
    assert (row["talk_ms"], row["short_calls"], row["contacts"]) == (280_250, 2, 1)


def test_of_a_call_the_greatest_revision_holds_whatever_came_last() -> None:
    floor = Floor()
    floor.call(call_id="c", revision=2, talk_ms=20_000)
    floor.call(call_id="c", revision=1, talk_ms=50_000)
    assert floor.row()["talk_ms"] == 20_000
    assert floor.row()["dials"] == 1


def test_at_equal_revision_the_later_record_holds_first_by_log_time_then_by_offset() -> None:
    floor = Floor()
    floor.call(call_id="c", talk_ms=20_000, logged_ms=1_800_000_000_001)
    floor.call(call_id="c", talk_ms=50_000, logged_ms=1_800_000_000_000)
    floor.call(call_id="d", talk_ms=30_000)
    floor.call(call_id="d", talk_ms=40_000)
    assert floor.row()["talk_ms"] == 60_000


def test_the_same_id_of_another_source_or_another_day_is_another_call() -> None:
    floor = Floor()
    floor.call(call_id="c")
    floor.call(call_id="c", source="pbx-2")
    floor.call("2026-03-03T10:00:00Z", call_id="c")
    assert [(row["date"], row["dials"]) for row in floor.rows()] == [
        ("2026-03-02", 2),
        ("2026-03-03", 1),
    ]


def test_a_call_taken_back_counts_as_retracted_only() -> None:
    floor = Floor()
    floor.call(call_id="c")
    floor.call(call_id="c", op="retract", revision=1)
    row = floor.row()
    assert (row["dials"], row["contacts"], row["talk_ms"], row["retracted"]) == (0, 0, 0, 1)


def test_a_call_counts_on_the_date_its_site_had_on_both_sides_of_a_clock_change() -> None:
    # Berlin skips 02:00-03:00 on 2026-03-29: that day has 23 hours, 23:00Z to 22:00Z.
    floor = Floor(PLAN)
    for at in ("28T22:59:59.999Z", "28T23:00:00Z", "29T21:59:59.999Z", "29T22:00:00Z"):
        floor.call(f"2026-03-{at}")
    assert [(row["date"], row["dials"]) for row in floor.rows()] == [
        ("2026-03-28", 1),
        ("2026-03-29", 2),
        ("2026-03-30", 1),
    ]


def test_who_is_not_in_the_roster_at_the_time_works_in_the_default_zone() -> None:
    floor = Floor(PLAN, zone="Asia/Shanghai")
    floor.call("2026-03-31T21:00:00Z")  # Berlin 23:00, the last evening in the roster
    floor.call("2026-03-31T22:30:00Z", team_id="south")  # Berlin 00:30, no longer: Shanghai 06:30
    assert [(row["date"], row["team_id"]) for row in floor.rows()] == [
        ("2026-03-31", "north"),
        ("2026-04-01", "south"),
    ]


def test_outside_the_roster_the_latest_contribution_that_counts_names_the_team() -> None:
    floor = Floor()
    floor.call("2026-03-02T10:00:00Z", team_id="red")
    floor.survey(5, "2026-03-02T12:00:00Z", team_id="blue")
    floor.call("2026-03-02T13:00:00Z", team_id="green", op="retract")
    assert floor.row()["team_id"] == "blue"
    floor.survey(5, "2026-03-02T14:00:00Z", team_id=None)
    assert floor.row()["team_id"] == "unassigned"


def test_at_one_instant_the_greater_entity_key_names_the_team() -> None:
    floor = Floor()
    floor.call(call_id="é", team_id="accent")
    floor.call(call_id="z", team_id="plain")
    assert floor.row()["team_id"] == "accent"  # é is 0xC3 0xA9 in UTF-8, above z


def test_what_became_a_dead_letter_is_not_counted() -> None:
    floor = Floor()
    floor.call()
    floor.bury("call-ended", floor.call())
    floor.bury("call-ended", floor.raw("call-ended", b"{ no json"))
    assert floor.row()["dials"] == 1
    assert floor.unreadable == []


def test_what_is_neither_a_dead_letter_nor_readable_is_told() -> None:
    floor = Floor()
    floor.call()
    broken = floor.raw("call-ended", b'{"source": ')
    nothing = floor.raw("call-ended", None)
    nobody = floor.call(rep_id=None)
    assert floor.row()["dials"] == 1
    assert {(u.topic, u.offset) for u in floor.unreadable} == {
        ("call-ended", record.offset) for record in (broken, nothing, nobody)
    }


def test_values_are_read_as_json_is_written_by_anyone() -> None:
    floor = Floor()
    plain = json.loads(floor.call().value or b"")
    floor.raw("call-ended", json.dumps(plain | {"call_id": "pretty"}, indent=2).encode())
    twice = json.dumps(plain | {"call_id": "twice"})[:-1] + ', "direction": "inbound"}'
    floor.raw("call-ended", twice.encode())
    floor.raw("call-ended", json.dumps(plain | {"call_id": "x", "more": {"a": [1]}}).encode())
    row = floor.row()
    assert (row["answered"], row["dials"], floor.unreadable) == (4, 3, [])


@pytest.mark.parametrize("announced", [True, False])
def test_a_cloudevent_in_structured_mode_is_its_data(announced: bool) -> None:
    floor = Floor()
    event = json.loads(floor.call().value or b"")
    del event["occurred_at"], event["source"]
    outside = {"specversion": "1.0", "id": "1", "source": "/pbx 2", "time": "2026-03-02T10:00:00Z"}
    headers = [("content-type", b"application/cloudevents+json; charset=utf-8")] * announced
    for body in (
        {"data": event},
        {"data_base64": base64.b64encode(json.dumps(event).encode()).decode()},
        {"data": event | {"source": "/pbx%202", "revision": 1, "talk_ms": 9_000}},
    ):
        floor.raw("call-ended", json.dumps(outside | body).encode(), headers=headers)
    assert (floor.row()["dials"], floor.row()["short_calls"]) == (2, 1)


def test_attributes_of_a_binary_cloudevent_stand_for_missing_fields() -> None:
    floor = Floor()
    event = json.loads(floor.call().value or b"")
    del event["occurred_at"]
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_source", b"/elsewhere"),  # the event says it itself
        ("ce_time", b"2026-03-04T10:00:00Z"),
    ]
    floor.raw("call-ended", json.dumps(event).encode(), headers=headers)
    assert [row["date"] for row in floor.rows()] == ["2026-03-02", "2026-03-04"]


def test_a_rep_who_moves_between_zones_is_never_in_two_places_or_none() -> None:
    floor = Floor(
        """
        [sites.shanghai]
        zone = "Asia/Shanghai"
        [sites.york]
        zone = "America/New_York"
        [teams.east]
        site = "shanghai"
        [teams.west]
        site = "york"
        [[roster]]
        rep = "ann"
        team = "west"
        from = 2026-03-05
        [[roster]]
        rep = "ann"
        team = "east"
        until = 2026-03-05
        """
    )
    # In the old team until the new site's 5 March begins, at 05:00Z: Shanghai's 5th, 13:00.
    floor.call("2026-03-04T15:59:59Z")  # Shanghai, the 4th
    floor.call("2026-03-05T04:59:59Z")  # Shanghai, the 5th
    floor.call("2026-03-05T05:00:00Z")  # New York, the 5th
    floor.call("2026-03-06T04:59:59Z")  # New York, still the 5th
    assert [(row["date"], row["team_id"], row["dials"]) for row in floor.rows()] == [
        ("2026-03-04", "east", 1),
        ("2026-03-05", "west", 3),
    ]


def test_times_of_any_offset_and_precision_are_the_same_instants() -> None:
    floor = Floor()
    floor.call("2026-03-03T07:59:59.9999994+08:00", call_id="a")
    floor.call("2026-03-03T07:59:59.9999996+08:00", call_id="b")  # rounds up to midnight UTC
    floor.call("2026-03-02t18:29:59z", call_id="c")
    floor.call("2026-03-02 18:30:00-05:30", call_id="d")
    assert [(row["date"], row["dials"]) for row in floor.rows()] == [
        ("2026-03-02", 2),
        ("2026-03-03", 2),
    ]


def test_days_behind_the_newest_by_what_is_kept_are_left_out() -> None:
    floor = Floor(detail_days=10)
    floor.call("2026-03-02T10:00:00Z")
    floor.call("2026-03-03T10:00:00Z")
    floor.call("2026-03-12T10:00:00Z", rep_id="bob", op="retract")
    assert [row["date"] for row in floor.rows()] == ["2026-03-03", "2026-03-12"]


def test_a_day_on_which_every_column_is_zero_has_no_row() -> None:
    floor = Floor()
    floor.call(direction="inbound", result="abandoned")
    assert floor.rows() == []


def test_a_visit_is_seen_in_the_totals_only_when_it_is_taken_back() -> None:
    floor = Floor()
    visit: dict[str, Any] = {"source": "crm", "rep_id": "ann", "visit_id": "v", "revision": 1}
    floor.send("visit-logged", occurred_at="2026-03-02T10:00:00Z", **visit)
    assert floor.rows() == []
    floor.send("visit-logged", occurred_at="2026-03-02T10:00:00Z", op="retract", **visit)
    assert floor.row()["retracted"] == 1
