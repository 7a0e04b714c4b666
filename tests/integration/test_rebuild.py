"""Everything is counted anew beside the live numbers, and takes their place without a wrong one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from producers.simulator import plan_text
from sinks.redis_keys import RedisKeys
from streams.core.events import CALL_ENDED
from streams.core.partition import partition_of
from streams.core.snapshot import GENERATION_SHIFT, RepSnapshot, decode_rep_snapshot
from streams.engine.guard import PLAN_EXIT_CODE
from streams.topics import REP_SCOREBOARD, dead_letter
from tests.builders import call
from tests.integration.floor import Floor, FloorWorker, Row, wait_until
from tests.integration.mixed_events import PROFILE, Sending, mixed_events, sendings
from tests.services.kafka import KafkaServer
from tests.services.redis import RedisServer

TEAM = PROFILE.teams[0].id
RENAMED = f"{TEAM}-renamed"
SECONDS = 30
PER_SECOND = 150


class Plans(NamedTuple):
    """The plan a floor begins with, and one that changes a zone, dispositions and reversals."""

    old: Path
    new: Path


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    text = plan_text(PROFILE)
    changed = text.replace('"positive"', '"negative"', 1).replace("Asia/Shanghai", "Asia/Dubai")
    made = Plans(tmp_path / "old.toml", tmp_path / "new.toml")
    made.old.write_text(text, encoding="utf-8")
    changed = changed.replace(TEAM, RENAMED)
    assert RENAMED in changed
    made.new.write_text(changed + '\n[deals]\nreversals = "contra"\n', encoding="utf-8")
    return made


@pytest.fixture
def floor(
    kafka: KafkaServer, redis_server: RedisServer, tmp_path: Path, plans: Plans
) -> Iterator[Floor]:
    made = Floor(
        kafka,
        tmp_path,
        plan=str(plans.old),
        partitions="2",
        redis_url=redis_server.url,
        redis_prefix=tmp_path.name,
        data_dir=str(tmp_path / "data"),
    )
    yield made
    made.close()


def calls_now(count: int) -> list[Sending]:
    """Calls of this minute, by all reps in turn."""
    now_ms = time.time_ns() // 1_000_000
    reps = [rep.id for rep in PROFILE.reps]
    out = []
    for number in range(count):
        rep = reps[number % len(reps)]
        event = call(rep_id=rep, at_ms=now_ms - 60_000 + number, call_id=f"now-{number}")
        out.append(Sending(CALL_ENDED, rep, json.dumps(event).encode()))
    return out


class Watcher:
    """What a board sees in Redis: dials of the year of every rep, again and again."""

    def __init__(self, url: str, prefix: str) -> None:
        self.faults: list[str] = []
        self.looks = 0
        self.dials: dict[str, int] = {}
        self.generations: set[int] = set()
        self._client = redis.Redis.from_url(url)
        self._held = RedisKeys(prefix).held("reps")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self._client.close()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            self.look()

    def look(self) -> None:
        """Compare with what was seen before."""
        found: Any = self._client.hgetall(self._held)
        shots = [decode_rep_snapshot(value) for value in found.values()]
        now = {shot.rep_id: dials(shot) for shot in shots}
        for rep, seen in self.dials.items():
            if now.get(rep, -1) < seen:
                self.faults.append(f"{rep} had {seen} dials, then {now.get(rep)}")
        self.dials |= now
        self.generations |= {shot.version[0] >> GENERATION_SHIFT for shot in shots}
        self.looks += 1


def dials(shot: RepSnapshot) -> int:
    return shot.windows["year"].dials if "year" in shot.windows else 0


def status(floor: Floor) -> Row:
    done = floor.run("rebuild", "--status", "--json")
    assert done.exit_code == 0, done.output
    found: Row = json.loads(done.stdout)
    return found


def one_line(floor: Floor, *args: str) -> str:
    """What a command says that must fail."""
    done = floor.run(*args)
    assert done.exit_code == 1, done.output
    return done.output


def stopped_with(worker: FloorWorker) -> tuple[str, int | None]:
    """The last line of a worker that ends by itself, and its exit code."""
    wait_until(lambda: not worker.running, 60)
    return worker.last_line(), worker.exit_code()


@pytest.mark.timeout(300)  # a whole life of a floor, with its waits for people and groups
def test_a_rebuild_takes_over_while_events_come_and_no_board_ever_steps_back(
    floor: Floor, plans: Plans
) -> None:
    history = sendings(mixed_events(40))
    live = floor.worker("live")
    floor.send(history)
    floor.settle()
    before = floor.audit()["cells"]

    rebuild = floor.rebuild("rebuild", plans.new)
    time.sleep(1.0)
    rebuild.kill()  # half-way, wherever that is
    rebuild.start()
    wait_until(lambda: not floor.lag(generation=1), 60)
    assert floor.audit()["cells"] == before  # beside it nothing has changed

    differing = status(floor)["differences"]
    named = {kpi["name"] for kpi in differing["kpis"]}
    assert {"revenue_gross", "deals_reversed"} <= named
    assert "Dials" in differing["same"]
    assert differing["differing"] > 0
    shown = floor.run("rebuild", "--status").output
    assert "floorcast.g1: rebuild; plan " in shown
    assert "Revenue, gross CNY" in shown
    # The process says it too, by itself.
    wait_until(lambda: "`floorcast rebuild --switch` shows these" in rebuild.log_tail(), 60)

    # Another process joins, and they share the partitions.
    second = floor.rebuild("second", plans.new)
    wait_until(lambda: [owned(rebuild), owned(second)] == [1, 1], 60)

    url, prefix = floor.settings.redis_url or "", floor.settings.redis_prefix
    with Watcher(url, prefix) as watcher:
        coming = calls_now(SECONDS * PER_SECOND)
        with floor.sending(coming, per_second=PER_SECOND):
            time.sleep(5)
            switched = floor.run("rebuild", "--switch")
            assert switched.exit_code == 0, switched.output
            assert "floorcast.g1 is live" in switched.output
            assert "the workers of floorcast have stopped" in switched.output
            line, code = stopped_with(live)
            assert line.startswith("floorcast: stopped: floorcast.g1 is live now")
            assert code == 0
        expected = {rep.id: SECONDS * PER_SECOND // len(PROFILE.reps) for rep in PROFILE.reps}
        wait_until(lambda: watcher.dials == expected, 60)
    assert watcher.faults == []
    assert watcher.generations == {0, 1}
    assert watcher.looks > 100

    # Of a team that is no more nothing stays, and the other one has all of its reps.
    with redis.Redis.from_url(url) as client:
        held: Any = client.hgetall(RedisKeys(prefix).held("partials"))
    parts = [json.loads(value) for value in held.values()]
    assert {part["version"][0] >> GENERATION_SHIFT for part in parts} == {1}
    assert sum(part["reps"] for part in parts if part["id"] == RENAMED) > 0
    assert TEAM not in {part["id"] for part in parts}

    everybody = {rep.id for rep in PROFILE.reps}
    # Who comes with the old plan is refused; with the new one it joins and shows its reps.
    floor.follow()
    line, code = stopped_with(floor.worker("live", wait=False))
    assert code == PLAN_EXIT_CODE
    assert "the plan is not the one this state was counted under" in line
    floor.workers["live"].wanted = False
    floor.environ["FLOORCAST_PLAN"] = str(plans.new)
    floor.follow()
    newcomer = floor.worker("new", plan=str(plans.new))
    wait_until(lambda: rebuild.reps() | second.reps() | newcomer.reps() == everybody, 60)
    assert (rebuild.leave(), second.leave()) == (0, 0)
    wait_until(lambda: newcomer.reps() == everybody, 60)
    floor.settle()
    found = floor.audit()
    assert found["differing"] == 0
    assert found["cells"] != before

    # The last word on every rep in the compacted topic is of the new generation too.
    last = {record.key: record.value or b"" for record in floor.read(REP_SCOREBOARD)}
    shots = [decode_rep_snapshot(value) for value in last.values()]
    assert {shot.version[0] >> GENERATION_SHIFT for shot in shots} == {1}
    assert {shot.rep_id: dials(shot) for shot in shots} == expected

    dropped = floor.run("rebuild", "--discard-old")
    assert dropped.exit_code == 0, dropped.output
    assert not topics(floor) & {"deal-postings", "floorcast-scoreboard-changelog"}
    assert floor.run("topics", "check").exit_code == 0
    floor.audit()
    assert [one["namespace"] for one in status(floor)["generations"]] == ["floorcast.g1"]


def owned(worker: FloorWorker) -> int:
    """How many partitions a process has, all of them recovered; 0 before that."""
    ((_, partitions),) = worker.metrics("floorcast_partitions_owned")
    ((_, recovering),) = worker.metrics("floorcast_recovering")
    return 0 if recovering else int(partitions)


def topics(floor: Floor) -> set[str]:
    """The floor's topics, without their prefix."""
    prefix = floor.settings.topic_prefix
    found = AdminClient(floor.settings.kafka() | {"log_level": 0}).list_topics(timeout=15).topics
    return {name.removeprefix(prefix) for name in found if name.startswith(prefix)}


