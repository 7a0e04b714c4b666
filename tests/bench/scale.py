"""What an event costs on small and on large floors: the pipeline at 100 to 100,000 reps."""

from __future__ import annotations

import time

from rich.progress import track

from streams.core.events import CALL_ENDED
from tests.bench.calls import calls
from tests.bench.floor import bench_floor
from tests.bench.pipeline import DAY_MS, DAYS
from tests.bench.reading import Reading, read_all
from tests.bench.report import Grid

FLOORS = ((100, DAYS), (1_000, DAYS), (10_000, DAYS), (100_000, DAYS), (100_000, 1))
"""Reps, and the days that the calls lie on."""
COLUMNS = [
    "reps",
    "calls a rep and day",
    "us per event",
    "x the cheapest",
    "+ commit, us",
    "x the cheapest",
    "per s",
    "RSS MiB",
    "changelog per event",
]
NOTES = (
    "CPU time of one worker, all its threads, from the first event to the last; + commit: until "
    "each rep is shown twice and everything is committed. With one call a rep and day each call "
    "opens a day: that is what is dear then. Goal: within 2 x from the smallest floor to the "
    "largest."
)


def measure_scale(events: int) -> Grid:
    """The same number of calls over ever more reps, each floor on a broker of its own."""
    read = [_read(events, *floor) for floor in track(FLOORS, "floors", transient=True)]
    costs = [_cost_us(each, to_done=False) for each in read]
    whole = [_cost_us(each, to_done=True) for each in read]
    rows = [
        [
            f"{reps:,}",
            f"{events / reps / days:,.4g}",
            f"{cost:.1f}",
            f"{cost / min(costs):.2f}",
            f"{all_of_it:.1f}",
            f"{all_of_it / min(whole):.2f}",
            f"{each.first.to(each.last).per_s:,.0f}",
            f"{each.rss_mb:,.0f}",
            f"{each.changelog_bytes / events:.0f} B, {each.changelog_records / events:.3f} records",
        ]
        for (reps, days), each, cost, all_of_it in zip(FLOORS, read, costs, whole, strict=True)
    ]
    return Grid(f"scale: {events:,} calls", COLUMNS, rows, NOTES)


def _read(events: int, reps: int, days: int) -> Reading:
    with bench_floor() as (floor, _):
        now_ms = time.time_ns() // 1_000_000
        floor.fill(CALL_ENDED, calls(events, reps, now_ms - days * DAY_MS, now_ms))
        floor.worker.start()
        return read_all(floor.worker, events)


def _cost_us(read: Reading, to_done: bool) -> float:
    return 1e6 / read.first.to(read.done if to_done else read.last).per_cpu_s
