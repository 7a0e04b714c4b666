"""What a peer tells: its clocks at the first, the middle and the last event, and what it counted.

Only the standard library, because interpreters of other environments import it.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

MARKS = "marks.jsonl"


class Job(NamedTuple):
    """One run of a peer: read `events` of `topic` from the start; `folder` is its own."""

    brokers: str
    topic: str
    events: int
    folder: str
    mode: str

    def arguments(self) -> list[str]:
        """As a command line."""
        return [self.brokers, self.topic, str(self.events), self.folder, self.mode]


def job() -> Job:
    """The job of this process, from its command line."""
    brokers, topic, events, folder, mode = sys.argv[1:6]
    return Job(brokers, topic, int(events), folder, mode)


class Marks:
    """Counts events and notes the process's CPU time, all threads, and the wall clock."""

    def __init__(self, job: Job) -> None:
        self.seen = 0
        self._file = Path(job.folder) / MARKS
        self._waiting = [job.events, max(2, job.events // 2), 1]
        self._next = self._waiting.pop()

    def step(self) -> bool:
        """One more event was counted; True when it was the last."""
        self.seen += 1
        return self.seen == self._next and self._mark()

    def counted(self, calls: int, answered: int, talk_ms: int) -> None:
        """Tell the sums over all reps; the parent compares them with what was sent."""
        self._tell({"calls": calls, "answered": answered, "talk_ms": talk_ms})

    def stay(self) -> None:
        """Keep the process until it is ended: the parent still looks at its memory."""
        while True:
            signal.pause()

    def _mark(self) -> bool:
        now = {"cpu_s": time.process_time(), "wall_s": time.perf_counter()}
        self._tell({"seen": self.seen, **now})
        self._next = self._waiting.pop() if self._waiting else 0
        return self._next == 0

    def _tell(self, what: dict[str, float]) -> None:
        with self._file.open("a", encoding="ascii") as file:
            file.write(json.dumps(what) + "\n")
