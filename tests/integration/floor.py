"""A real floor: topics of its own on a real broker, `floorcast worker` processes, its commands."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen
from uuid import uuid4

import click
from click.testing import CliRunner, Result
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from prometheus_client.parser import text_string_to_metric_families

from streams.cli.kafka_read import Record, committed, ends, read_topics
from streams.cli.live import live_settings
from streams.cli.main import cli
from streams.settings_reader import load_settings
from streams.topics import kinds_by_topic
from tests.integration.mixed_events import Sending
from tests.services.http import is_ready
from tests.services.kafka import KafkaServer
from tests.services.ports import free_port
from tests.services.process import ChildProcess

FLOORCAST = Path(sys.executable).with_name("floorcast")
STOPPED_ITSELF = 70
REP_SAMPLE = "floorcast_rep_info"
Found = TypeVar("Found")
Row = dict[str, Any]


class FloorWorker:
    """A `floorcast worker` process; what is started again keeps its data folder and its port."""

    def __init__(
        self, name: str, folder: Path, environ: Mapping[str, str], *args: str | Path
    ) -> None:
        """`args` are the command's; without any it is `worker`."""
        self.name = name
        self.url = f"http://127.0.0.1:{free_port()}"
        self.wanted = False
        self._environ = {
            **environ,
            "FLOORCAST_DATA_DIR": str(folder / name),
            "FLOORCAST_METRICS_PORT": self.url.rpartition(":")[2],
        }
        self._args: tuple[str | Path, ...] = args or ("worker",)
        if args:
            self._args = (*args, "--metrics-port", self.url.rpartition(":")[2])
        self._process = ChildProcess(name, folder / f"{name}.log")

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._process.running

    def start(self, *, wait: bool = True, **environ: str) -> None:
        """Run it; with `wait` return when it answers."""
        self.wanted = True
        self._environ |= environ
        ready = self._answers if wait else lambda: True
        self._process.start([FLOORCAST, *self._args], ready=ready, timeout_s=60, env=self._environ)

    def kill(self) -> None:
        """kill -9."""
        self.wanted = False
        self._process.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, such as SIGSTOP."""
        os.kill(self._process.pid, number)

    def leave(self) -> int | None:
        """SIGTERM, and wait; returns the exit code."""
        self.wanted = False
        return self._process.stop()

    def exit_code(self) -> int | None:
        """How a process that is no longer running ended."""
        return self._process.stop()

    def last_line(self) -> str:
        """The last line it wrote."""
        lines = self._process.log_tail().splitlines()
        return lines[-1] if lines else ""

    def log_tail(self) -> str:
        """The last lines it wrote."""
        return f"{self.name}:\n{self._process.log_tail()}"

    def metrics(self, name: str) -> list[tuple[dict[str, str], float]]:
        """(labels, value) of every sample of that name on its /metrics."""
        return _samples(self._get("/metrics"), name)

    def by_topic(self, name: str) -> Counter[str]:
        """A counter's values by topic, summed over its other labels."""
        found: Counter[str] = Counter()
        for labels, value in self.metrics(name):
            found[labels["topic"]] += int(value)
        return found

    def stopped_inputs(self) -> set[tuple[str, int]]:
        """(topic, partition) of the inputs it says are stopped."""
        found = self.metrics("floorcast_input_stopped")
        return {(at["topic"], int(at["partition"])) for at, stopped in found if stopped}

    def reps(self) -> set[str]:
        """The reps on its /metrics/reps."""
        return {labels["rep"] for labels, _ in self.rep_samples(REP_SAMPLE)}

    def rep_samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """(labels, value) of every sample of that name on its /metrics/reps."""
        return _samples(self._get("/metrics/reps"), name)

    def _answers(self) -> bool:
        return is_ready(f"{self.url}/metrics")

    def _get(self, path: str) -> str:
        with urlopen(self.url + path, timeout=10) as answer:
            text: str = answer.read().decode()
        return text


