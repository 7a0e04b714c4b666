"""One floor: its topics on the cluster, its workers, its clock and its events; some rounds long."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import click
from click.testing import CliRunner
from confluent_kafka import KafkaException

from streams.cli.kafka_read import committed, ends, read_topics
from streams.cli.main import cli
from streams.core.stop import decode_input_state, parse_input
from streams.settings_reader import load_settings
from streams.topics import (
    INPUT_STOPS,
    TABLES,
    all_topics,
    changelog,
    kinds_by_topic,
)
from tests.chaos.check import Checker, Result
from tests.chaos.clock import FloorClock
from tests.chaos.crew import Crew
from tests.chaos.events import Events
from tests.chaos.faults import Saboteur
from tests.chaos.people import DEFAULT_ZONE, DETAIL_DAYS, HOURS_A_ROUND, STARTS, plan_text
from tests.chaos.redis_view import VersionWatch
from tests.chaos.schedule import Fault, schedule
from tests.chaos.sender import Sender
from tests.chaos.site import Site
from tests.services.kafka_cluster import KafkaCluster
from tests.services.redis import RedisServer

HOUR_MS = 3_600_000
REPS = 120
WORKERS = 3
SESSION_S = 3.0
SETTLE_S = 120.0
LAST_FAULTS_S = 8.0
"""How long the last faults of a round may go on when there is nothing more to send."""
_RESUME_S = 2.0
_COMPACTED = {
    "segment.ms": "5000",
    "segment.bytes": str(1 << 20),
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "5000",
}
"""Compaction that runs while faults do; a log cleaner that waits for hours proves nothing."""


class Pace(NamedTuple):
    """How long a round's faults last, seconds from one to the next, and events a second."""

    seconds: float
    gap_s: float
    per_second: int


class Round(NamedTuple):
    """What happened in a round and what was found after it."""

    number: int
    events: int
    faults: Counter[str]
    skipped: Counter[str]
    settled_s: float
    recoveries_s: list[float]
    stale: int
    result: Result


class Servers(NamedTuple):
    """What a floor runs on; the floors of a campaign share it."""

    cluster: KafkaCluster
    redis: RedisServer


