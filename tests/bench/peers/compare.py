"""Peers side by side on the topic that floorcast reads, each a process of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from streams.core.events import CALL_ENDED
from tests.bench.calls import Call, calls
from tests.bench.fetch import Fetched, measure_fetch
from tests.bench.floor import BenchFloor, bench_floor
from tests.bench.peers.call import NONE, add, decode, delta
from tests.bench.peers.run import Peer, Run, Sums, java, python_module, run_peer, why_failed
from tests.bench.peers.setup import set_up
from tests.bench.pipeline import DAY_MS, DAYS
from tests.bench.reading import read_all
from tests.bench.report import Grid
from tests.services.process import ServiceFailed

ALL = 10**9
_BYTEWAX = python_module("bytewax_flow", "bytewax")
_FAUST = python_module("faust_app")

PEERS = [
    Peer("Kafka Streams, table", "streams", java, "table", ALL),
    Peer("Kafka Streams, one-minute windows", "streams", java, "windows", ALL),
    Peer("Bytewax, recovery off", "bytewax", _BYTEWAX, "off", ALL),
    Peer("Bytewax, recovery on (SQLite)", "bytewax", _BYTEWAX, "on", ALL),
    Peer("Quix Streams", "quix", python_module("quix_app", "quix"), "state", ALL),
    Peer("stock Faust, no table", "", _FAUST, "none", 200_000),
    Peer("stock Faust, table in memory", "", _FAUST, "memory", 50_000),
    Peer("stock Faust, table in RocksDB", "", _FAUST, "rocksdb", 20_000),
    Peer("stock Faust, hopping, 5 windows", "", _FAUST, "hopping", 10_000, 5),
]

COLUMNS = [
    "reads and counts",
    "events",
    "per CPU-s",
    "2nd half",
    "+ commit",
    "x floorcast",
    "of the limit",
    "per s",
    "RSS MiB",
    "to Kafka",
    "counts",
]

NOTES = (
    "per CPU-s: events per CPU-second of the process, all its threads, from the first event to the "
    "last; what comes before the first event (start, joining the group) is not in it. 2nd half: "
    "from the middle event to the last, with warm caches and compilers. + commit: from the first "
    "event to 3 s after the last, idling included; for floorcast until nothing more is written. "
    "x floorcast and of the limit: of the first of the three. to Kafka: bytes per event on the "
    "broker's disk, in all topics but the input. All read alone, with one process and one thread "
    "of work, at least once, a commit a second. Peers decode three fields of an event and count "
    "three numbers by rep; floorcast validates all fields and keeps every call."
)

_HEAVY = {"log.cleaner.backoff.ms": "3600000"}
"""What was written is counted on the broker's disk: nothing may be compacted away meanwhile."""


def measure_peers(events: int, reps: int, peers: list[Peer] | None = None) -> Grid:
    """Set up what is missing, fill a topic, let each peer read it from the start."""
    console = Console(stderr=True, highlight=False)
    missing = set_up(console)
    with bench_floor(_HEAVY) as (floor, folder):
        truth = fill(floor, events, reps)
        before = measure_fetch(floor.brokers, CALL_ENDED, events)
        ours = _floorcast(floor, truth)
        found: list[tuple[str, Run | str]] = []
        for number, peer in enumerate(PEERS if peers is None else peers):
            if peer.needs in missing:
                found.append((peer.name, f"not installed: {missing[peer.needs]}"))
                continue
            with console.status(f"peers: {peer.name}"):
                found.append((peer.name, _run(peer, floor, truth, folder / f"peer-{number}")))
        after = measure_fetch(floor.brokers, CALL_ENDED, events)
    limit = (before.per_cpu_s(events) + after.per_cpu_s(events)) / 2
    rows = [
        _limit_row("limit: fetch + decode, before", before, events, limit, _rate(ours)),
        _limit_row("limit: fetch + decode, after", after, events, limit, _rate(ours)),
        _row("floorcast in full", ours, limit, _rate(ours)),
        *(_row(name, run, limit, _rate(ours)) for name, run in found),
    ]
    title = f"peers: {events:,} calls of {reps:,} reps over {DAYS} days, one topic of 4 partitions"
    return Grid(title, COLUMNS, rows, NOTES)


def fill(floor: BenchFloor, events: int, reps: int) -> Sums:
    """Send the calls; what a peer should count of them."""
    truth = NONE

    def watched(sent: Iterator[Call]) -> Iterator[Call]:
        nonlocal truth
        for each in sent:
            truth = add(truth, delta(decode(each.value)))
            yield each

    now_ms = time.time_ns() // 1_000_000
    floor.fill(CALL_ENDED, watched(calls(events, reps, now_ms - DAYS * DAY_MS, now_ms)))
    return Sums(*truth)


def _floorcast(floor: BenchFloor, truth: Sums) -> Run:
    before = floor.topic_bytes(CALL_ENDED)
    floor.worker.start()
    read = read_all(floor.worker, truth.calls)
    accepted = floor.worker.metric("floorcast_events_accepted_total")
    counts = "right" if accepted == truth.calls else f"WRONG: {accepted:,.0f} accepted"
    floor.worker.stop()
    out = floor.topic_bytes(CALL_ENDED) - before
    return Run(truth.calls, *read[:4], read.rss_mb, out, counts)


def _run(peer: Peer, floor: BenchFloor, truth: Sums, folder: Path) -> Run | str:
    try:
        return run_peer(peer, floor, CALL_ENDED, truth, folder)
    except ServiceFailed as problem:
        return f"failed: {why_failed(problem)}"


def _rate(run: Run) -> float:
    return run.first.to(run.last).per_cpu_s


def _row(name: str, run: Run | str, limit: float, ours: float) -> list[str]:
    if isinstance(run, str):
        return [name, *[""] * (len(COLUMNS) - 2), run]
    rate, whole, half = _rate(run), run.first.to(run.last), run.half.to(run.last)
    # A short run can be over before it was looked at half way.
    second = f"{half.per_cpu_s:,.0f}" if half.events else ""
    return [
        name,
        f"{run.events:,}",
        f"{rate:,.0f}",
        second,
        f"{run.first.to(run.done).per_cpu_s:,.0f}",
        f"{rate / ours:.2f}",
        f"{rate / limit:.2f}",
        f"{whole.per_s:,.0f}",
        f"{run.rss_mb:,.0f}",
        f"{run.out_bytes / run.events:,.0f} B",
        run.counts,
    ]


def _limit_row(name: str, run: Fetched, events: int, limit: float, ours: float) -> list[str]:
    rate = run.per_cpu_s(events)
    shown = [f"{events:,}", f"{rate:,.0f}", "", "", f"{rate / ours:.2f}", f"{rate / limit:.2f}"]
    return [name, *shown, f"{events / run.wall_s:,.0f}", f"{run.rss_mb:,.0f}", "0 B", "none"]
