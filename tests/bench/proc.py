"""CPU time and memory of a running process, from `/proc`."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """CPU time so far, user and system, of all threads of a process and of its descendants."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    # utime, stime, and the same of children that have ended
    ticks = sum(map(int, fields[11:15]))
    return ticks / _TICKS + sum(map(cpu_s, _children(pid)))


def rss_mb(pid: int) -> float:
    """Resident memory of a process and of its descendants, MiB; shared pages count for each."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * _PAGE / 2**20 + sum(map(rss_mb, _children(pid)))


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