def group_is_there(floor: Floor, generation: int) -> bool:
    admin = AdminClient(floor.settings.kafka() | {"log_level": 0})
    group = floor.settings.of_generation(generation).group
    try:
        found: Any = admin.describe_consumer_groups([group])[group].result()
    except KafkaException as error:
        assert error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND
        return False
    return str(found.state).rpartition(".")[2] != "DEAD"


def test_a_rebuild_that_is_dropped_leaves_nothing_and_refuses_what_cannot_be(
    floor: Floor, plans: Plans
) -> None:
    floor.worker("live")
    floor.send(sendings(mixed_events(4)))
    floor.settle()
    was = topics(floor)
    for step in ("--switch", "--discard", "--discard-old"):
        assert "there is no rebuild" in one_line(floor, "rebuild", step) or step == "--discard-old"
    assert "nothing to rebuild" in one_line(floor, "rebuild")

    rebuild = floor.rebuild("rebuild", plans.new)
    wait_until(lambda: not floor.lag(generation=1), 60)
    assert "1 processes still count into floorcast.g1: stop them" in one_line(
        floor, "rebuild", "--discard"
    )
    other = "is being counted under another plan (the plan is not the one"
    assert other in one_line(floor, "rebuild", "--plan", str(plans.old))
    rebuild.leave()
    assert "no process counts into floorcast.g1" in one_line(floor, "rebuild", "--switch")
    assert group_is_there(floor, 1)
    dropped = floor.run("rebuild", "--discard")
    assert dropped.exit_code == 0, dropped.output
    wait_until(lambda: topics(floor) == was)
    assert not group_is_there(floor, 1)
    assert [one["namespace"] for one in status(floor)["generations"]] == ["floorcast"]
    floor.audit()
    # And it may be begun again, under a number that no alert of the dropped one bears.
    again = floor.rebuild("again", plans.new)
    wait_until(lambda: group_is_there(floor, 2) and not floor.lag(generation=2), 60)
    assert not group_is_there(floor, 1)
    again.leave()
    assert floor.run("rebuild", "--discard").exit_code == 0
    assert floor.rebuild("third", plans.new) is not None
    wait_until(lambda: group_is_there(floor, 3), 60)


