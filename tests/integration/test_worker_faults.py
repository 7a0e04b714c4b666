"""Workers are killed, come and go, and the broker restarts: the totals stay exact."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from confluent_kafka.admin import AdminClient

from producers.simulator import plan_text
from tests.integration.floor import STOPPED_ITSELF, Floor, FloorWorker, wait_until
from tests.integration.mixed_events import PROFILE, Sending, mixed_events, sendings
from tests.services.kafka import KafkaServer

SESSION = {"session_timeout_ms": "3000"}
BROKER = {"group.min.session.timeout.ms": "1000"}
"""Kafka's least session timeout is 6 s by default, and every kill would wait for it."""
PER_SECOND = 700


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    server = KafkaServer(tmp_path_factory.mktemp("faults"), properties=BROKER)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def make_floor(tmp_path: Path, broker: KafkaServer) -> Iterator[Callable[..., Floor]]:
    floors: list[Floor] = []

    def make(**settings: str) -> Floor:
        plan = tmp_path / "plan.toml"
        plan.write_text(plan_text(PROFILE), encoding="utf-8")
        floors.append(Floor(broker, tmp_path, plan=str(plan), **SESSION, **settings))
        return floors[-1]

    yield make
    for floor in floors:
        floor.close()


@pytest.fixture(scope="module")
def events() -> list[Sending]:
    return sendings(mixed_events(48))


@pytest.mark.timeout(240)  # seven starts of a worker, and all of it counted once more
def test_a_worker_that_is_killed_again_and_again_leaves_exact_totals(
    make_floor: Callable[..., Floor], events: list[Sending]
) -> None:
    floor = make_floor()
    worker = floor.worker("on a folder")
    dice = Random(11)
    kills = ("same folder", "same folder", "while it recovers", "empty folder", "same folder")
    share = -(-len(events) // len(kills))
    for number, kill in enumerate(kills):
        with floor.sending(events[number * share :][:share], per_second=PER_SECOND):
            time.sleep(dice.uniform(0.5, 3.0))
            worker.kill()
            if kill == "while it recovers":
                worker.start()
                time.sleep(dice.uniform(0.0, 4.0))
                worker.kill()
            if kill == "empty folder":  # everything is read back from the changelog
                worker = floor.worker("on another folder")
            else:
                worker.start()
        wait_until(lambda: partitions(worker) == floor.settings.partitions)  # noqa: B023 # asked within the turn
    floor.settle()
    floor.audit()
    counted = floor.totals()

    # The whole log once more, into a generation that knows nothing, with its state in memory.
    plan = Path(floor.settings.plan or "")
    floor.rebuild("again", plan, "--anyway", store="memory")
    wait_until(lambda: not floor.lag(generation=1), 60)
    found = json.loads(floor.run("rebuild", "--status", "--json").stdout)["differences"]
    assert found["rep_days"] >= len(counted)  # those with nothing to show have no row
    assert found["differing"] == 0


def test_workers_that_join_leave_and_die_share_the_reps_and_lose_nothing(
    make_floor: Callable[..., Floor], events: list[Sending]
) -> None:
    floor = make_floor()
    first = floor.worker("first")
    with floor.sending(events, per_second=PER_SECOND):
        time.sleep(2)
        second = floor.worker("second")
        wait_until(lambda: own_half(first, second))
        time.sleep(2)
        assert second.leave() == 0
        wait_until(lambda: partitions(first) == floor.settings.partitions)
        second.start()
        wait_until(lambda: own_half(first, second))
        first.kill()  # the one that has been there from the start
        wait_until(lambda: partitions(second) == floor.settings.partitions)
        first.start()
    floor.settle()
    floor.audit()
    wait_until(lambda: own_half(first, second))
    everybody = {rep.id for rep in PROFILE.reps}
    wait_until(lambda: first.reps() | second.reps() == everybody)
    assert not first.reps() & second.reps()
    assert floor.stopped_themselves == []


@pytest.mark.timeout(240)  # three starts of a broker, and workers that wait for it
def test_a_broker_that_restarts_costs_no_event(
    make_floor: Callable[..., Floor], broker: KafkaServer, events: list[Sending]
) -> None:
    floor = make_floor()
    floor.worker("a")
    floor.worker("b")
    with floor.sending(events, per_second=PER_SECOND):
        time.sleep(5)
        broker.stop()
        time.sleep(2)
        floor.supervise()
        broker.start()
        until_s = time.monotonic() + 5
        while time.monotonic() < until_s:
            floor.supervise()
            time.sleep(0.5)
        broker.kill()
        broker.start()
    floor.settle(90)
    floor.audit()
    # Who gave up said why, in one line; a supervisor starts it again.
    assert all(line.startswith("floorcast: stopped: ") for line in floor.stopped_themselves)


@pytest.mark.parametrize("missing", ["input-stops", "forgotten-reps", "misrouted"])
def test_a_worker_without_one_of_its_topics_ends_and_says_what_to_do(
    make_floor: Callable[..., Floor], missing: str
) -> None:
    floor = make_floor()
    name = floor.settings.topic(missing)
    admin = AdminClient(floor.settings.kafka())
    admin.delete_topics([name])[name].result(30)
    worker = floor.worker("a", wait=False)
    wait_until(lambda: not worker.running)
    line = worker.last_line()
    assert line.startswith("floorcast: stopped: ")
    assert name in line
    assert "`floorcast topics create`" in line
    assert worker.exit_code() == STOPPED_ITSELF


def partitions(worker: FloorWorker) -> int:
    """How many a worker owns, all of them recovered; 0 before that."""
    if not worker.running:
        return 0
    ((_, owned),) = worker.metrics("floorcast_partitions_owned")
    ((_, recovering),) = worker.metrics("floorcast_recovering")
    return 0 if recovering else int(owned)


def own_half(*workers: FloorWorker) -> bool:
    """Whether two workers share the four partitions."""
    return [partitions(worker) for worker in workers] == [2, 2]
