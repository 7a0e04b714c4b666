"""Two workers of one floor beside one: what a CPU-second of each still does."""

from __future__ import annotations

import time
from typing import NamedTuple

from streams.core.events import CALL_ENDED
from tests.bench import proc
from tests.bench.calls import calls
from tests.bench.floor import BenchWorker, bench_floor
from tests.bench.pipeline import DAY_MS, DAYS
from tests.bench.reading import CONSUMED, POLL_S, At, Span
from tests.bench.report import Figure, Report

OWNED = "floorcast_partitions_owned"
_BROKER = {"group.initial.rebalance.delay.ms": "12000"}
"""The group waits for the second worker, so that the first does not begin alone."""
TIMEOUT_S = 600


class _Crew(NamedTuple):
    """Workers together, from the moment each owned partitions; CPU seconds of each, and Kafka's."""

    span: Span
    broker_cpu_s: float
    worker_cpu_s: list[float]


def measure_workers(events: int, reps: int) -> Report:
    """The same calls read by one worker and by two, each time on a broker of its own."""
    one, two = _read(events, reps, 1), _read(events, reps, 2)
    ratio = two.span.per_cpu_s / one.span.per_cpu_s
    cores = [(s.cpu_s + b) / s.wall_s for s, b, _ in (one, two)]
    figures = [
        Figure("one worker, events per CPU-second", f"{one.span.per_cpu_s:,.0f}"),
        Figure("two, events per CPU-second of both", f"{two.span.per_cpu_s:,.0f}"),
        Figure("  ratio", f"{ratio:.2f}", "0.9"),
        Figure("one worker, events per second", f"{one.span.per_s:,.0f}"),
        Figure("two, events per second", f"{two.span.per_s:,.0f}"),
        Figure("  ratio", f"{two.span.per_s / one.span.per_s:.2f}"),
        Figure("CPU of each of the two", ", ".join(f"{cpu:.1f} s" for cpu in two.worker_cpu_s)),
        Figure("the broker's CPU per event, one, two", f"{_broker(one)}, {_broker(two)}"),
        Figure("cores used, the broker's included", f"{cores[0]:.2f}, {cores[1]:.2f}"),
        Figure("events measured, one, two", f"{one.span.events:,.0f}, {two.span.events:,.0f}"),
    ]
    title = f"workers: {events:,} calls, {reps:,} reps"
    against = "from the moment each worker owned partitions to the last event"
    return Report(title, figures, against)


def _broker(crew: _Crew) -> str:
    return f"{crew.broker_cpu_s / crew.span.events * 1e6:.1f} us"


def _read(events: int, reps: int, number: int) -> _Crew:
    with bench_floor(_BROKER) as (floor, _):
        now_ms = time.time_ns() // 1_000_000
        floor.fill(CALL_ENDED, calls(events, reps, now_ms - DAYS * DAY_MS, now_ms))
        crew = [floor.worker, *(floor.another_worker() for _ in range(number - 1))]
        for worker in crew:
            worker.start()
        for worker in crew:
            worker.wait_for(OWNED, 1, 0.05)
        first = [_at(worker) for worker in crew]
        broker_s = proc.cpu_s(floor.server.pid)
        last = _wait(crew, events)
        broker_s = proc.cpu_s(floor.server.pid) - broker_s
    cpu = [b.cpu_s - a.cpu_s for a, b in zip(first, last, strict=True)]
    consumed = sum(b.events - a.events for a, b in zip(first, last, strict=True))
    wall_s = last[0].wall_s - first[0].wall_s
    return _Crew(Span(consumed, sum(cpu), wall_s), broker_s, cpu)


def _at(worker: BenchWorker) -> At:
    return At(worker.metric(CONSUMED), worker.cpu_s(), time.perf_counter())


def _wait(crew: list[BenchWorker], events: int) -> list[At]:
    """The workers' clocks when they have consumed everything together; raises TimeoutError."""
    until = time.monotonic() + TIMEOUT_S
    while True:
        now = [_at(worker) for worker in crew]
        consumed = sum(each.events for each in now)
        if consumed >= events:
            return now
        if time.monotonic() > until:
            msg = f"{consumed:,.0f} of {events:,} events after {TIMEOUT_S} s"
            raise TimeoutError(msg)
        time.sleep(POLL_S)
