"""`floorcast forget` on a real floor: the rep is found nowhere, every number stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest
import redis

from producers.simulator import plan_text
from streams.core.clock import SystemClock
from streams.core.snapshot import decode_rep_snapshot
from tests.integration.floor import Floor, FloorWorker, wait_until
from tests.integration.mixed_events import PROFILE, events_now
from tests.services.kafka import KafkaServer
from tests.services.ports import free_port
from tests.services.redis import RedisServer

REP = "r-0003"


class Shown(NamedTuple):
    """A floor of two workers with Redis, and what `board --json` said when all was counted."""

    floor: Floor
    redis: RedisServer
    workers: list[FloorWorker]
    pages: list[str]
    before: Any


@pytest.fixture
def shown(
    kafka: KafkaServer, tmp_path: Path, make_redis: Callable[..., RedisServer]
) -> Iterator[Shown]:
    plan = tmp_path / "plan.toml"
    plan.write_text(plan_text(PROFILE), encoding="utf-8")
    server = make_redis()
    floor = Floor(kafka, tmp_path, plan=str(plan), redis_url=server.url, page="yes")
    ports = [free_port(), free_port()]
    workers = [
        floor.worker(name, page_port=str(port)) for name, port in zip("ab", ports, strict=True)
    ]
    floor.send(list(events_now(SystemClock().now_ms())))
    floor.settle()
    wait_until(lambda: len(board(floor)["rows"]) == len(PROFILE.reps))
    pages = [f"http://127.0.0.1:{port}/api/v1/board" for port in ports]
    yield Shown(floor, server, workers, pages, steady(floor))
    floor.close()


def board(floor: Floor) -> Any:
    done = floor.run("board", "--json", "--window", "year")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def steady(floor: Floor) -> Any:
    """The board once it says the same twice: nothing is on its way any more."""
    last: list[Any] = [None]

    def same() -> Any:
        before, last[0] = last[0], board(floor)
        return before is not None and numbers(before) == numbers(last[0])

    wait_until(same)
    return last[0]


def numbers(found: Any) -> Any:
    """What must stay: all sums, and each rep's figures whoever it is called."""
    rows = sorted(
        json.dumps([row["team_id"], row["kpis"], row["money"]], sort_keys=True)
        for row in found["rows"]
    )
    return found["floor"], found["teams"], rows


def places(shown: Shown) -> dict[str, str]:
    """Everything that somebody can look at, as text."""
    out = {"board": json.dumps(board(shown.floor))}
    with redis.Redis.from_url(shown.redis.url) as client:
        for key in client.scan_iter():
            out[f"redis {key.decode()}"] = (
                repr(key) + repr(client.dump(key)) + _content(client, key)
            )
    for worker in shown.workers:
        if worker.running:
            out[f"exporter of {worker.name}"] = worker._get("/metrics/reps")
    for page, worker in zip(shown.pages, shown.workers, strict=True):
        if worker.running:
            with urlopen(page, timeout=10) as answer:
                out[page] = answer.read().decode()
    latest: dict[bytes | None, bytes] = {}
    for record in shown.floor.read("rep-scoreboard"):
        if record.value is None:
            latest.pop(record.key, None)
        else:
            latest[record.key] = record.value
    out["rep-scoreboard"] = repr(latest)
    return out


def _content(client: redis.Redis, key: bytes) -> str:
    kind: Any = client.type(key)
    if kind == b"hash":
        return repr(client.hgetall(key))
    if kind == b"set":
        return repr(client.smembers(key))
    if kind == b"zset":
        return repr(client.zrange(key, 0, -1))
    return repr(client.xrange(key)) if kind == b"stream" else repr(client.get(key))


def naming(shown: Shown, *words: str) -> list[str]:
    """Where one of these words stands."""
    return [where for where, text in places(shown).items() if any(word in text for word in words)]


def name_of(floor: Floor) -> str:
    for record in floor.read("rep-scoreboard"):
        if record.key == REP.encode() and record.value is not None:
            name = decode_rep_snapshot(record.value).name
            assert name
            return name
    msg = f"{REP} was never shown"
    raise AssertionError(msg)


def forget(floor: Floor, *options: str) -> str:
    done = floor.run("forget", "--rep", REP, *options)
    assert done.exit_code == 0, done.output
    return done.stdout


def pseudonym(shown: Shown) -> str:
    (found,) = {row["rep_id"] for row in board(shown.floor)["rows"]} - {
        row["rep_id"] for row in shown.before["rows"]
    }
    return str(found)


def gone_everywhere(shown: Shown, *words: str) -> None:
    def gone() -> bool:
        return not naming(shown, *words)

    try:
        wait_until(gone)
    except AssertionError as error:
        msg = f"still named in {naming(shown, *words)}"
        raise AssertionError(msg) from error
    assert numbers(steady(shown.floor)) == numbers(shown.before)


def test_a_forgotten_rep_is_found_nowhere_through_restarts_and_an_emptied_redis(
    shown: Shown,
) -> None:
    floor, name = shown.floor, name_of(shown.floor)
    assert "would be shown" in forget(floor, "--dry-run")
    assert REP in places(shown)["board"]

    said = forget(floor)

    gone_everywhere(shown, REP, name)
    alias = pseudonym(shown)
    assert alias in said
    assert len(naming(shown, alias)) >= 5

    assert "already" in forget(floor)
    for worker in shown.workers:
        worker.kill()
    for worker in shown.workers:
        worker.start()
    gone_everywhere(shown, REP, name)

    shown.redis.flush()
    wait_until(lambda: alias in json.dumps(list(places(shown).items())))
    gone_everywhere(shown, REP, name)
    assert pseudonym(shown) == alias
    floor.audit()


def test_who_has_the_id_can_undo_it_and_nobody_stands_there_twice(shown: Shown) -> None:
    forget(shown.floor)
    gone_everywhere(shown, REP)
    alias = pseudonym(shown)

    forget(shown.floor, "--undo")

    gone_everywhere(shown, alias)
    assert "already" in forget(shown.floor, "--undo")
    forget(shown.floor)
    gone_everywhere(shown, REP)
    assert pseudonym(shown) == alias


def test_without_a_worker_redis_and_boards_forget_at_once(shown: Shown) -> None:
    for worker in shown.workers:
        worker.leave()

    assert "Redis: replaced" in forget(shown.floor)

    named = naming(shown, REP)
    assert named == ["rep-scoreboard"]  # which the next worker sees to
    assert numbers(board(shown.floor)) == numbers(shown.before)
    for worker in shown.workers:
        worker.start()
    gone_everywhere(shown, REP)


def test_an_id_that_nobody_has_is_a_slip(shown: Shown) -> None:
    done = shown.floor.run("forget", "--rep", "r-9999")

    assert done.exit_code == 1
    assert "no snapshot of r-9999" in done.output
    assert shown.floor.read("forgotten-reps") == []
