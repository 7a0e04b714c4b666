"""Simulated floors come to the recount, and can be run again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.faults import HARD
from tests.simulation.run import run_schedule, simulate
from tests.suites import ROOT


@pytest.mark.parametrize("number", range(6))
def test_a_floor_under_faults_comes_to_the_recount(number: int) -> None:
    outcome = run_schedule(f"floor.{number}")
    assert outcome.findings == []
    assert outcome.counts["cells compared"] > 0


def test_hard_hours_bring_every_fault_and_no_wrong_number() -> None:
    counts: Counter[str] = Counter()
    for number in range(6):
        outcome = run_schedule(f"hard.{number}", HARD)
        assert outcome.findings == []
        counts += outcome.counts
    happened = (
        "crashes",
        "pauses",
        "graceful leaves",
        "disks lost",
        "disks set back",
        "records compacted",
        "stale writes landed",
        "refused commits",
        "commits checked",
        "seeks back",
        "real holes",
        "contacts handed on",
        "checkpoints taken up",
    )
    assert [name for name in happened if not counts[name]] == []


def test_hours_add_up_and_progress_is_told() -> None:
    told: list[int] = []
    summary = simulate(3, 4, lambda so_far: told.append(so_far.hours))
    assert told[-1] == summary.hours >= 3
    assert len(told) == summary.schedules
    again = simulate(1, 4, only=summary.schedules - 1)
    assert again.schedules == 1


def test_a_schedule_is_the_same_wherever_it_is_run() -> None:
    program = "from tests.simulation.run import run_schedule; print(run_schedule('same.1').trace)"
    traces = set()
    for hash_seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        traces.add(done.stdout.strip())
    assert len(traces) == 1
    assert traces == {run_schedule("same.1").trace}
