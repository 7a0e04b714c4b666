"""What people do about alerts, on a real broker: from the command line to every worker's boards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import redis

from sinks.redis_keys import RedisKeys
from streams.core.alerts.known import decode_entries
from streams.core.alerts.told import RepAlert, encode_alert
from streams.core.clock import SystemClock
from streams.topics import REP_ALERTS
from tests.builders import HOUR_MS
from tests.integration.floor import Floor, wait_until
from tests.integration.mixed_events import Sending
from tests.services.ports import free_port
from tests.services.redis import RedisServer

TOLD_MS = SystemClock().now_ms() - HOUR_MS


def alert(alert_id: str, rep_id: str = "ana", **more: Any) -> Sending:
    fields: dict[str, Any] = {
        "alert_id": alert_id,
        "kind": "conversion_drop",
        "state": "red",
        "site_id": "lisbon",
        "team_id": "north",
        "rep_id": rep_id,
        "at_ms": TOLD_MS,
        "evidence": 8_100.0,
        "contacts": 248,
        "sales": 7,
        "expected": 20.8,
        "text": {"en": f"{rep_id}: 7 sales in the last 248 contacts.", "zh": f"{rep_id}：7 单"},
    }
    return Sending(REP_ALERTS, rep_id, encode_alert(RepAlert(**(fields | more))))


def test_every_worker_writes_the_same_alerts_to_redis_and_again_when_they_are_lost(
    make_floor: Callable[..., Floor], make_redis: Callable[..., RedisServer]
) -> None:
    server = make_redis()
    floor = make_floor(redis_url=server.url)
    floor.send([alert("1b-1"), Sending(REP_ALERTS, "x", b"nonsense")])
    workers = [floor.worker(name) for name in "ab"]
    with redis.Redis.from_url(server.url) as client:

        def states() -> dict[str, str]:
            raw: Any = client.hget(RedisKeys("floorcast").alerts, "entries")
            found = decode_entries(raw) if raw else ()
            return {one.alert.alert_id: one.state for one in found}

        def muted() -> bool:
            raw: Any = client.hget(RedisKeys("floorcast").alerts, "entries")
            return all(one.muted_until_ms for one in decode_entries(raw or b"[]")) and bool(raw)

        wait_until(lambda: states() == {"1b-1": "red"})
        floor.send([alert("2c-1", "ben")])
        done(floor, "ack", "1b", "--by", "mia")
        wait_until(lambda: states() == {"1b-1": "acknowledged", "2c-1": "red"})
        for worker in workers:
            assert worker.metrics("floorcast_alerts_outcomes_total") == [
                ({"kind": "unreadable", "reason": "rep-alerts"}, 1.0)
            ]

        server.flush()
        wait_until(lambda: states() == {"1b-1": "acknowledged", "2c-1": "red"})
        # The other goes on, and a new one begins with what was said before.
        workers[0].kill()
        done(floor, "mute", "--team", "north", "--until", "2h", "--by", "mia")
        wait_until(
            lambda: b"muted_until_ms" in (client.hget("{floorcast}:alerts", "entries") or b"")
        )
        workers[1].kill()
        server.flush()
        floor.worker("a")
        wait_until(
            lambda: b"muted_until_ms" in (client.hget("{floorcast}:alerts", "entries") or b"")
        )

        floor.run("forget", "--rep", "ana", "--force")
        wait_until(lambda: states() == {"2c-1": "red"})
        assert [one["alert"]["rep_id"] for one in listed(floor)] == ["ben"]


def test_what_is_done_on_a_workers_own_page_comes_back_by_kafka(
    make_floor: Callable[..., Floor],
) -> None:
    floor, port = make_floor(page="yes"), free_port()
    floor.send([alert("1b-1")])
    floor.worker("a", page_port=str(port))
    url = f"http://127.0.0.1:{port}/api/v1/alerts"

    def states() -> list[str]:
        with urlopen(url, timeout=10) as answer:
            return [one["state"] for one in json.load(answer)["reps"]]

    wait_until(lambda: states() == ["red"])
    request = Request(f"{url}/1b-1/ack", b'{"text": "on it"}', {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        assert answer.status == 202
    wait_until(lambda: states() == ["acknowledged"])
    (entry,) = listed(floor)
    assert entry["life"][-1]["text"] == "on it"


def listed(floor: Floor, *args: str) -> list[Any]:
    done = floor.run("alerts", "list", "--json", *args)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def done(floor: Floor, *args: str) -> str:
    result = floor.run("alerts", *args)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_alert_is_acknowledged_commented_and_muted_by_name(
    make_floor: Callable[..., Floor],
) -> None:
    floor = make_floor()
    amber: dict[str, Any] = {"state": "amber", "level": "amber", "at_ms": TOLD_MS - HOUR_MS}
    ana = alert("1b-1", ends="0a-1")
    of_ben = alert("2c-1", "ben", at_ms=TOLD_MS + 1)
    floor.send([alert("0a-1", **amber), ana, of_ben, ana])
    assert [(one["alert"]["alert_id"], one["state"]) for one in listed(floor)] == [
        ("1b-1", "red"),
        ("2c-1", "red"),
    ]

    assert "acknowledged 1b-1, rep ana" in done(floor, "ack", "1b", "--by", "mia")
    done(floor, "comment", "0a", "new list since Monday", "--by", "mia")
    assert "rep ben is muted until" in done(floor, "mute", "--rep", "ben", "--until", "2h")
    assert [one["alert"]["rep_id"] for one in listed(floor, "--state", "acknowledged")] == ["ana"]
    (muted,) = listed(floor, "--state", "muted")
    assert (muted["alert"]["rep_id"], muted["state"]) == ("ben", "red")
    done(floor, "unmute", "--rep", "ben")
    assert listed(floor, "--state", "muted") == []

    text = {"en": "ana sells as usual again."}
    over: dict[str, Any] = {"state": "recovered", "ends": "1b-1", "why": "evidence", "text": text}
    floor.send([alert("9e-1", **over)])
    whole = done(floor, "show", "1b")
    assert whole.startswith("recovered: rep ana, team north, site lisbon\nana: 7 sales in the last")
    assert "\nana sells as usual again.\n" in whole
    lines = [line.split("Z  ")[1] for line in whole.splitlines()[3:]]
    # The end came with a contact of an hour ago, and was told after the alert was in hand.
    assert lines == [
        "amber",
        "red",
        "recovered: evidence",
        "ack by mia",
        "comment by mia: new list since Monday",
    ]
    assert floor.run("alerts", "ack", "7").exit_code == 1
    table = done(floor, "list")
    assert "recovered" in table
    assert "7 of 248" in table
