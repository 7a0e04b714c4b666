"""What a resident rep-day of 165 entities takes, each figure from a process of its own.

`python -m tests.bench.memory rss|traced|stored REPS` prints bytes per rep-day.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

from tests.bench.days import ENTITIES, new_board, work_days
from tests.bench.report import Figure, Report

REPS, DAYS = 1_500, 2
"""A worker holds the newest two days of a rep."""


def measure_memory() -> Report:
    """Resident and traced memory per rep-day, beside the bytes of its segments in the changelog."""
    resident, traced, stored = (_child(how) for how in ("rss", "traced", "stored"))
    figures = [
        Figure("resident memory per rep-day", f"{resident / 1000:.1f} KB", "30 KB"),
        Figure("allocated by Python per rep-day", f"{traced / 1000:.1f} KB", "30 KB"),
        Figure("per contribution, resident", f"{resident / ENTITIES:.0f} B"),
        Figure("segments of it in the changelog", f"{stored / 1000:.1f} KB"),
        Figure("ratio of memory to segments", f"{resident / stored:.1f}"),
    ]
    return Report(
        f"memory: {DAYS} rep-days of {ENTITIES} entities of {REPS} reps each", figures, ""
    )


def _child(how: str) -> float:
    command = [sys.executable, "-m", "tests.bench.memory", how, str(REPS)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _main(how: str, reps: int) -> None:
    # A first floor fills caches, decoders and the allocator's free lists.
    work_days(new_board(), 5)
    board = new_board()
    # What is stored is no part of the figure: the store is dropped as it is written.
    board.store.write = lambda items, offset: None  # type: ignore[method-assign] # see above
    gc.collect()
    if how == "traced":
        tracemalloc.start()
    before = _rss()
    stored = sum(work_days(board, reps, day) for day in range(DAYS))
    gc.collect()
    if how == "traced":
        print(tracemalloc.get_traced_memory()[0] / (reps * DAYS))
    else:
        size = _rss() - before if how == "rss" else stored
        print(size / (reps * DAYS))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
