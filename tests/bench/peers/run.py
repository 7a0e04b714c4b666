"""Runs one peer as a process of its own and measures it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.bench import proc
from tests.bench.floor import BenchFloor
from tests.bench.peers import setup
from tests.bench.peers.marks import MARKS, Job
from tests.bench.reading import At
from tests.services.process import ChildProcess, ServiceFailed
from tests.services.programs import REPOSITORY, find_java

SETTLE_S = 3.0
"""After the last event a peer is given so long for its last commit; it makes one a second."""
TIMEOUT_S = 240
HEAP = "-Xmx1g"
Command = Callable[[], list[str | Path]]


class Peer(NamedTuple):
    """A way to run a peer; `needs` is what `setup` has to bring for it, empty when nothing.

    It reads at most `most` events, and counts each of them `times` times (in so many windows).
    """

    name: str
    needs: str
    command: Command
    mode: str
    most: int
    times: int = 1


class Sums(NamedTuple):
    """What was counted over all reps, and what should have been."""

    calls: int
    answered: int
    talk_ms: int

    def verdict(self, right: Sums, whole: bool) -> str:
        """In words; of a part of the topic only the number of its calls is known."""
        if self == right:
            return "right"
        if not whole and self.calls == right.calls:
            return "calls right"
        return f"WRONG: {self.calls:,} calls of {right.calls:,}"


class Run(NamedTuple):
    """What was measured of one peer; `out_bytes` is what it wrote to Kafka."""

    events: int
    first: At
    half: At
    last: At
    done: At
    rss_mb: float
    out_bytes: int
    counts: str


def python_module(module: str, name: str = "") -> Command:
    """A module of this folder, in a peer's environment or in ours."""

    def command() -> list[str | Path]:
        python = setup.python_of(name) if name else Path(sys.executable)
        return [python, "-m", f"tests.bench.peers.{module}"]

    return command


def java() -> list[str | Path]:
    """The program for Kafka Streams."""
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return [find_java() or "java", HEAP, quiet, "-cp", setup.class_path(), "CallCounts"]


def run_peer(peer: Peer, floor: BenchFloor, topic: str, truth: Sums, folder: Path) -> Run:
    """Let a peer read the topic; raises ServiceFailed when it ends or does not get through."""
    events = min(peer.most, truth.calls)
    folder.mkdir()
    job = Job(floor.brokers, topic, events, str(folder), peer.mode)
    before = floor.topic_bytes(topic)
    process = ChildProcess(peer.name, folder / "peer.log")
    environ = {**floor.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
    memory: list[float] = []

    def ready() -> bool:
        told = _told(folder)
        # Memory as of the last event: what a peer does to tell its counts is no part of it.
        if not memory and any(line.get("seen") == events for line in told):
            memory.append(proc.rss_mb(process.pid))
        return any("calls" in line for line in told)

    try:
        command = [*peer.command(), *job.arguments()]
        process.start(command, ready=ready, timeout_s=TIMEOUT_S, env=environ)
        time.sleep(SETTLE_S)
        done = At(events, proc.cpu_s(process.pid), time.perf_counter())
    finally:
        process.kill()
    marks = [line for line in _told(folder) if "seen" in line]
    first, half, last = (At(line["seen"], line["cpu_s"], line["wall_s"]) for line in marks)
    sums = Sums(**next(line for line in _told(folder) if "calls" in line))
    right = Sums(events, truth.answered, truth.talk_ms)
    right = Sums(*(each * peer.times for each in right))
    counts = sums.verdict(right, events == truth.calls)
    out = floor.topic_bytes(topic) - before
    return Run(events, first, half, last, done, memory[0], out, counts)


def why_failed(problem: ServiceFailed) -> str:
    """The last line that a failed peer wrote."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[-1][:90]


def _told(folder: Path) -> list[dict[str, int]]:
    file = folder / MARKS
    if not file.exists():
        return []
    # A line that is being written has no end yet.
    whole = file.read_text("ascii").rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]
