"""Every rule of DESIGN 4 is needed: without it the simulation finds wrong numbers or a worker lost.

A rule's seed is where its absence was first seen. Which steps a seed draws depends on the shipped
code, so when that has changed the next seeds are tried too.
"""

from __future__ import annotations

import pytest

from tests.simulation.faults import Faults
from tests.simulation.rules import RULES
from tests.simulation.run import run_schedule

SEEDS = 40
FLOORS = {(rule.faults, rule.seed): None for rule in RULES.values()}


@pytest.mark.parametrize("name", RULES)
def test_a_floor_without_this_rule_is_found_wrong(name: str) -> None:
    says, broken, faults, seed = RULES[name]
    found = (run_schedule(str(seed + more), faults, broken).findings for more in range(SEEDS))
    assert any(found), f"{says}: {SEEDS} schedules did not notice that this no longer holds"


@pytest.mark.parametrize(("faults", "seed"), FLOORS)
def test_with_all_rules_the_same_floors_are_right(faults: Faults, seed: int) -> None:
    assert run_schedule(str(seed), faults).findings == []
