"""A broker, its topics and real worker processes, watched through /proc and /metrics."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from confluent_kafka import Producer

from tests.bench import proc
from tests.bench.calls import Call
from tests.services.http import is_ready
from tests.services.kafka import KafkaServer
from tests.services.ports import free_port
from tests.services.process import ChildProcess

FLOORCAST = Path(sys.executable).with_name("floorcast")
PARTITIONS = 4


class BenchWorker:
    """A `floorcast worker` process."""

    def __init__(self, folder: Path, environ: Mapping[str, str], name: str = "worker") -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._environ = {**environ, "FLOORCAST_METRICS_PORT": str(port)}
        self._process = ChildProcess(name, folder / f"{name}.log")

    def start(self, **environ: str) -> None:
        """Run it; returns when it answers, which is before it reads an event."""
        self._environ |= environ
        ready: Callable[[], bool] = lambda: is_ready(f"{self.url}/metrics")  # noqa: E731 # one line
        self._process.start([FLOORCAST, "worker"], ready=ready, timeout_s=90, env=self._environ)

    def stop(self) -> None:
        """End it in good order."""
        self._process.stop()

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()

    def cpu_s(self) -> float:
        """CPU time of all its threads so far, user and system."""
        return proc.cpu_s(self._process.pid)

    def rss_mb(self) -> float:
        """Its resident memory, MiB."""
        return proc.rss_mb(self._process.pid)

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        with urlopen(f"{self.url}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        own = (line for line in lines if line.startswith((f"{name} ", f"{name}{{")))
        return sum(float(line.rpartition(" ")[2]) for line in own)

    def wait_for(self, name: str, value: float, pause_s: float, timeout_s: float = 600) -> float:
        """Ask until a metric has reached `value`, and return it; raises TimeoutError."""
        until = time.monotonic() + timeout_s
        while (found := self.metric(name)) < value:
            if time.monotonic() > until:
                msg = f"{name} is {found:,.0f} after {timeout_s:.0f} s: {self._process.log_tail()}"
                raise TimeoutError(msg)
            time.sleep(pause_s)
        return found


class BenchFloor:
    """Topics on a broker of their own; `settings` are FLOORCAST_* variables in lower case."""

    def __init__(self, server: KafkaServer, folder: Path, **settings: str) -> None:
        named = {
            "brokers": server.bootstrap,
            "partitions": str(PARTITIONS),
            "data_dir": str(folder / "data"),
            "page": "no",
            "commit_interval_ms": "1000",
        } | settings
        own = {f"FLOORCAST_{name.upper()}": value for name, value in named.items()}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FLOORCAST_")}
        self.environ = kept | own
        self.server = server
        self.brokers = server.bootstrap
        self.worker = BenchWorker(folder, self.environ)
        self.workers = [self.worker]
        self._folder = folder
        create = [str(FLOORCAST), "topics", "create"]
        subprocess.run(create, env=self.environ, check=True, stdout=subprocess.DEVNULL)

    def another_worker(self) -> BenchWorker:
        """One more worker of the same floor, with a data folder of its own."""
        name = f"worker-{len(self.workers) + 1}"
        own = {"FLOORCAST_DATA_DIR": str(self._folder / f"data-{name}")}
        self.workers.append(BenchWorker(self._folder, self.environ | own, name))
        return self.workers[-1]

    def producer(self) -> Producer:
        """A producer for events."""
        return Producer(
            {
                "bootstrap.servers": self.brokers,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "batch.size": 1 << 20,
            }
        )

    def fill(self, topic: str, sent: Iterable[Call]) -> float:
        """Send events as fast as it goes; returns their mean size in bytes."""
        return self.fill_topics((topic, each) for each in sent)

    def fill_topics(self, sent: Iterable[tuple[str, Call]]) -> float:
        """Send events to the topic beside each; returns their mean size in bytes."""
        producer = self.producer()
        size = count = 0
        for topic, each in sent:
            producer.produce(topic, each.value, key=each.rep_id)
            size, count = size + len(each.value), count + 1
            if count % 1_000 == 0:
                while len(producer) > 50_000:
                    producer.poll(0.1)
                producer.poll(0)
        producer.flush()
        return size / max(1, count)

    def topic_bytes(self, *without: str) -> int:
        """Bytes of all topics on the broker's disk, as written; Kafka's own and these left out."""
        size = 0
        for file in (self.server.folder / "data").glob("*/*.log"):
            topic = file.parent.name.rpartition("-")[0]
            if not topic.startswith("__") and topic not in without:
                size += file.stat().st_size
        return size


@contextmanager
def bench_floor(
    broker: Mapping[str, str] | None = None, /, **settings: str
) -> Iterator[tuple[BenchFloor, Path]]:
    """A broker with topics for the length of a `with` block; the workers are stopped with it.

    `broker` overrules the broker's properties.
    """
    with TemporaryDirectory(prefix="floorcast-bench-") as place:
        folder = Path(place)
        server = KafkaServer(folder / "kafka", properties=broker)
        server.start()
        try:
            floor = BenchFloor(server, folder, **settings)
            try:
                yield floor, folder
            finally:
                for worker in floor.workers:
                    worker.stop()
        finally:
            server.kill()
