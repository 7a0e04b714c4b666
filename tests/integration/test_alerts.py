"""A rep who stops selling is told, once, and nobody else; whatever happens to the worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.explain import explain
from streams.core.alerts.told import RepAlert, decode_alert, told
from streams.core.plan import parse_plan
from streams.topics import MATURED_CONTACTS, REP_ALERTS
from tests.builders import DAY_MS
from tests.integration.dropping_floor import (
    CONTACTS,
    DROP_DAY,
    DROPPED,
    PLAN,
    desks,
    handed_on,
    history,
)
from tests.integration.floor import Floor, wait_until
from tests.services.kafka import KafkaServer

FIRST_MS = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def floor(kafka: KafkaServer, tmp_path: Path) -> Iterator[Floor]:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    made = Floor(kafka, tmp_path, plan=str(plan))
    yield made
    made.close()


def told_of(floor: Floor) -> list[RepAlert]:
    """Everything on `rep-alerts`, in order of arrival; repeats too."""
    return [decode_alert(record.value or b"") for record in floor.read(REP_ALERTS)]


def reds(floor: Floor) -> list[RepAlert]:
    return [one for one in told_of(floor) if one.state == "red"]


@pytest.mark.timeout(240)  # half a minute on an idle machine
def test_a_drop_is_told_of_that_rep_alone_though_its_owner_is_killed_while_it_tells(
    floor: Floor,
) -> None:
    worker = floor.worker("a")
    floor.send(history(FIRST_MS))
    wait_until(lambda: reds(floor), 90)
    worker.kill()
    floor.worker("a")
    floor.worker("b")
    floor.settle()
    wait_until(lambda: handed_on(floor) >= CONTACTS, 60)
    floor.settle()

    # The evidence begins anew with each red, so a rep who sells nothing for days is told again.
    assert {one.rep_id for one in reds(floor)} == {DROPPED}
    alert = min(reds(floor), key=lambda one: one.at_ms)
    assert (alert.rep_id, alert.team_id, alert.site_id) == (DROPPED, "north", "lisbon")
    assert alert.at_ms >= FIRST_MS + DROP_DAY * DAY_MS
    assert alert.against == "team"
    assert alert.sales < alert.expected / 2
    assert alert.text["en"].startswith("Rep r3: ")

    listed = floor.run("alerts", "list", "--state", "red", "--rep", DROPPED)
    assert alert.alert_id[:8] in listed.output
    whole = floor.run("alerts", "show", alert.alert_id, "--language", "zh")
    assert alert.text["zh"] in whole.output
    assert floor.run("alerts", "show", "nothing").exit_code == 1

    # Explained is what the worker's own detectors hold, read without it.
    known = explain(dict(enumerate(desks(floor))), DROPPED, parse_plan(PLAN, "UTC").alerts)
    explained = floor.run("alerts", "explain", "--rep", DROPPED, "--json")
    assert json.loads(explained.output) == json.loads(msgspec.json.encode(known[0]))
    assert known[0].standing.state in {"watched", "amber"}
    shown = floor.run("alerts", "explain", "--rep", DROPPED).output
    assert "r3 (Rep r3)" in shown
    assert "held against" in shown
    unheard = floor.run("alerts", "explain", "--rep", "nobody")
    assert (unheard.exit_code, "was ever scored" in unheard.output) == (1, True)

    # Twelve days are too few to look for a drop in: one line says so.
    short = floor.run("alerts", "simulate", "--red", "4000")
    assert (short.exit_code, "too little history" in str(short.exception)) == (1, True)

    # What was told is what anybody reads out of the log, with the same ids at the same instants.
    said = told_of(floor)
    assert {one.alert_id: one for one in said} == {one.alert_id: one for one in replayed(floor)}


def replayed(floor: Floor) -> list[RepAlert]:
    """What the whole log says."""
    plan = parse_plan(PLAN, "UTC")
    made = [AlertDesk(floor.settings.partitions, plan.alerts) for _ in desks(floor)]
    out = []
    for record in floor.read(MATURED_CONTACTS):
        for said in made[record.partition].apply([record]):
            one = told(said.site_id, said.outcome, plan.called)
            if one is not None:
                out.append(one)
    return out
