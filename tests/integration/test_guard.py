"""A worker never counts on a state that does not go with its topics, its plan or its folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewPartitions, NewTopic
from msgspec import json, structs

from producers.simulator import plan_text
from streams.core.basis import Basis, basis_key
from streams.core.clock import ManualClock
from streams.core.events import CALL_ENDED
from streams.core.plan import Plan, parse_plan
from streams.core.segment import STATE_VERSION
from streams.engine.basis_log import BasisLog
from streams.engine.guard import PLAN_EXIT_CODE, Guard, Refused
from streams.engine.surroundings import look_around
from streams.settings import Settings
from streams.settings_reader import load_settings
from streams.topics import (
    LEDGER_TABLE,
    SCOREBOARD_TABLE,
    STATE_BASIS,
    TABLES,
    all_topics,
    changelog,
)
from tests.integration.floor import STOPPED_ITSELF, Floor, Row, wait_until
from tests.integration.mixed_events import PROFILE, Sending, mixed_events, sendings
from tests.services.kafka import KafkaServer

REBUILD = ("`floorcast rebuild --plan ", "`floorcast rebuild --switch`")
DAY_MS = 86_400_000


class Counted(NamedTuple):
    """A floor whose worker has counted some hours and was stopped."""

    floor: Floor
    totals: list[Row]
    admin: AdminClient

    def topic(self, kind: str) -> str:
        """A topic's Kafka name."""
        return self.floor.settings.topic(kind)

    def refused(self, *said: str, code: int = STOPPED_ITSELF) -> None:
        """The worker must not start, and `floorcast topics check` must tell the same."""
        worker = self.floor.worker("a", wait=False)
        wait_until(lambda: not worker.running)
        line = worker.last_line()
        assert line.startswith("floorcast: stopped: the worker does not start: "), line
        assert [one for one in said if one not in line] == [], line
        assert worker.exit_code() == code
        checked = self.floor.run("topics", "check")
        assert checked.exit_code == 1
        assert line.partition("does not start: ")[2] in checked.output

    def counts_on(self) -> None:
        """A worker starts, and the numbers are those of before."""
        self.floor.worker("a")
        self.floor.settle()
        assert self.floor.totals() == self.totals
        self.floor.audit()

    def stores(self) -> list[Path]:
        """The folders of the worker's local stores."""
        return [file.parent for file in self.floor.folder.glob("a/v1/tables/*/*/CURRENT")]


@pytest.fixture(scope="module")
def events() -> list[Sending]:
    return sendings(mixed_events(10))


@pytest.fixture
def counted(kafka: KafkaServer, tmp_path: Path, events: list[Sending]) -> Iterator[Counted]:
    plan = tmp_path / "plan.toml"
    plan.write_text(plan_text(PROFILE), encoding="utf-8")
    floor = Floor(kafka, tmp_path, plan=str(plan), partitions="2")
    worker = floor.worker("a")
    floor.send(events)
    floor.settle()
    assert worker.leave() == 0
    yield Counted(floor, floor.totals(), AdminClient(floor.settings.kafka() | {"log_level": 0}))
    floor.close()


def make_anew(admin: AdminClient, name: str, partitions: int) -> None:
    admin.delete_topics([name])[name].result(30)

    def made() -> bool:
        try:
            admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
        except Exception as error:
            assert "exists" in str(error)
            return False
        return True

    wait_until(made)


@pytest.mark.parametrize("kind", [CALL_ENDED, "deal-postings", "the changelog"])
def test_a_topic_that_was_made_anew_is_refused(counted: Counted, kind: str) -> None:
    name = counted.topic(kind)
    config: dict[str, str] = {}
    if kind == "the changelog":
        name = changelog(counted.floor.settings, SCOREBOARD_TABLE)
        config = {"cleanup.policy": "compact"}
    make_anew(counted.admin, name, 2)
    for key, value in config.items():
        configure(counted.admin, name, key, value)
    counted.refused(f"topic {name} was made anew (its id is ", *REBUILD)