def test_raw_events_that_are_gone_are_not_rebuilt_without(floor: Floor, plans: Plans) -> None:
    floor.worker("live")
    floor.send(calls_now(200))
    floor.settle()
    admin = AdminClient(floor.settings.kafka() | {"log_level": 0})
    name = floor.settings.topic(CALL_ENDED)
    for done in admin.delete_records([TopicPartition(name, 0, 5)]).values():
        done.result(30)
    said = one_line(floor, "rebuild", "--plan", str(plans.new))
    assert f"not auditable: {name}:0 begins at 5" in said
    assert "Keep the present plan" in said


def test_bad_events_are_put_aside_once_and_none_is_forgotten_in_the_switch(
    floor: Floor, plans: Plans
) -> None:
    floor.worker("live")
    good = calls_now(300)
    reps = {partition_of(rep.id.encode(), 2): rep.id for rep in PROFILE.reps}
    bad = [Sending(CALL_ENDED, reps[n % 2], b"{") for n in range(50)]
    flood = [Sending(CALL_ENDED, reps[0], b"{") for _ in range(80)]
    floor.send(good + flood)
    floor.settle(stopped=[(CALL_ENDED, 0)])
    assert floor.run("resume", f"{CALL_ENDED}:0", "--accept-bad").exit_code == 0
    floor.settle()
    assert letters(floor) == 80

    # What was accepted once does not stop the rebuild, and it stops nobody else.
    rebuild = floor.rebuild("rebuild", plans.new)
    wait_until(lambda: not floor.lag(generation=1), 60)
    assert letters(floor) == 80
    (dead,) = (n for at, n in rebuild.metrics("floorcast_events_dead_lettered_total"))
    assert dead == 80  # it counts them all the same
    assert not floor.stopped_inputs()

    # Bad events all through the switch: each has a letter, and at most the last seconds' have two.
    coming: list[Sending] = []
    for number, event in enumerate(bad):
        coming += [*good[number * 5 :][:30], event]
    with floor.sending(coming, per_second=PER_SECOND):
        time.sleep(3)
        switched = floor.run("rebuild", "--switch")
        assert switched.exit_code == 0, switched.output
    floor.workers["live"].wanted = False
    floor.follow()
    floor.environ["FLOORCAST_PLAN"] = str(plans.new)
    floor.settle()
    places = letter_places(floor)
    assert len(set(places)) == 80 + len(bad)
    assert len(places) <= 80 + len(bad) + len(bad) // 2
    floor.audit()


def letter_places(floor: Floor) -> list[tuple[int, int]]:
    """Partition and offset of the bad event of every dead letter of the calls."""
    found = []
    for record in floor.read(dead_letter(CALL_ENDED)):
        said = dict(record.headers)
        origin = said["floorcast-origin-partition"], said["floorcast-origin-offset"]
        found.append((int(origin[0]), int(origin[1])))
    return found


def letters(floor: Floor) -> int:
    return len(letter_places(floor))
