"""A floor of toy workers on a real broker: events in, and a recount of what must come out."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.integration.lane_toy import TABLES

KEYS = 60
Totals = dict[str, list[int]]
Found = TypeVar("Found")


class Worker:
    """One toy process; what it tells is read from its file, and cleared when it is started anew."""

    def __init__(self, name: str, folder: Path, environ: dict[str, str]) -> None:
        self.name, self.folder, self.environ = name, folder, environ
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Run the process; the same name keeps the same data folder."""
        (self.folder / f"{self.name}.json").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.lane_toy"],
                env=os.environ | self.environ,
                stdout=log,
                stderr=log,
            )

    def told(self) -> dict[str, Any]:
        """The last file it wrote; empty before the first."""
        try:
            told: dict[str, Any] = json.loads((self.folder / f"{self.name}.json").read_text())
        except FileNotFoundError:
            return {}
        return told

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def leave(self) -> int:
        """SIGTERM and wait; returns the exit status."""
        self.process.terminate()
        return self.process.wait(20)

    def last_words(self) -> str:
        """The line it ended with, as far as it stopped itself."""
        lines = self.log.read_text(errors="replace").splitlines()
        return next((line for line in reversed(lines) if line.startswith("floorcast:")), "")


class Floor:
    """Topics, workers and a sender of events under one prefix."""

    def __init__(
        self, client: dict[str, Any], folder: Path, *, store: str = "rocksdb", partitions: int = 4
    ) -> None:
        self.client, self.folder, self.partitions = client | {"log_level": 0}, folder, partitions
        self.prefix = f"{folder.name}-{random.Random().randrange(1 << 40):x}."
        self.inputs = {self.prefix + name: t for t, names in TABLES.items() for name in names}
        self.admin = AdminClient(self.client)
        self.group = self.prefix + "toy"
        self.workers: dict[str, Worker] = {}
        self.exits: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.environ = {
            "FLOORCAST_BROKERS": str(client["bootstrap.servers"]),
            "FLOORCAST_TOPIC_PREFIX": self.prefix,
            "FLOORCAST_APP": "toy",
            "FLOORCAST_PARTITIONS": str(partitions),
            "FLOORCAST_SESSION_TIMEOUT_MS": "6000",
            "FLOORCAST_COMMIT_INTERVAL_MS": "400",
            "FLOORCAST_STORE": store,
            "TOY_FOLDER": str(folder),
        }
        for name in ("security.protocol", "sasl.mechanism", "sasl.username", "sasl.password"):
            if name in client:
                self.environ["FLOORCAST_" + name.replace(".", "_").upper()] = client[name]

    def create_topics(self) -> None:
        """Make all inputs and changelogs."""
        compacted = {"cleanup.policy": "compact"}
        topics = [NewTopic(name, self.partitions, 1) for name in self.inputs]
        topics += [
            NewTopic(f"{self.group}-{table}-changelog", self.partitions, 1, config=compacted)
            for table in TABLES
        ]
        for done in self.admin.create_topics(topics).values():
            done.result()

    def start(self, name: str, **environ: str) -> Worker:
        """Start a worker with a data folder of its own."""
        own = {"TOY_NAME": name, "FLOORCAST_DATA_DIR": str(self.folder / name)}
        self.workers[name] = Worker(name, self.folder, self.environ | own | environ)
        return self.workers[name]

    def revive(self) -> None:
        """Start workers again that have ended, as a supervisor does."""
        for worker in self.workers.values():
            if not worker.running:
                self.exits[worker.process.wait()] += 1
                worker.start()

    def close(self) -> None:
        """Kill all workers."""
        for worker in self.workers.values():
            worker.kill()

    def send(self, count: int, *, per_second: int = 0, seed: int = 1) -> None:
        """Send events: new ones, revisions out of order, exact duplicates, some that are bad."""
        rng = random.Random(seed)
        producer = Producer(
            self.client | {"partitioner": "murmur2_random", "enable.idempotence": True}
        )
        topics, sent, begin = sorted(self.inputs), list[tuple[str, str, bytes]](), time.monotonic()
        for number in range(count):
            if rng.random() < 0.15 and sent:
                topic, key, value = rng.choice(sent[-500:])
                self.kinds["duplicate"] += 1
            elif rng.random() < 0.01:
                topic, key, value = rng.choice(topics), "k0", b'{"key": 7'
                self.kinds["bad"] += 1
            else:
                key = f"k{rng.randrange(KEYS)}"
                event = {"key": key, "id": f"{rng.randrange(400)}", "revision": rng.randrange(99)}
                topic, value = rng.choice(topics), json.dumps(event).encode()
                self.kinds["event"] += 1
                sent.append((topic, key, value))
            producer.produce(topic, value, key=key)
            producer.poll(0)
            if per_second:
                time.sleep(max(0.0, begin + number / per_second - time.monotonic()))
        assert producer.flush(60) == 0

    def sending(self, count: int, *, per_second: int) -> threading.Thread:
        """`send` beside the test; join the thread."""
        thread = threading.Thread(
            target=self.send, args=(count,), kwargs={"per_second": per_second}, daemon=True
        )
        thread.start()
        return thread

    def _consumer(self, group: str) -> Consumer:
        return Consumer(self.client | {"group.id": group, "enable.auto.commit": False})

    def read(self, topic: str) -> Iterator[Message]:
        """Every record of a topic up to the ends it has now."""
        consumer = self._consumer("recount")
        try:
            for partition in range(self.partitions):
                tp = TopicPartition(topic, partition, 0)
                low, end = consumer.get_watermark_offsets(tp, timeout=10)
                consumer.assign([TopicPartition(topic, partition, low)])
                while low < end:
                    for message in consumer.consume(5_000, 1.0):
                        assert message.error() is None
                        low = (message.offset() or 0) + 1
                        yield message
        finally:
            consumer.close()

    def recount(self) -> Totals:
        """What the state must hold, counted from the inputs by other code than the toy's."""
        best: dict[tuple[str, str, str], int] = {}
        for topic, table in self.inputs.items():
            for message in self.read(topic):
                try:
                    event = json.loads(message.value() or b"")
                    at = (table, event["key"], event["id"])
                except (ValueError, TypeError):
                    continue
                best[at] = max(best.get(at, -1), event["revision"])
        totals: Totals = {}
        for (table, key, _), revision in best.items():
            cell = totals.setdefault(f"{table}/{key}", [0, 0])
            cell[0] += 1
            cell[1] += revision
        return totals

    def lag(self) -> int:
        """Records of the inputs above the committed offsets."""
        consumer = self._consumer(self.group)
        try:
            tps = [TopicPartition(t, p) for t in self.inputs for p in range(self.partitions)]
            return sum(
                consumer.get_watermark_offsets(tp, timeout=10)[1] - max(tp.offset, 0)
                for tp in consumer.committed(tps, timeout=10)
            )
        finally:
            consumer.close()

    def totals(self) -> Totals:
        """What all workers together say; a key that two of them own comes out wrong on purpose."""
        union: Totals = {}
        for worker in self.workers.values():
            for key, cell in worker.told().get("totals", {}).items():
                union[key] = [-1, -1] if key in union else cell
        return union

    def settle(self, timeout_s: float = 40) -> None:
        """Wait until nothing lags and all totals are exact; fails with what differs."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.revive()
            try:
                if self.lag() == 0 and self.totals() == self.recount():
                    return
            except KafkaException:  # the broker may be away
                pass
            time.sleep(0.5)
        want, have = self.recount(), self.totals()
        wrong = {k: (want.get(k), have.get(k)) for k in want.keys() | have.keys()}
        wrong = {k: pair for k, pair in wrong.items() if pair[0] != pair[1]}
        words = [worker.last_words() for worker in self.workers.values()]
        assert (self.lag(), wrong) == (0, {}), words

    def owning(self, count: int) -> bool:
        """Whether the partitions are dealt out once each, over `count` settled workers."""
        told = [worker.told() for worker in self.workers.values() if worker.running]
        owned = [one["owned"] for one in told if one.get("settled") and one["owned"]]
        return len(owned) == count and sorted(chain(*owned)) == list(range(self.partitions))


def wait_until(what: Callable[[], Found], timeout_s: float = 30) -> Found:
    """Ask until the answer is true; fails after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        time.sleep(0.2)
    return found