class Floor:
    """A floor on a cluster that others used before; close it when its rounds are over."""

    def __init__(
        self,
        folder: Path,
        servers: Servers,
        seed: int,
        say: Callable[[str], None],
        without: str = "",
    ) -> None:
        self._say = say
        cluster, redis = servers
        self._cluster = cluster
        self._folder = folder
        self._dice = Random(f"{seed} faults")
        folder.mkdir(parents=True)
        self._events = Events(seed, REPS)
        plan = folder / "plan.toml"
        mode = ("restate", "contra")[seed % 2]
        plan.write_text(plan_text(self._events.people, mode), encoding="utf-8")
        named = {
            "brokers": cluster.bootstrap,
            "topic_prefix": f"chaos-{seed}.",
            "partitions": "6",
            "replication": "3",
            "page": "no",
            "plan": str(plan),
            "zone": DEFAULT_ZONE,
            "session_timeout_ms": str(int(SESSION_S * 1000)),
            "commit_interval_ms": "400",
            "detail_days": str(DETAIL_DAYS),
            "redis_url": redis.url,
            "redis_prefix": f"chaos-{seed}",
        }
        self.environ = {f"FLOORCAST_{name.upper()}": value for name, value in named.items()}
        self.settings = load_settings(self.environ, None)
        self._create_topics(compacted=seed % 3 != 0)
        self._start_ms = STARTS[seed % len(STARTS)]
        self._clock = FloorClock(self._control(), self._start_ms)
        self.crew = Crew(folder, _clean_environ() | self.environ, without)
        self._sender = Sender(self.settings)
        site = Site(self.crew, cluster, redis, self._clock, self._sender, self.settings, folder)
        self._saboteur = Saboteur(site, self._dice, say)
        self._checker = Checker(self.settings, self._events.people, self.crew, self._clock)
        self._watch = VersionWatch(redis.url, self.settings.redis_prefix)
        self._resumed_s = 0.0
        self._numbers = 0

    @property
    def versions_looked_at(self) -> int:
        """How often the versions in Redis were looked at."""
        return self._watch.looks

    @property
    def classes(self) -> Counter[str]:
        """What became of the records of the inputs, each in exactly one class."""
        return self._checker.truth.kinds

    def _control(self) -> Path:
        control = self._folder / "control"
        control.mkdir()
        return control

    def _create_topics(self, *, compacted: bool) -> None:
        self.run("topics", "create")
        if not compacted:
            return
        for table in TABLES:
            self._cluster.configure(changelog(self.settings, table), _COMPACTED)

    def run(self, *args: str) -> str:
        """Run a command of floorcast; raises AssertionError when it fails."""
        done = CliRunner().invoke(cli, list(args), env=self.environ)
        assert done.exit_code == 0, f"floorcast {' '.join(args)}: {done.output}"
        return done.output

    # -- a round

    def open(self) -> None:
        """Start the workers, and have every rep counted once before anything breaks."""
        for _ in range(WORKERS):
            self.crew.join()
        self._sender.send(self._events.roll_call(self._start_ms))
        self._settle()

    def round(self, pace: Pace, only: tuple[str, ...] = ()) -> Round:
        """Faults while events come, then quiet, then the checks."""
        number, self._numbers = self._numbers, self._numbers + 1
        self._saboteur.done.clear()
        self._saboteur.skipped.clear()
        span_ms = HOURS_A_ROUND * HOUR_MS
        since_ms = max(self._start_ms + number * span_ms, self._clock.now_ms())
        count = int(pace.seconds * pace.per_second)
        plan = schedule(self._dice, pace.seconds, pace.gap_s, SESSION_S, only)
        before, stale = self._checker.events(), self._checker.log.stale
        recovered = len(self.crew.recoveries_s())
        events = list(self._events.batch(count, since_ms, since_ms + span_ms))
        self._clock.set(since_ms, span_ms / (pace.seconds * 1000))
        self._sender.begin(events, pace.per_second)
        self._break(plan)
        self._clock.set(since_ms + span_ms, 1.0)
        began_s = time.monotonic()
        self._sender.finish()
        self._settle()
        settled_s = time.monotonic() - began_s
        result = self._checker.check(self._scratch())
        result.wrong.extend(f"redis went back: {one}" for one in self._watch.went_back)
        self._watch.went_back.clear()
        return Round(
            number,
            self._checker.events() - before,
            Counter(self._saboteur.done),
            Counter(self._saboteur.skipped),
            settled_s,
            self.crew.recoveries_s()[recovered:],
            self._checker.log.stale - stale,
            result,
        )

    def _break(self, plan: list[Fault]) -> None:
        began_s = time.monotonic()
        waiting = list(plan)
        while waiting or self._sender.busy:
            now_s = time.monotonic() - began_s
            while waiting and waiting[0].at_s <= now_s:
                self._saboteur.do(waiting.pop(0))
            self._tend()
            time.sleep(0.02)
        # Who sleeps until others have taken over gets the time for it.
        give_up_s = time.monotonic() + LAST_FAULTS_S
        while not self._saboteur.later.quiet() and time.monotonic() < give_up_s:
            self._tend()
            time.sleep(0.02)
        self._saboteur.end()

    def _tend(self) -> None:
        self._saboteur.later.tick()
        self.crew.tend()

    def _scratch(self) -> Path:
        scratch = self._folder / "scratch"
        scratch.mkdir(exist_ok=True)
        return scratch

    # -- quiet

    def _settle(self) -> None:
        """Wait until everything is counted and committed; a person resumes what was stopped."""
        deadline = time.monotonic() + SETTLE_S
        lag: object = None
        while time.monotonic() < deadline:
            self._tend()
            self.crew.wake_strays()
            try:
                lag = self._lag()
                if not lag and self._cluster.in_sync():
                    return
                self._resume()
            except (click.ClickException, KafkaException, AssertionError) as error:
                lag = error  # a broker is still on its way back
            time.sleep(0.2)
        tails = "\n".join(f"{one.name}: {one.last_line()}" for one in self.crew.hands)
        msg = f"not settled within {SETTLE_S:g} s: {lag}\n{tails}"
        raise TimeoutError(msg)

    def _lag(self) -> dict[tuple[str, int], int]:
        topics = list(kinds_by_topic(self.settings))
        # In this order: what is committed has all that came of it in the topics behind.
        reached = committed(self.settings, topics)
        found = {at: end - reached[at] for at, end in ends(self.settings, topics).items()}
        return {at: lag for at, lag in found.items() if lag}

    def _resume(self) -> None:
        if time.monotonic() - self._resumed_s < _RESUME_S:
            return
        self._resumed_s = time.monotonic()
        for name in self._stopped():
            # Heard in between, or not stopped any more: both are no failure.
            with contextlib.suppress(AssertionError):
                self.run("resume", name, "--accept-bad")
                self._say(f"resumed {name}")

    def _stopped(self) -> list[str]:
        latest: dict[str, str] = {}
        for record in read_topics(self.settings, [self.settings.topic(INPUT_STOPS)]):
            said = decode_input_state(record.value)
            if said is not None and record.key is not None:
                latest[record.key.decode()] = said.state
        return [name for name, state in latest.items() if state == "stopped" and parse_input(name)]

    def close(self) -> None:
        """Kill the workers and delete the topics."""
        self._watch.close()
        self.crew.close()
        names = [topic.name for topic in all_topics(self.settings)]
        with contextlib.suppress(KafkaException):
            for future in self._cluster.admin.delete_topics(names).values():
                with contextlib.suppress(KafkaException):
                    future.result(30)


def _clean_environ() -> dict[str, str]:
    """The environment without settings of whoever runs this."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FLOORCAST_")}
