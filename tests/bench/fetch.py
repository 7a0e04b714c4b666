"""The floor of any consumer in Python: aiokafka's batches of calls, decoded and dropped.

Run as a process of its own: `python -m tests.bench.fetch BROKERS TOPIC EVENTS [lane]` prints CPU
seconds and wall seconds from the first to the last event, and resident MiB. With `lane` the records
are made as the lane makes them.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import Literal, NamedTuple

import aiokafka

from streams.core.codec import DECODERS
from streams.core.events import CALL_ENDED
from streams.engine.lane import fetched
from tests.bench import proc


class Fetched(NamedTuple):
    """What a run took, from the first to the last event."""

    cpu_s: float
    wall_s: float
    rss_mb: float

    def per_cpu_s(self, events: int) -> float:
        """Events per CPU-second."""
        return events / self.cpu_s


def measure_fetch(brokers: str, topic: str, events: int, *how: Literal["lane"]) -> Fetched:
    """Fetch and decode in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.fetch", brokers, topic, str(events), *how]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Fetched(*map(float, done.stdout.split()))


async def _read(brokers: str, topic: str, events: int) -> None:
    decode = DECODERS[CALL_ENDED].decode
    consumer = aiokafka.AIOKafkaConsumer(
        topic, bootstrap_servers=brokers, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    wall_s, cpu_s, seen = time.perf_counter(), time.process_time(), 0
    while seen < events:
        for run in (await consumer.getmany(timeout_ms=500)).values():
            for record in run:
                decode(record.value)
            seen += len(run)
    took = time.process_time() - cpu_s, time.perf_counter() - wall_s
    print(*took, proc.rss_mb(os.getpid()))
    await consumer.stop()


if __name__ == "__main__":
    if "lane" in sys.argv:
        fetched.install()
    asyncio.run(_read(sys.argv[1], sys.argv[2], int(sys.argv[3])))
