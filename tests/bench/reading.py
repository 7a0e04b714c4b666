"""A worker reads what waits in its topics, and its clocks are noted on the way."""

from __future__ import annotations

import time
from typing import NamedTuple

from tests.bench.floor import BenchWorker

CONSUMED, RECORDS = "floorcast_events_consumed_total", "floorcast_changelog_records_total"
BYTES = "floorcast_changelog_bytes_total"
POLL_S = 0.25


class Span(NamedTuple):
    """What lies between two moments."""

    events: float
    cpu_s: float
    wall_s: float

    @property
    def per_cpu_s(self) -> float:
        """Events per CPU-second."""
        return self.events / max(0.01, self.cpu_s)

    @property
    def per_s(self) -> float:
        """Events per second of wall clock."""
        return self.events / max(0.01, self.wall_s)


class At(NamedTuple):
    """Clocks of a process at one moment, and how many events it had consumed by then."""

    events: float
    cpu_s: float
    wall_s: float

    def to(self, later: At) -> Span:
        """From this moment to a later one."""
        return Span(*(b - a for a, b in zip(self, later, strict=True)))


class Reading(NamedTuple):
    """A worker at its first event, about half way, at the last, and when all is committed."""

    first: At
    half: At
    last: At
    done: At
    rss_mb: float
    changelog_records: float
    changelog_bytes: float


def at(worker: BenchWorker, consumed: float) -> At:
    """A worker's clocks now."""
    return At(consumed, worker.cpu_s(), time.perf_counter())


def read_all(worker: BenchWorker, events: int) -> Reading:
    """Watch a worker that was started until it has consumed so many events; raises TimeoutError."""
    first = at(worker, worker.wait_for(CONSUMED, 1, 0.05))
    half = at(worker, worker.wait_for(CONSUMED, events / 2, POLL_S))
    last = at(worker, worker.wait_for(CONSUMED, events, POLL_S))
    settle(worker)
    done = at(worker, last.events)
    out = worker.metric(RECORDS), worker.metric(BYTES)
    return Reading(first, half, last, done, worker.rss_mb(), *out)


def settle(worker: BenchWorker) -> None:
    """Wait until everything is committed.

    That is when each entity has been written at least once; the commit after the last event may be
    on its way still, so wait until records no longer grow.
    """
    written = -1.0
    while written < (written := worker.metric(RECORDS)) or not written:
        time.sleep(1.5)