def configure(admin: AdminClient, topic: str, key: str, value: str) -> None:
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    wanted = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for done in admin.incremental_alter_configs([wanted]).values():
        done.result(30)


@pytest.mark.parametrize("which", ["an input", "a changelog"])
def test_a_topic_that_got_more_partitions_is_refused(counted: Counted, which: str) -> None:
    name = counted.topic(CALL_ENDED)
    if which == "a changelog":
        name = changelog(counted.floor.settings, LEDGER_TABLE)
    counted.admin.create_partitions([NewPartitions(name, 3)])[name].result(30)
    worker = counted.floor.worker("a", wait=False)
    wait_until(lambda: not worker.running)
    line = worker.last_line()
    for said in (f"topic {name} has 3 partitions, it had 2", "FLOORCAST_PARTITIONS=3", *REBUILD):
        assert said in line
    assert worker.exit_code() == STOPPED_ITSELF


def test_a_plan_that_counts_otherwise_is_refused_and_the_old_one_goes_on(counted: Counted) -> None:
    plan = Path(counted.floor.settings.plan or "")
    text = plan.read_text("utf-8")
    for changed, said in (
        (text.replace('"positive"', '"negative"', 1), "dispositions have other flags"),
        (text + '\n[deals]\nreversals = "contra"\n', "deals.reversals is contra, it was restate"),
        (text.replace('"Asia/Shanghai"', '"Asia/Tokyo"'), "the roster says something else"),
    ):
        assert changed != text
        plan.write_text(changed, encoding="utf-8")
        counted.refused(
            f"the plan is not the one this state was counted under: {said}",
            f"`floorcast rebuild --plan {plan}`, then `floorcast rebuild --switch`",
            code=PLAN_EXIT_CODE,
        )
    hired = f'\n[[roster]]\nrep = "new"\nteam = "{PROFILE.teams[0].id}"\nfrom = 2999-01-01\n'
    plan.write_text(text + hired, encoding="utf-8")
    counted.counts_on()


def test_a_changelog_that_deletes_is_refused_with_the_command(counted: Counted) -> None:
    name = changelog(counted.floor.settings, SCOREBOARD_TABLE)
    configure(counted.admin, name, "cleanup.policy", "delete")
    worker = counted.floor.worker("a", wait=False)
    wait_until(lambda: not worker.running)
    line = worker.last_line()
    assert f"the changelog {name} has cleanup.policy=delete" in line
    assert f"--entity-name {name} --add-config cleanup.policy=compact`" in line
    configure(counted.admin, name, "cleanup.policy", "compact")
    counted.counts_on()


def say(counted: Counted, value: bytes) -> None:
    producer = Producer(counted.floor.settings.kafka() | {"log_level": 0})
    name = counted.floor.settings.namespace
    producer.produce(counted.topic(STATE_BASIS), value, basis_key(name), 0)
    assert producer.flush(30) == 0


def stored(settings: Settings) -> Basis:
    log = BasisLog(settings)
    log.open()
    log.close()
    return log.bases[settings.namespace]


def test_state_of_another_release_is_refused_and_foreign_records_too(counted: Counted) -> None:
    held = stored(counted.floor.settings)
    newer = structs.replace(held, state_version=STATE_VERSION + 1)
    say(counted, json.encode(newer))
    counted.refused(f"this state has version {STATE_VERSION + 1}", "run the release that wrote it")
    say(counted, json.encode({"record": 99}))
    counted.refused("was written by a newer floorcast (record version 99")
    say(counted, b"something else")
    counted.refused("is not a record of floorcast", "FLOORCAST_TOPIC_PREFIX")