class Floor:
    """Topics under a prefix of their own, the workers of one group, and the commands' view of both.

    `settings` are FLOORCAST_* variables without the prefix, in lower case.
    """

    def __init__(self, server: KafkaServer, folder: Path, **settings: str) -> None:
        self.folder = folder / uuid4().hex[:6]
        """Where the workers keep their data, each under its name."""
        named = {
            "brokers": server.bootstrap,
            "topic_prefix": f"floor-{uuid4().hex[:8]}.",
            "partitions": "4",
            "page": "no",
            "session_timeout_ms": "6000",
            "commit_interval_ms": "500",
            # Events of a fixed past and of today are to be kept side by side.
            "detail_days": "4000",
        } | settings
        self.environ = {f"FLOORCAST_{name.upper()}": value for name, value in named.items()}
        self.settings = load_settings(self.environ, None)
        self.workers: dict[str, FloorWorker] = {}
        self.stopped_themselves: list[str] = []
        self.run("topics", "create")

    def another_app(self, name: str, **settings: str) -> Floor:
        """A second group over the same topics, which counts for itself."""
        own = {
            key.removeprefix("FLOORCAST_").lower(): value for key, value in self.environ.items()
        } | {"app": name}
        return Floor(_Where(self.settings.brokers), self.folder, **own | settings)  # type: ignore[arg-type] # only where it listens matters

    # -- workers

    def worker(self, name: str, *, wait: bool = True, **settings: str) -> FloorWorker:
        """Start a worker, or one of that name again."""
        found = self.workers.get(name)
        if found is None:
            found = self.workers[name] = FloorWorker(name, self.folder, os.environ | self.environ)
        environ = {f"FLOORCAST_{key.upper()}": value for key, value in settings.items()}
        found.start(wait=wait, **environ)
        return found

    def rebuild(self, name: str, plan: Path, *options: str, **settings: str) -> FloorWorker:
        """Start a process of a rebuild under a plan, or one of that name again."""
        found = self.workers.get(name)
        if found is None:
            args: tuple[str | Path, ...] = ("rebuild", "--plan", plan, *options)
            environ = os.environ | self.environ
            found = self.workers[name] = FloorWorker(name, self.folder, environ, *args)
        named = {f"FLOORCAST_{key.upper()}": value for key, value in settings.items()}
        found.start(wait=True, **named)
        return found

    def follow(self) -> None:
        """Look at the generation of the state that is live now."""
        self.settings = live_settings(self.settings)

    def supervise(self) -> None:
        """Start workers again that ended by themselves; what they said is kept."""
        for worker in self.workers.values():
            if worker.wanted and not worker.running:
                code = worker.exit_code()
                self.stopped_themselves.append(worker.last_line())
                assert code == STOPPED_ITSELF, worker.log_tail()
                worker.start(wait=False)

    def close(self) -> None:
        """Kill all workers."""
        for worker in self.workers.values():
            worker.kill()

    # -- events

    def send(self, events: Sequence[Sending], *, per_second: int = 0) -> None:
        """Produce events in order, and wait until Kafka has them all."""
        failures: list[str] = []

        def note(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failures.append(str(error))

        producer = Producer(
            self.settings.kafka()
            | {
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 0,
            }
        )
        began_s = time.monotonic()
        for number, event in enumerate(events):
            topic = self.settings.topic(event.topic)
            producer.produce(topic, event.value, event.key, on_delivery=note)
            producer.poll(0)
            if per_second:
                time.sleep(max(0.0, began_s + number / per_second - time.monotonic()))
        left = producer.flush(90)
        assert (left, failures[:3]) == (0, [])

    @contextmanager
    def sending(self, events: Sequence[Sending], *, per_second: int) -> Iterator[threading.Thread]:
        """`send` beside the block, which ends when all is sent."""
        failed: list[BaseException] = []

        def run() -> None:
            try:
                self.send(events, per_second=per_second)
            except BaseException as error:  # raised again below, where it is seen
                failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield thread
        thread.join(120)
        assert not failed, failed
        assert not thread.is_alive()

    # -- reading

    def run(self, *args: str) -> Result:
        """A command's outcome."""
        return CliRunner().invoke(cli, list(args), env=self.environ)

    def totals(self) -> list[Row]:
        """What `floorcast totals --json` prints."""
        done = self.run("totals", "--json")
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    def audit(self) -> Row:
        """The findings of `floorcast audit --json`; fails unless every cell is right."""
        done = self.run("audit", "--json", "--wait", "60")
        assert done.stdout, done.output
        found: Row = json.loads(done.stdout)
        shown = {name: value for name, value in found.items() if name != "events"}
        assert done.exit_code == 0, shown
        assert found["clean"], shown
        assert found["cells"] > 0
        return found

    def read(self, *topics: str) -> list[Record]:
        """Every record of topics, by their names without the prefix."""
        return list(read_topics(self.settings, [self.settings.topic(name) for name in topics]))

    def lag(self, generation: int | None = None) -> dict[tuple[str, int], int]:
        """Input partitions to records above the committed offset; those without any left out."""
        settings = self.settings
        if generation is not None:
            settings = settings.of_generation(generation)
        topics = list(kinds_by_topic(settings))
        # In this order: what is committed has all that came of it in the topics behind.
        reached = committed(settings, topics)
        found = {at: end - reached[at] for at, end in ends(settings, topics).items()}
        return {at: lag for at, lag in found.items() if lag}

    def settle(self, timeout_s: float = 60, stopped: Iterable[tuple[str, int]] = ()) -> None:
        """Wait until everything is counted and committed, but for `stopped` inputs."""
        wanted = {(self.settings.topic(topic), partition) for topic, partition in stopped}
        deadline = time.monotonic() + timeout_s
        lag: object = None
        while time.monotonic() < deadline:
            self.supervise()
            try:
                before, lag = lag, self.lag()
                # A stopped input is settled when its last commit is made, so when nothing moves.
                if not wanted and not lag:
                    return
                if wanted and lag == before and lag.keys() <= wanted == self.stopped_inputs():
                    return
            except (click.ClickException, KafkaException) as error:  # the broker may be away
                lag = error
            time.sleep(1.5 if wanted else 0.3)
        tails = "\n".join(worker.log_tail() for worker in self.workers.values())
        msg = f"not settled within {timeout_s} s: {lag}\n{tails}"
        raise AssertionError(msg)

    def stopped_inputs(self) -> set[tuple[str, int]]:
        """(topic, partition) of the inputs that running workers say are stopped."""
        return {at for one in self.workers.values() if one.running for at in one.stopped_inputs()}


def _samples(text: str, name: str) -> list[tuple[dict[str, str], float]]:
    return [
        (one.labels, one.value)
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == name
    ]


class _Where:
    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap


def wait_until(what: Callable[[], Found], timeout_s: float = 30) -> Found:
    """Ask until the answer is true; fails after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.1)
    return found
