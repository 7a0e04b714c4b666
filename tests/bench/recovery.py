"""How soon boards are right after a start: with the local store there, without it, after kill -9.

The state is written straight into the changelog, ten calls on each of so many days for each rep, so
that the counting of them is not part of the figures. The first worker fills its store from it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import NamedTuple

from confluent_kafka import Producer
from rich.progress import track

from streams.core.events import CALL_ENDED
from streams.core.intake import apply_slice
from streams.core.partition import partition_of
from streams.core.segment import segment_key
from streams.settings_reader import load_settings
from streams.topics import SCOREBOARD_TABLE, changelog
from tests.bench.calls import Call, calls, rep_ids
from tests.bench.days import DAY_MS, Record, new_board
from tests.bench.floor import FLOORCAST, PARTITIONS, BenchFloor, bench_floor
from tests.bench.report import Figure, Report

REPS, CALLS = 10_000, 10
WRITER = b"bench-w."
STATUS_S = 1.2
"""A worker says once a second how many reps it still reads."""
LOADING, SHOWN = "floorcast_reps_loading", "floorcast_snapshots_published_total"
OWNED = "floorcast_partitions_owned"


class _Day(NamedTuple):
    """A day of a rep, as the changelog has it; the same for all reps."""

    day: int
    segment: bytes


class _Start(NamedTuple):
    """Seconds from the start of a worker to today's numbers of all reps, and to all windows."""

    today_s: float
    whole_s: float


def measure_recovery(days: int = 40) -> Report:
    """Seconds to today's numbers and to whole boards, for 10,000 reps with so many days."""
    with bench_floor() as (floor, _):
        size = _fill_changelog(floor, list(_days(days)))
        # State that was not counted by workers is refused until somebody stands in for it.
        accept = [str(FLOORCAST), "topics", "accept"]
        subprocess.run(accept, env=floor.environ, check=True, stdout=subprocess.DEVNULL)
        empty = _start(floor)
        rss_mb = floor.worker.rss_mb()
        floor.worker.stop()
        present = _start(floor)
        began_s = time.perf_counter()
        floor.worker.kill()
        after_kill = _start(floor)
        killed_s = time.perf_counter() - began_s - (after_kill.whole_s - after_kill.today_s)
        floor.worker.stop()
    gb = size / 1e9
    figures = [
        Figure("changelog", f"{gb:.2f} GB, {REPS * days:,} rep-days"),
        Figure("store there: to today's numbers", f"{present.today_s:.1f} s", "15 s"),
        Figure("  to all windows", f"{present.whole_s:.1f} s"),
        Figure("kill -9 to today's numbers", f"{killed_s:.1f} s", "30 s"),
        Figure("empty disk: to today's numbers", f"{empty.today_s:.1f} s"),
        Figure("  per GB of changelog", f"{empty.today_s / gb:.0f} s"),
        Figure("  to all windows, per GB", f"{empty.whole_s / gb:.0f} s"),
        Figure("ratio of empty disk to store there", f"{empty.today_s / present.today_s:.1f}"),
        Figure("resident memory", f"{rss_mb:,.0f} MiB"),
    ]
    title = f"recovery: {REPS:,} reps, {days} days, {CALLS} calls a day"
    return Report(title, figures, "wall clock, from the start of the process")


def _start(floor: BenchFloor) -> _Start:
    began_s = time.perf_counter()
    worker = floor.worker
    worker.start()
    worker.wait_for(SHOWN, REPS, 0.05)
    today_s = time.perf_counter() - began_s
    time.sleep(STATUS_S)
    while worker.metric(LOADING) or worker.metric(OWNED) < PARTITIONS:
        time.sleep(0.1)
    return _Start(today_s, time.perf_counter() - began_s)


def _days(days: int) -> Iterator[_Day]:
    """Each day's segment and total, made by the core out of events."""
    today = time.time_ns() // 1_000_000 // DAY_MS
    for day in range(today - days + 1, today + 1):
        board = new_board()
        first_ms = day * DAY_MS + 8 * 3_600_000
        sent: Iterator[Call] = calls(CALLS, 1, first_ms, first_ms + 3_600_000)
        records = [
            Record(CALL_ENDED, i, first_ms + DAY_MS, one.value) for i, one in enumerate(sent)
        ]
        apply_slice(board, CALL_ENDED, records, {})
        ((_, segment),), _ = board.take()
        yield _Day(day, segment)


def _fill_changelog(floor: BenchFloor, days: list[_Day]) -> int:
    """Write all segments; how many bytes that is."""
    topic = changelog(load_settings(floor.environ, None), SCOREBOARD_TABLE)
    producer = Producer(
        {"bootstrap.servers": floor.brokers, "linger.ms": 20, "batch.size": 1 << 20}
    )
    size = 0
    owners = [(rep.encode(), partition_of(rep.encode(), PARTITIONS)) for rep in rep_ids(REPS)]
    for one in track(days, description="changelog", transient=True):
        for owner, partition in owners:
            key = segment_key(owner, one.day, WRITER, 0)
            producer.produce(topic, one.segment, key, partition)
            size += len(key) + len(one.segment)
        while len(producer) > 50_000:
            producer.poll(0.1)
    producer.flush()
    return size