def test_state_without_a_record_is_refused_until_somebody_answers_for_it(
    counted: Counted,
) -> None:
    name = counted.topic(STATE_BASIS)
    make_anew(counted.admin, name, 1)
    configure(counted.admin, name, "cleanup.policy", "compact")
    counted.refused("has state in Kafka, but nothing in state-basis", "`floorcast topics accept`")
    assert counted.floor.run("topics", "accept").exit_code == 0
    assert counted.floor.run("topics", "accept").exit_code == 1
    assert counted.floor.run("topics", "check").exit_code == 0
    counted.counts_on()


def test_a_folder_that_was_wiped_spoilt_or_is_another_floors_is_read_anew(
    counted: Counted, tmp_path: Path, kafka: KafkaServer
) -> None:
    floor = counted.floor
    folders = counted.stores()
    assert len(folders) == 2 * len(TABLES)
    for manifest in folders[0].glob("MANIFEST-*"):
        manifest.write_bytes(b"no manifest")
    counted.counts_on()
    # The numbers are those of the log, which were right before the store was opened.
    wait_until(lambda: f"{folders[0]} is damaged" in floor.workers["a"].log_tail())
    assert "it is removed and read again from the changelog" in floor.workers["a"].log_tail()
    floor.settle()
    assert floor.totals() == counted.totals
    floor.workers["a"].leave()

    other = Floor(kafka, tmp_path, plan=floor.settings.plan or "", partitions="2")
    try:
        # The folder of the one on the other: its offsets would fit, its numbers would not.
        stranger = other.worker("a", data_dir=str(floor.folder / "a"))
        other.settle()
        assert other.totals() == []
        wait_until(lambda: "belongs to " in stranger.log_tail())
        assert stranger.reps() == set()
    finally:
        other.close()
    counted.counts_on()


def test_damage_that_only_reading_finds_ends_the_worker_and_the_next_one_is_right(
    counted: Counted, events: list[Sending]
) -> None:
    floor = counted.floor
    floor.worker("a")  # what lies in the log is written to table files when it is opened again
    floor.settle()
    floor.workers["a"].leave()
    for folder in counted.stores():
        tables = list(folder.glob("*.sst"))
        assert tables
        for table in tables:
            content = bytearray(table.read_bytes())
            half = len(content) // 2
            content[10:half] = bytes(half - 10)
            table.write_bytes(content)
    # Cold days are read when an event for them comes.
    worker = floor.worker("a", wait=False)
    floor.send(events[:400])
    wait_until(lambda: not worker.running, 60)
    assert worker.exit_code() == STOPPED_ITSELF
    assert "is damaged" in worker.last_line()
    wait_until(lambda: _starts_in_the_end(floor), 60)
    floor.settle()
    assert floor.totals() == counted.totals
    floor.audit()


def _starts_in_the_end(floor: Floor) -> bool:
    """Every damaged partition ends a worker once; a supervisor starts it again."""
    worker = floor.workers["a"]
    if not worker.running:
        worker.start(wait=False)
        return False
    return "floorcast: stopped" not in worker.last_line() and not floor.lag()


def test_a_second_app_under_the_same_prefix_is_refused(counted: Counted) -> None:
    again = counted.floor.another_app("again")
    worker = again.worker("b", wait=False)
    wait_until(lambda: not worker.running)
    line = worker.last_line()
    assert "the app floorcast counts under this prefix" in line
    assert "set FLOORCAST_APP=floorcast, or give this app a FLOORCAST_TOPIC_PREFIX" in line
    assert worker.exit_code() == STOPPED_ITSELF


# -- the guard by itself, on topics of its own

SITE = '[sites.s]\nzone = "Asia/Shanghai"\n[teams.t]\nsite = "s"\n'
NOON_MS = int(datetime(2026, 11, 23, 4, tzinfo=UTC).timestamp() * 1000)
MakeGuard = Callable[..., Guard]


def roster(**entries: str) -> Plan:
    lines = (f'[[roster]]\nrep = "{rep}"\nteam = "t"\n{dates}\n' for rep, dates in entries.items())
    return parse_plan(SITE + "".join(lines), "UTC")


