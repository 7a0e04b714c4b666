"""What boards cost, and how fast state is read back: the core alone, in this process."""

from __future__ import annotations

import gc
import time

from streams.cli.worker import COLLECT
from streams.core.events import CALL_ENDED
from streams.core.intake import apply_slice
from streams.core.scoreboard import Scoreboard
from streams.core.showing import Showing
from streams.engine.publisher import REPS_AT_ONCE
from tests.bench.calls import calls
from tests.bench.days import (
    DAY_MS,
    ENTITIES,
    FIRST_MS,
    Record,
    empty_board,
    new_board,
    work_days,
)
from tests.bench.report import Figure, Report

REPS, MANY = 1_000, 10_000
NOW_MS = FIRST_MS + DAY_MS + 16 * 3_600_000
"""The afternoon of the second day of work."""
EVENTS, SLICE = 10_000, 100
RECORDS = 1_000
"""Changelog records in one step, as the lane hands them over."""


def measure_read_side() -> Report:
    """Snapshots of reps that changed, of all reps, and recovery, in CPU time of this process."""
    # As in a worker: with Python's own thresholds the longest step is one with a collection in it.
    gc.freeze()
    gc.set_threshold(*COLLECT)
    board = new_board()
    for day in (0, 1):
        work_days(board, REPS, day)
    showing = Showing(board)
    first = _show_all(showing)
    again = _show_all(showing)
    apply_us, dirty = _live(board, showing)
    full = _full()
    recovery_s, records, contributions = _recovery()
    figures = [
        Figure("snapshot of a rep, the first", f"{first.each_us():,.0f} us"),
        Figure("snapshot of a rep, again", f"{again.each_us():,.0f} us"),
        Figure("snapshot of a rep that changed, live", f"{dirty.each_us():,.0f} us"),
        Figure(
            f"longest step, of {REPS_AT_ONCE} reps", f"{dirty.longest_s * 1000:.0f} ms", "50 ms"
        ),
        Figure(f"first refresh of {MANY:,} reps", f"{full.total_s:.1f} s"),
        Figure("recovery, records", f"{records / recovery_s:,.0f} /s"),
        Figure("recovery, contributions", f"{contributions / recovery_s:,.0f} /s"),
        Figure("merging an event, decoded", f"{apply_us:.1f} us"),
        Figure("ratio: snapshot that changed / event", f"{dirty.each_us() / apply_us:.0f}"),
    ]
    title = f"read side: {REPS:,} reps, {ENTITIES} entities on each of two days"
    return Report(title, figures, "CPU time of one process, the core alone")


class _Shown:
    """How many snapshots were made in how much time, in steps as the worker makes them."""

    def __init__(self) -> None:
        self.reps = 0
        self.total_s = 0.0
        self.longest_s = 0.0

    def drain(self, showing: Showing, now_ms: int) -> None:
        """Show all that is due."""
        while True:
            began_s = time.process_time()
            shots, _ = showing.refresh(now_ms, 1, REPS_AT_ONCE)
            took_s = time.process_time() - began_s
            if not shots:
                return
            self.reps += len(shots)
            self.total_s += took_s
            self.longest_s = max(self.longest_s, took_s)

    def each_us(self) -> float:
        """Microseconds per snapshot."""
        return self.total_s / max(1, self.reps) * 1e6


def _show_all(showing: Showing) -> _Shown:
    out = _Shown()
    showing.show_again()
    out.drain(showing, NOW_MS)
    return out


def _live(board: Scoreboard, showing: Showing) -> tuple[float, _Shown]:
    """(us per event, snapshots): slices of a tenth of a second at 1,000 events a second."""
    out, apply_s = _Shown(), 0.0
    sent = calls(EVENTS, REPS, NOW_MS, NOW_MS + EVENTS)
    records = [Record(CALL_ENDED, 10**6 + i, NOW_MS + DAY_MS, x.value) for i, x in enumerate(sent)]
    for at in range(0, EVENTS, SLICE):
        began_s = time.process_time()
        apply_slice(board, CALL_ENDED, records[at : at + SLICE], {})
        apply_s += time.process_time() - began_s
        out.drain(showing, NOW_MS + at + SLICE)
    return apply_s / EVENTS * 1e6, out


def _full() -> _Shown:
    board = new_board()
    work_days(board, MANY)
    return _show_all(Showing(board))


def _recovery() -> tuple[float, int, int]:
    """(seconds, records, contributions) of reading a changelog back into an empty worker."""
    source = new_board()
    work_days(source, MANY // 5)
    log = list(source.store.scan(b"\0"))
    board = empty_board()
    began_s = time.process_time()
    for at in range(0, len(log), RECORDS):
        board.recover(log[at : at + RECORDS], at)
    board.recovered()
    took_s = time.process_time() - began_s
    held = sum(len(day.entities) for rep in board.reps.values() for day in rep.days.values())
    return took_s, len(log), held
