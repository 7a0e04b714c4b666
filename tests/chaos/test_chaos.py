"""Every accepted event counts exactly once, whatever breaks; and a broken rule is noticed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

from tests.chaos import report
from tests.chaos.campaign import Arena, Limits, Plan, arena, campaign
from tests.chaos.controls import run_controls
from tests.chaos.events import Events
from tests.chaos.floor import Pace
from tests.chaos.people import HOURS_A_ROUND, STARTS
from tests.chaos.rules import RULES
from tests.chaos.schedule import WEIGHTS, schedule

SHORT = Plan(Pace(seconds=25.0, gap_s=1.1, per_second=800), Limits(0.0, 3))


@pytest.fixture(scope="module")
def place() -> Iterator[Arena]:
    with arena() as found:
        yield found


@pytest.fixture(scope="module")
def seed() -> int:
    """Another one every time, but in CI."""
    return 1 if os.environ.get("CI") == "true" else secrets.randbelow(1_000_000)


def test_the_same_seed_gives_the_same_events_and_faults() -> None:
    def batch() -> list[object]:
        events = Events(7, 40)
        end_ms = STARTS[0] + HOURS_A_ROUND * 3_600_000
        return [*events.roll_call(STARTS[0]), *events.batch(3_000, STARTS[0], end_ms)]

    assert batch() == batch()
    assert schedule(Random("7"), 25, 1.6, 3.0) == schedule(Random("7"), 25, 1.6, 3.0)


def test_every_kind_of_fault_is_drawn() -> None:
    drawn = {fault.kind for fault in schedule(Random(7), 3_000, 1.6, 3.0)}
    assert drawn == WEIGHTS.keys()


def test_every_rule_and_fault_is_explained() -> None:
    readme = Path(__file__).with_name("README.md").read_text("utf-8")
    assert {rule for rule in RULES if f"| {rule} |" not in readme} == set()
    words = {word for kind in WEIGHTS for word in kind.split()}
    assert {word for word in words if word not in readme} == set()


@pytest.mark.timeout(480)  # three rounds of faults, each followed by quiet and by the checks
def test_every_event_counts_once_whatever_breaks(place: Arena, seed: int) -> None:
    console = Console(width=160, highlight=False)
    console.print(f"\nrepeat with: python -m tests.chaos run --rounds 3 --gap 1.1 --seed {seed}")
    tally = campaign(place, seed, SHORT, _nobody, lambda one, _: report.show_round(console, one))
    report.show(console, seed, tally)
    assert tally.wrong == []
    assert sum(tally.differing.values()) == 0
    assert sum(tally.faults.values()) >= 40


@pytest.mark.timeout(240)
@pytest.mark.parametrize("rule", ["segments-only-grow", "ack-before-commit"])
def test_a_broken_rule_is_found(place: Arena, seed: int, rule: str) -> None:
    (finding,) = run_controls(place, seed, [rule], _nobody)
    assert finding.found


def _nobody(_: str) -> None:
    return None