@pytest.fixture
def make_guard(kafka: KafkaServer, tmp_path: Path) -> Iterator[MakeGuard]:
    floor = Floor(kafka, tmp_path, partitions="1", detail_days="400")
    made: list[Guard] = []

    def make(plan: Plan, days: float = 0, **settings: Any) -> Guard:
        clock = ManualClock(NOON_MS + int(days * DAY_MS))
        own = structs.replace(floor.settings, **settings)
        made.append(Guard(own, plan, clock, lambda _: None))
        return made[-1]

    yield make
    for guard in made:
        guard.close()


def test_a_roster_may_change_from_the_next_local_day_on_and_the_date_moves(
    make_guard: MakeGuard,
) -> None:
    make_guard(roster(ana="")).check()
    # The next day's change comes a day early, is written down when that day begins, and stands.
    changed = roster(ana="until = 2026-11-24")
    make_guard(changed).check()
    with pytest.raises(Refused, match="the roster says something else"):
        make_guard(roster(ana="until = 2026-11-23")).check()
    make_guard(changed, days=1).check()
    with pytest.raises(Refused, match="of local days up to 2026-11-24"):
        make_guard(roster(ana=""), days=1).check()
    make_guard(changed, days=500).check()
    # A clock that has gone back does not take back what has begun.
    with pytest.raises(Refused):
        make_guard(roster(ana="until = 2027-01-01")).check()
    make_guard(changed).check()


def test_a_running_worker_says_when_a_day_has_begun(make_guard: MakeGuard) -> None:
    plan = roster(ana="")
    running = make_guard(plan)
    running.check()
    clock = running._clock
    assert isinstance(clock, ManualClock)
    clock.advance(DAY_MS)
    running._round()
    with pytest.raises(Refused):  # counted already, though nobody was started since
        make_guard(roster(ana="until = 2026-11-24"), days=1).check()


def test_of_two_workers_that_start_at_once_under_two_plans_one_counts(
    make_guard: MakeGuard,
) -> None:
    for _ in range(3):
        guards = [make_guard(roster(ana="")), make_guard(roster(bo=""))]
        began = threading.Barrier(2)
        refused: list[Guard] = []

        def start(guard: Guard, began: threading.Barrier, refused: list[Guard]) -> None:
            began.wait()
            try:
                guard.check()
                for _ in range(5):
                    guard._round()
            except Refused:
                refused.append(guard)

        threads = [threading.Thread(target=start, args=(guard, began, refused)) for guard in guards]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(refused) == 1
        (winner,) = set(guards) - set(refused)
        # And so it stays for everybody who comes later.
        make_guard(winner._plan).check()
        with pytest.raises(Refused):
            make_guard(refused[0]._plan).check()
        forget(winner)


def forget(guard: Guard) -> None:
    log = BasisLog(guard._settings)
    log.open()
    log.forget(guard._settings.namespace)
    log.close()


def test_days_may_not_be_kept_for_longer_than_they_were(make_guard: MakeGuard) -> None:
    make_guard(roster(), detail_days=100).check()
    with pytest.raises(Refused, match="set detail_days to 100 again"):
        make_guard(roster(), detail_days=400).check()


def test_a_cluster_that_tells_its_ids_gives_every_store_an_owner(make_guard: MakeGuard) -> None:
    guard = make_guard(roster())
    guard.check()
    around = look_around(guard._settings)
    names = [changelog(guard._settings, table) for table in (SCOREBOARD_TABLE, LEDGER_TABLE)]
    owners = {around.store_identity(name) for name in names}
    assert len(owners) == 2
    assert "" not in owners


def test_every_topic_that_state_rests_on_is_made_by_topics_create() -> None:
    settings = load_settings({}, None)
    made = {topic.name for topic in all_topics(settings)}
    assert settings.topic(STATE_BASIS) in made
