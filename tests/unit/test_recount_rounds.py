"""One recount after the other in the same database, and what is in flight in each."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.recount.load import bury, connect, load_events, load_plan
from streams.recount.recount import LeftOut, behind, entities, in_flight, recount
from tests.unit.recounting import Floor


@pytest.mark.parametrize("reversals", ["restate", "contra"])
def test_a_second_recount_counts_what_came_since_and_nothing_twice(
    tmp_path: Path, reversals: str
) -> None:
    plan = f'[deals]\nreversals = "{reversals}"\n'
    floor = Floor(plan)
    for _ in range(3):
        floor.call()
    floor.deal()
    with connect(tmp_path / "recount.duckdb") as connection:
        load_plan(connection, plan, "UTC", 400)
        reached: dict[int, int] = {}
        for topic in ("call-ended", "deal-closed"):
            load_events(connection, topic, floor.topics[topic], (), tmp_path, reached=reached)
        assert recount(connection) == floor.rows()
        floor.call()
        floor.deal("cancelled", at="2026-03-02T12:00:00Z")
        load_plan(connection, plan, "UTC", 400)
        load_events(connection, "call-ended", floor.topics["call-ended"][3:], (), tmp_path)
        load_events(connection, "deal-closed", floor.topics["deal-closed"][1:], (), tmp_path)
        assert recount(connection) == recount(connection) == floor.rows()


def test_loading_says_how_far_it_came_also_over_dead_letters(tmp_path: Path) -> None:
    floor = Floor()
    calls = [floor.call() for _ in range(3)]
    reached: dict[int, int] = {}
    with connect() as connection:
        load_events(connection, "call-ended", calls, {(0, 2, b"")}, tmp_path, reached=reached)
    assert reached == {0: 3}


def test_what_became_a_dead_letter_after_it_was_read_is_taken_out(tmp_path: Path) -> None:
    floor = Floor()
    calls = [floor.call(), floor.call()]
    with connect() as connection:
        load_plan(connection, None, "UTC", 400)
        load_events(connection, "call-ended", calls, (), tmp_path)
        bury(connection, "call-ended", [(0, 1, b"")])
        (row,) = recount(connection)
    assert row["dials"] == 1


def test_all_of_an_entity_is_left_out_when_one_event_of_it_is_in_flight(tmp_path: Path) -> None:
    floor = Floor()
    floor.call(call_id="1")
    floor.call(call_id="2")
    floor.call(call_id="1", revision=5)
    floor.call(call_id="1", at="2026-03-03T10:00:00Z")
    floor.deal()
    floor.deal("amended", at="2026-03-04T10:00:00Z", rep_id="bob")
    with connect() as connection:
        load_plan(connection, None, "UTC", 400)
        for topic in floor.topics:
            load_events(connection, topic, floor.topics[topic], (), tmp_path)
        rows = recount(connection, {("call-ended", 0): 2, ("deal-closed", 0): 1})
        # The call of the next day is another one; its event is in flight as well.
        assert [(row["rep_id"], row["date"], row["dials"]) for row in rows] == [
            ("ann", "2026-03-02", 1)
        ]
        assert rows[0]["revenue_gross"] == {}
        assert sorted(in_flight(connection), key=lambda one: (one.kind, one.date or "")) == [
            LeftOut("call", "ann", "2026-03-02", "pbx", "1"),
            LeftOut("call", "ann", "2026-03-03", "pbx", "1"),
            LeftOut("deal", None, None, "crm", "d1"),
        ]
        assert [event["id"] for event in behind(connection, "ann", "2026-03-02")] == ["2"]
        assert recount(connection) == floor.rows()


def test_what_a_day_is_made_of_adds_up_to_the_day(tmp_path: Path) -> None:
    floor = Floor()
    floor.call()
    floor.call(result="busy")
    floor.deal()
    floor.survey(5)
    with connect() as connection:
        load_plan(connection, None, "UTC", 400)
        for topic in floor.topics:
            load_events(connection, topic, floor.topics[topic], (), tmp_path)
        (row,) = recount(connection)
        parts = entities(connection, "ann", "2026-03-02")
    assert parts.keys() == {
        ("call", "pbx", "c0"),
        ("call", "pbx", "c1"),
        ("deal", "crm", "d1"),
        ("survey", "svy", "s0"),
    }
    for column in ("dials", "answered", "talk_ms", "surveys"):
        assert sum(part[column] for part in parts.values()) == row[column]
    assert parts["deal", "crm", "d1"]["revenue_gross"] == {"EUR": 10_000}
