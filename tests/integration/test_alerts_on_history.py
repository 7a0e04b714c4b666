"""`alerts explain` and `alerts simulate` on a log of matured contacts, without any worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.core.alerts.contact import BUCKET_MS
from streams.core.alerts.feed import Matured, Tick, encode_feed
from streams.topics import MATURED_CONTACTS
from tests.bench.alert_world import World, world_days
from tests.integration.floor import Floor
from tests.integration.mixed_events import Sending
from tests.services.kafka import KafkaServer

WORLD = World(reps=8, teams=2, days=34, seed=3)
PLAN = """
[alerts]
red = 300
amber = 60
baseline_days = 8
baseline_lag_days = 2
minimum_days = 4
minimum_contacts = 100
minimum_team = 4
"""


@pytest.fixture
def floor(kafka: KafkaServer, tmp_path: Path) -> Iterator[Floor]:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    made = Floor(kafka, tmp_path, plan=str(plan), partitions="1")
    yield made
    made.close()


def test_a_log_gives_what_the_same_contacts_give_from_a_file(floor: Floor, tmp_path: Path) -> None:
    sendings: list[Sending] = []
    lines = []
    for day in world_days(WORLD, {}):
        for bucket in day:
            said = encode_feed(Matured("hall", "UTC", bucket.contacts))
            tick = encode_feed(Tick(0, (bucket.number + 1) * BUCKET_MS))
            sendings.append(Sending(MATURED_CONTACTS, "hall", said))
            sendings.append(Sending(MATURED_CONTACTS, None, tick))
            for one in bucket.contacts:
                facts = {"at_ms": one.at_ms, "rep_id": one.rep_id, "team_id": one.team_id}
                named = {"sale": one.sale, "entity": one.entity, "site_id": "hall"}
                lines.append(json.dumps(facts | named))
    floor.send(sendings)
    path = tmp_path / "contacts.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")

    asked = ("alerts", "simulate", "--trials", "3", "--red", "200", "--json")
    of_log, of_file = floor.run(*asked), floor.run(*asked, "--contacts", str(path))
    assert of_log.exit_code == of_file.exit_code == 0
    assert json.loads(of_log.output) == json.loads(of_file.output)
    assert json.loads(of_log.output)["contacts"] == len(lines)

    explained = floor.run("alerts", "explain", "--rep", "rep-00003", "--json", "--days", "3")
    one = json.loads(explained.output)
    assert (one["site_id"], one["team_id"], one["usual"]["days"]) == ("hall", "team-1", 8)
    assert [day["ago"] for day in one["days"]] == [0, 1, 2]
