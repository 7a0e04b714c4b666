"""What a floor of 10,000 reps costs a worker that has nothing to count, and a day after another.

`idle`: CPU of a worker whose reps all worked some hours ago. `days`: its memory at the end of each
of some local days that it reads one after the other; it holds the newest two.
"""

from __future__ import annotations

import time

from streams.core.events import CALL_ENDED
from tests.bench.calls import calls
from tests.bench.floor import BenchFloor, bench_floor
from tests.bench.pipeline import DAY_MS
from tests.bench.reading import CONSUMED, read_all, settle
from tests.bench.report import Figure, Report

REPS = 10_000
HOUR_MS = 3_600_000
CALLS_A_DAY = 15
DAYS = 6
WATCHED_S = 60.0
QUIET_S = 20.0
LOOK_S = 10.0
MATURED = "floorcast_alerts_contacts_matured_total"


def measure_idle() -> Report:
    """Fill 10,000 reps, wait until everything is shown, and look at the CPU for a minute."""
    with bench_floor(zone="Etc/GMT+12" if time.gmtime().tm_hour < 12 else "UTC") as (floor, _):
        now_ms = time.time_ns() // 1_000_000
        # Done three hours ago: the last hour's windows are empty, and stay so.
        first_ms, end_ms = now_ms - 6 * HOUR_MS, now_ms - 3 * HOUR_MS
        events = REPS * CALLS_A_DAY
        floor.fill(CALL_ENDED, calls(events, REPS, first_ms, end_ms))
        floor.worker.start()
        read = read_all(floor.worker, events)
        _wait_for_alerts(floor)
        time.sleep(QUIET_S)
        cpu_s, shown = floor.worker.cpu_s(), _shown(floor)
        time.sleep(WATCHED_S)
        busy = (floor.worker.cpu_s() - cpu_s) / WATCHED_S
        figures = [
            Figure("CPU of the idle worker", f"{busy:.1%} of a core", "3 %"),
            Figure("snapshots a second meanwhile", f"{(_shown(floor) - shown) / WATCHED_S:.1f}"),
            Figure("resident memory", f"{read.rss_mb:,.0f} MiB"),
        ]
    return Report(f"idle: {REPS:,} reps", figures, "each rep is shown again every 15 minutes")


def measure_days() -> Report:
    """Read some days of 10,000 reps one by one and note the memory after each."""
    figures = []
    with bench_floor(zone="UTC") as (floor, _):
        last = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS
        begin = last - DAYS * DAY_MS
        events = REPS * CALLS_A_DAY
        for day in range(DAYS):
            first_ms = begin + day * DAY_MS
            floor.fill(CALL_ENDED, calls(events, REPS, first_ms, first_ms + DAY_MS, seed=day))
            if day == 0:
                floor.worker.start()
            floor.worker.wait_for(CONSUMED, events * (day + 1), 0.25)
            settle(floor.worker)
            resident = floor.worker.metric("floorcast_resident_rep_days")
            shown = f"{floor.worker.rss_mb():,.0f} MiB, {resident:,.0f} resident rep-days"
            figures.append(Figure(f"after day {day + 1}", shown, "flat from day 3" * (day == 2)))
    title = f"days: {REPS:,} reps, {CALLS_A_DAY} calls a rep and day"
    return Report(title, figures, "call ids repeat from day to day, as days stand alone")


def _wait_for_alerts(floor: BenchFloor) -> None:
    """History is handed on to the detectors in a tenth of the time: only then is there no work."""
    before = -1.0
    while (now := floor.worker.metric(MATURED)) != before:
        before = now
        time.sleep(LOOK_S)


def _shown(floor: BenchFloor) -> float:
    return floor.worker.metric("floorcast_snapshots_published_total")
