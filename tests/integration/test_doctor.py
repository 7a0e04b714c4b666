"""The doctor at a floor that is well, and at floors that are not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from streams.core.events import CALL_ENDED, DEAL_CLOSED
from streams.core.partition import partition_of
from tests.builders import DAY_MS, call
from tests.integration.floor import Floor, Row, wait_until
from tests.integration.mixed_events import Sending
from tests.services.kafka import KafkaServer
from tests.services.prometheus import PrometheusServer
from tests.services.redis import RedisServer

MINUTE_MS = 60_000
PLAN = """
[sites.hall]
zone = "UTC"
[teams.north]
site = "hall"
[[roster]]
rep = "ana"
team = "north"
[dispositions]
SALE = ["positive"]
"""
RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules" / "pipeline.yml"
REP = next(f"rep-{n}" for n in range(99) if partition_of(b"rep-%d" % n, 2) == 0)

MakeRedis = Callable[..., RedisServer]
MakePrometheus = Callable[[dict[str, Any]], PrometheusServer]


@pytest.fixture
def make_floor(kafka: KafkaServer, tmp_path: Path) -> Iterator[Callable[..., Floor]]:
    floors: list[Floor] = []

    def make(**settings: str) -> Floor:
        plan = tmp_path / f"{uuid4().hex[:6]}.toml"
        plan.write_text(PLAN)
        named = {"partitions": "2", "plan": str(plan)} | settings
        floors.append(Floor(kafka, tmp_path, **named))
        return floors[-1]

    yield make
    for floor in floors:
        floor.close()


def examined(floor: Floor, *options: str, code: int) -> dict[str, list[Row]]:
    """Check to what the doctor finds there; it must end with that exit code."""
    done = floor.run("doctor", "--json", *options)
    assert done.exit_code == code, done.output
    out: dict[str, list[Row]] = {}
    for one in json.loads(done.stdout):
        assert one.keys() == {"check", "status", "found", "do"}
        out.setdefault(one["check"], []).append(one)
    return out


def sold(at_ms: int, call_id: str, **fields: Any) -> Sending:
    """A call of a rep, with a disposition that the plan knows."""
    value = call(**{"rep_id": "ana", "disposition": "SALE"} | fields, at_ms=at_ms, call_id=call_id)
    return Sending(CALL_ENDED, value["rep_id"], json.dumps(value).encode())


def test_a_floor_that_is_well_gets_no_failure_and_goes_on_counting(
    make_floor: Callable[..., Floor], redis_server: RedisServer
) -> None:
    prefix = uuid4().hex[:8]
    floor = make_floor(redis_url=redis_server.url, redis_prefix=prefix)
    floor.worker("a")
    now_ms = int(time.time() * 1000)
    floor.send([sold(now_ms - MINUTE_MS, "c1")])
    floor.settle()
    # Some seconds: what a ledger has told must reach every scoreboard.
    wait_until(lambda: examined(floor, code=0)["alerts"][0]["status"] == "ok")

    found = examined(floor, code=0)
    status = {check: [one["status"] for one in some] for check, some in found.items()}
    assert status == {
        "brokers": ["ok"],
        "leaders": ["ok"],
        "clock": ["ok"],
        "topics": ["ok"],
        "retention": ["ok"],
        "replicas": ["warn"],  # the broker of the tests is alone
        "unclean election": ["ok"],
        "workers": ["ok"],
        "lag": ["ok"],
        "stopped inputs": ["ok"],
        "alerts": ["ok"],
        "dead letters": ["ok"],
        "sources": ["ok"],
        "reps": ["ok"],
        "dispositions": ["ok"],
        "ids": ["ok"],
        "plan": ["ok"],
        "redis": ["ok"],
        "alertmanager": ["skipped"],
        "prometheus": ["skipped"],
    }
    assert "written by workers" in found["redis"][0]["found"]
    assert "1 in group" in found["workers"][0]["found"]
    assert "one replica only: all 23 topics" in found["replicas"][0]["found"]

    floor.send([sold(now_ms - MINUTE_MS, "c2")])
    floor.settle()
    assert floor.stopped_inputs() == set()
    (row,) = floor.totals()
    assert row["dials"] == 2

    shown = floor.run("doctor").output
    assert "ok       clock: this machine is " in shown
    assert "warn     replicas: " in shown
    assert shown.splitlines()[-1] == "17 ok, 1 warn, 2 skipped"


def test_what_is_wrong_with_what_sources_send_is_found_by_name(
    make_floor: Callable[..., Floor],
) -> None:
    floor = make_floor()
    now_ms = int(time.time() * 1000)
    week_ago_ms = now_ms - 7 * DAY_MS
    usual = [sold(week_ago_ms - n * MINUTE_MS, f"u{n}") for n in range(30)]
    usual += [sold(week_ago_ms - DAY_MS // 2, "first"), sold(now_ms - 40 * MINUTE_MS, "last")]
    moved = [
        sold(now_ms - 50 * MINUTE_MS, "moved"),
        sold(now_ms - 50 * MINUTE_MS, "moved", rep_id="bo"),
    ]
    odd = [sold(now_ms - 45 * MINUTE_MS, "odd", disposition="XYZ")]
    bad = [Sending(CALL_ENDED, "ana", b"{")]
    floor.worker("a")
    floor.send(usual + moved + odd + bad)
    floor.settle()

    found = examined(floor, code=0)
    (sources,) = found["sources"]
    assert sources["status"] == "warn"
    assert sources["found"].startswith("pbx: no call for 40 min (a week ago 30 in the same time)")
    assert "bo" in found["reps"][0]["found"]
    assert "(pbx 1); lately XYZ" in found["dispositions"][0]["found"]
    assert "1 at the same instant" in found["ids"][0]["found"]
    assert "call pbx moved (ana on " in found["ids"][0]["found"]
    assert found["dead letters"][0]["status"] == "warn"
    assert {one["status"] for check in ("reps", "dispositions", "ids") for one in found[check]} == {
        "warn"
    }


def test_stopped_inputs_lost_workers_and_wrong_topics_fail(
    make_floor: Callable[..., Floor],
) -> None:
    floor = make_floor()
    assert examined(floor, code=1)["workers"][0]["do"] == "start one: `floorcast worker`"

    worker = floor.worker("a")
    floor.send([Sending(CALL_ENDED, REP, b"{")] * 50)
    stopped_at = (floor.settings.topic(CALL_ENDED), 0)
    wait_until(lambda: stopped_at in worker.stopped_inputs())
    floor.settle(stopped=[(CALL_ENDED, 0)])
    admin = AdminClient(floor.settings.kafka() | {"log_level": 0})
    wrong = ConfigResource(
        ResourceType.TOPIC,
        floor.settings.topic(DEAL_CLOSED),
        incremental_configs=[
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in {
                "unclean.leader.election.enable": "true",
                "message.timestamp.type": "CreateTime",
                "retention.ms": str(DAY_MS),
            }.items()
        ],
    )
    for done in admin.incremental_alter_configs([wrong]).values():
        done.result()

    found = examined(floor, code=1)
    (stopped,) = found["stopped inputs"]
    assert stopped["status"] == "fail"
    assert f"floorcast resume {stopped_at[0]}:0" in stopped["do"]
    assert found["dead letters"][0]["status"] == "fail"
    assert found["topics"][0]["found"].startswith(f"{floor.settings.topic(DEAL_CLOSED)}: ")
    assert found["topics"][0]["do"].endswith("message.timestamp.type=LogAppendTime")
    assert found["unclean election"][0]["status"] == "fail"
    assert found["retention"][0]["status"] == "warn"
    assert found["clock"][0]["status"] == "ok"


def test_a_redis_that_lets_nobody_in_and_a_missing_plan_are_lines_of_their_own(
    make_floor: Callable[..., Floor], make_redis: MakeRedis
) -> None:
    server = make_redis(password="right")
    url = server.url.replace("right", "wrong")
    found = examined(make_floor(redis_url=url, plan="/nowhere.toml"), code=1)
    assert "does not let us in" in found["redis"][0]["found"]
    assert "wrong" not in found["redis"][0]["found"]
    assert "/nowhere.toml" in found["plan"][0]["found"]
    assert found["topics"][0]["status"] == "ok"


def test_prometheus_is_asked_for_our_jobs_and_rules(
    make_floor: Callable[..., Floor], prometheus_server: MakePrometheus
) -> None:
    floor = make_floor()
    worker = floor.worker("a")
    place = worker.url.removeprefix("http://")
    scrape = [
        {"job_name": job, "metrics_path": path, "static_configs": [{"targets": [place]}]}
        for job, path in (("floorcast", "/metrics"), ("floorcast-reps", "/metrics/reps"))
    ]
    fast = {"scrape_interval": "1s"}
    well = prometheus_server({"global": fast, "scrape_configs": scrape, "rule_files": [str(RULES)]})
    well.wait_for('up{job="floorcast-reps"} == 1')
    found = examined(floor, "--prometheus", well.url, code=0)
    assert found["prometheus"][0]["found"] == "scrapes 2 targets of ours"
    assert found["alert rules"][0]["status"] == "ok"

    other = prometheus_server({"global": fast, "scrape_configs": scrape[:1]})
    other.wait_for('up{job="floorcast"} == 1')
    found = examined(floor, "--prometheus", other.url, code=1)
    assert found["prometheus"][0]["found"] == "no target of job floorcast-reps"
    assert found["alert rules"][0]["status"] == "warn"
