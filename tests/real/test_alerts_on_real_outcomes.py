"""The alert detector on real outcomes, where no rep differs from another: every alarm is false."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.bench.alert_trial import Shipped
from tests.bench.uci_floor import SHORT, delays, false_alarms, read_outcomes

PROMISED = {20: 1.2, 10: 5.8}
"""False alarms per 1000 rep-days. The goal of 1.2 is met with 20 reps and missed with ten (2.1):
too few to see at once that a campaign has ended. Asked there is the promise for any floor."""


@pytest.fixture(scope="module")
def outcomes(real_data: Path) -> list[bool]:
    read = read_outcomes(real_data)
    assert (len(read), sum(read)) == (41_188, 4_640)
    return read


@pytest.mark.parametrize("reps", [10, 20])
def test_false_alarms_are_as_rare_as_promised(outcomes: list[bool], reps: int) -> None:
    rates = [false_alarms(outcomes, reps, seed, {"red": Shipped(SHORT)})[0] for seed in range(8)]
    rep_days = sum(rate.rep_days for rate in rates)
    assert rep_days == 8 * reps * {10: 53, 20: 19}[reps]
    assert 1000 * sum(rate.alarms for rate in rates) / rep_days <= PROMISED[reps]


def test_every_halved_conversion_is_found_before_the_data_ends(outcomes: list[bool]) -> None:
    # How soon is for the benchmark to say: it is a matter of chance by hundreds of contacts.
    found = [delays(outcomes, 10, seed, {"red": Shipped(SHORT)})[0] for seed in range(10)]
    assert all(map(math.isfinite, found))
