"""What a scrape of `/metrics/reps` costs a worker with 10,000 reps, and how long it holds it up.

The worker's exporter in this process, over snapshots of a floor that has worked a day; the scraper
is another process, which takes gzip as Prometheus does.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from contextlib import suppress
from typing import NamedTuple

from msgspec import structs
from prometheus_client import CollectorRegistry

from sinks.prometheus import PrometheusSink
from streams.cli.servers import MetricsServer
from streams.cli.worker import COLLECT
from streams.core.showing import Showing
from streams.core.snapshot import PartitionStatus, SnapshotBatch
from streams.settings import Settings
from tests.bench.days import ENTITIES, FIRST_MS, new_board, work_days
from tests.bench.report import Figure, Report
from tests.services.ports import free_port

REPS = 10_000
SCRAPES = 7
EVENING_MS = FIRST_MS + 18 * 3_600_000
SCRAPER = """
import sys, urllib.request
asked = urllib.request.Request(sys.argv[1], headers={"Accept-Encoding": "gzip"})
with urllib.request.urlopen(asked) as answer:
    print(len(answer.read()))
"""


class _Scrape(NamedTuple):
    """Seconds of CPU of this process, longest step of its event loop in CPU and on the clock."""

    cpu_s: float
    longest_cpu_s: float
    longest_s: float
    size: int


def measure_scrape() -> Report:
    """CPU of a scrape, of the first one and of later ones, and the longest step of the loop."""
    sink = PrometheusSink()
    batch = _floor()
    # As in a worker: with Python's own thresholds the longest step is one with a collection in it.
    gc.freeze()
    gc.set_threshold(*COLLECT)
    first, fresh, again = asyncio.run(_scrapes(sink, batch))
    text = sink.render()
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    figures = [
        Figure("series", f"{series:,}"),
        Figure("bytes, and as gzip", f"{len(text) / 1e6:.1f} MB, {first.size / 1e6:.2f} MB"),
        Figure("CPU of the first scrape", f"{first.cpu_s:.2f} s"),
        Figure("CPU of a scrape, all reps changed", f"{_middle(fresh):.2f} s", "0.3 s"),
        Figure("CPU of a scrape, no rep changed", f"{_middle(again):.2f} s", "0.3 s"),
        Figure("longest step of the event loop, CPU", _longest(fresh + again), "50 ms"),
        Figure("  on the clock, with what else ran", _slowest(fresh + again)),
        Figure("ratio: all changed / none", f"{_middle(fresh) / _middle(again):.1f}"),
    ]
    title = f"scrape: {REPS:,} reps, {ENTITIES} calls, deals and surveys each today"
    return Report(title, figures, f"medians of {SCRAPES} scrapes by another process, gzip included")


def _floor() -> SnapshotBatch:
    """What a worker hands its sinks of a floor in the evening."""
    board = new_board()
    work_days(board, REPS)
    showing = Showing(board)
    showing.show_again()
    reps, partials = showing.refresh(EVENING_MS, 1, REPS)
    status = [PartitionStatus(partition=0, version=(1, 1), state="live")]
    return SnapshotBatch(reps=reps, partials=partials, status=status)


async def _scrapes(
    sink: PrometheusSink, batch: SnapshotBatch
) -> tuple[_Scrape, list[_Scrape], list[_Scrape]]:
    port = free_port()
    server = MetricsServer(Settings(metrics_port=port), CollectorRegistry(), sink)
    await server.start()
    url = f"http://127.0.0.1:{port}/metrics/reps"
    try:
        first = await _scrape(url, sink, [batch, _changed(batch, 2)])
        again = [await _scrape(url, sink, []) for _ in range(SCRAPES)]
        fresh = [
            await _scrape(url, sink, [_changed(batch, number), _changed(batch, number + 1)])
            for number in range(3, 3 + 2 * SCRAPES, 2)
        ]
    finally:
        await server.stop()
    return first, fresh, again


def _changed(batch: SnapshotBatch, version: int) -> SnapshotBatch:
    """The same numbers in newer snapshots, as after an event of each rep."""
    reps = [structs.replace(one, version=(version, 1)) for one in batch.reps]
    return SnapshotBatch(reps=reps, partials=batch.partials, status=batch.status)


async def _scrape(url: str, sink: PrometheusSink, news: list[SnapshotBatch]) -> _Scrape:
    """One for the CPU it takes, then one with a look at every step of the event loop.

    `news` is written before each of them.
    """
    for batch in news[:1]:
        await sink.write(batch)
    began_s = time.process_time()
    size = await _ask(url)
    cpu_s = time.process_time() - began_s
    for batch in news[1:]:
        await sink.write(batch)
    steps = _Steps()
    watch = asyncio.create_task(steps.watch())
    await _ask(url)
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    return _Scrape(cpu_s, steps.longest_cpu_s, steps.longest_s, size)


async def _ask(url: str) -> int:
    asked = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRAPER, url, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asked.communicate()
    return int(said)


class _Steps:
    """The longest time between two turns of a task that is always ready."""

    def __init__(self) -> None:
        self.longest_cpu_s = 0.0
        self.longest_s = 0.0

    async def watch(self) -> None:
        cpu_s, at_s = time.thread_time(), time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now_cpu_s, now_s = time.thread_time(), time.perf_counter()
            self.longest_cpu_s = max(self.longest_cpu_s, now_cpu_s - cpu_s)
            self.longest_s = max(self.longest_s, now_s - at_s)
            cpu_s, at_s = now_cpu_s, now_s


def _middle(scrapes: list[_Scrape]) -> float:
    return sorted(one.cpu_s for one in scrapes)[len(scrapes) // 2]


def _longest(scrapes: list[_Scrape]) -> str:
    return f"{max(one.longest_cpu_s for one in scrapes) * 1000:.0f} ms"


def _slowest(scrapes: list[_Scrape]) -> str:
    return f"{max(one.longest_s for one in scrapes) * 1000:.0f} ms"
