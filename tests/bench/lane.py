"""What the lane itself costs: events per CPU-second of a toy state against fetch and decode alone.

    python -m tests.bench.lane [EVENTS]

One worker on one broker; CPU time is that of the worker's process with all its threads. The toy
keeps one revision for each id, so the difference between the lines is the lane, hardly the state.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiokafka
import msgspec
from confluent_kafka import Producer

from streams.engine.lane.batch import Slice
from tests.integration import lane_toy
from tests.integration.lane_floor import Floor
from tests.services.kafka import KafkaServer

REPS = 1_000


class Event(msgspec.Struct, gc=False):
    """An event of the size of a call."""

    key: str
    id: str
    revision: int
    source: str
    direction: str
    disposition: str
    started_at: str
    talk_ms: int


DECODE = msgspec.json.Decoder(Event).decode


class BenchHost(lane_toy.ToyHost):
    """The toy with a fast decoder; ends when it has counted all and committed."""

    expected = 0
    begun: tuple[float, float] | None = None

    def apply(self, piece: Slice) -> int | None:
        """Merge the records of a slice."""
        if self.begun is None:
            self.begun = time.perf_counter(), time.process_time()
        part = self.parts[self.table_of[piece.topic], piece.partition]
        for record in piece.records:
            event = DECODE(record.value or b"")
            mine = part.keys.setdefault(event.key, {})
            if event.revision > mine.get(event.id, -1):
                mine[event.id] = event.revision
                part.dirty.setdefault(event.key, {})[event.id] = event.revision
        self.counts["events"] += len(piece.records)
        return None

    async def flush(self) -> None:
        """Write, and tell the time when that was the last of it."""
        complete = self.counts["events"] >= self.expected
        await super().flush()
        if complete and self.begun is not None:
            wall, cpu = self.begun
            tell(self.expected, time.perf_counter() - wall, time.process_time() - cpu)

    def dump(self) -> None:
        """Nothing: totals of a million ids are not part of the measurement."""


def tell(events: int, wall_s: float, cpu_s: float) -> None:
    """Report to the parent and end."""
    told = json.dumps({"events": events, "wall_s": wall_s, "cpu_s": cpu_s})
    os.write(1, f"{told}\n".encode())  # Faust's worker takes sys.stdout for its log
    os._exit(0)


async def fetch_and_decode(brokers: str, topic: str, events: int) -> None:
    """The floor of any consumer in Python: aiokafka's batches, decoded and dropped."""
    consumer = aiokafka.AIOKafkaConsumer(
        topic, bootstrap_servers=brokers, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    wall, cpu, seen = time.perf_counter(), time.process_time(), 0
    while seen < events:
        for run in (await consumer.getmany(timeout_ms=500)).values():
            for record in run:
                DECODE(record.value)
            seen += len(run)
    tell(events, time.perf_counter() - wall, time.process_time() - cpu)


def fill(floor: Floor, topic: str, events: int) -> float:
    """Send the events; returns their mean size in bytes."""
    rng = random.Random(5)
    producer = Producer(
        floor.client | {"partitioner": "murmur2_random", "linger.ms": 20, "batch.size": 1 << 20}
    )
    size = 0
    for number in range(events):
        event = Event(
            key=f"rep-{rng.randrange(REPS):05d}",
            id=f"call-{number:09d}",
            revision=0,
            source="pbx-shanghai-1",
            direction="outbound",
            disposition="SALE",
            started_at="2026-03-02T09:15:00.000+08:00",
            talk_ms=rng.randrange(600_000),
        )
        value = msgspec.json.encode(event)
        size += len(value)
        producer.produce(topic, value, key=event.key)
        if number % 1_000 == 0:
            while len(producer) > 50_000:
                producer.poll(0.1)
            producer.poll(0)
    producer.flush()
    return size / events


def measure(floor: Floor, role: str, topic: str, events: int, **environ: str) -> str:
    """Run one child and put its figures in a line."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.lane", role, topic, str(events)],
        env=os.environ | floor.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return f"{events / told['cpu_s']:>9,.0f} /CPU-s  {events / told['wall_s']:>9,.0f} /s"


def main(events: int = 1_000_000) -> None:
    """Start a broker, fill a topic, print a line for each way of reading it."""
    with tempfile.TemporaryDirectory() as place:
        server = KafkaServer(Path(place) / "kafka")
        server.start()
        try:
            floor = Floor(server.client_settings(), Path(place))
            floor.create_topics()
            topic = next(iter(floor.inputs))
            print(f"{events:,} events of {fill(floor, topic, events):.0f} bytes, {REPS:,} keys")
            print("fetch + decode        ", measure(floor, "fetch", topic, events))
            for store in ("memory", "rocksdb"):
                own = {
                    "FLOORCAST_STORE": store,
                    "FLOORCAST_COMMIT_INTERVAL_MS": "1000",
                    "FLOORCAST_APP": f"toy-{store}",
                    "FLOORCAST_DATA_DIR": f"{place}/{store}",
                    "TOY_NAME": store,
                }
                print(f"lane + toy, {store:<10}", measure(floor, "lane", topic, events, **own))
        finally:
            server.kill()


def _child(role: str, topic: str, events: int) -> None:
    if role == "fetch":
        asyncio.run(fetch_and_decode(os.environ["FLOORCAST_BROKERS"], topic, events))
    lane_toy.ToyHost = BenchHost  # type: ignore[misc] # make_app builds the toy by this name
    BenchHost.expected = events
    sys.argv = [sys.argv[0], "worker", "-l", "info", "--without-web"]
    lane_toy.make_app(os.environ).main()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _child(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    main(*map(int, sys.argv[1:]))
