"""Negative controls: every rule of the design is broken once, and must be found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.chaos.campaign import Arena, Limits, Plan, Tally, campaign
from tests.chaos.floor import Pace
from tests.chaos.rules import RULES

FAULTS: dict[str, tuple[str, ...]] = {
    "writer-in-key": ("stop A", "stop B", "kill"),
    "ack-before-commit": ("die A", "die B", "kill"),
    "positions-before-flush": ("die D", "kill"),
    "contiguity": ("lost fetch", "storm", "leave", "kill"),
    "derived-before-commit": ("slow outbox", "die D", "kill"),
    "store-behind-strangers": ("stop A", "stop B"),
    "segments-only-grow": ("kill",),
    "higher-version-holds": ("stop A", "stop B", "stop C", "pause"),
}
"""The faults under which a rule matters."""

PACE = Pace(seconds=20.0, gap_s=1.5, per_second=800)
ROUNDS = 8


class Finding(NamedTuple):
    """What became of one control."""

    rule: str
    rounds: int
    faults: Counter[str]
    differing: Counter[str]
    wrong: list[str]

    @property
    def found(self) -> bool:
        """Whether the broken rule was noticed."""
        return bool(self.wrong)


def run_controls(
    place: Arena, seed: int, rules: Iterable[str], say: Callable[[str], None]
) -> list[Finding]:
    """Break each rule until it is found, for `ROUNDS` rounds at most."""
    out = []
    for number, rule in enumerate(rules):
        say(f"without {rule}: {RULES[rule].__doc__}")
        plan = Plan(PACE, Limits(0.0, ROUNDS), rule, FAULTS[rule], until_wrong=True)
        tally: Tally = campaign(place, seed + 1000 * number, plan, say, lambda *_: None)
        found = Finding(rule, tally.rounds, tally.faults, tally.differing, tally.found())
        say(f"without {rule}: {'found' if found.found else 'NOT FOUND'}: {found.wrong[:1]}")
        out.append(found)
    return out


def show(console: Console, findings: Iterable[Finding]) -> None:
    """A row for each control."""
    table = Table(title="controls", box=None, title_justify="left")
    for name in ("without", "found in round", "faults so far", "differing cells", "first finding"):
        table.add_column(name, overflow="fold")
    for one in findings:
        table.add_row(
            one.rule,
            str(one.rounds) if one.found else f"NOT in {one.rounds}",
            ", ".join(f"{name} {count}" for name, count in one.faults.most_common()),
            ", ".join(f"{name} {count}" for name, count in one.differing.most_common() if count),
            re.sub(r"\s+", " ", one.wrong[0])[:160] if one.wrong else "",
        )
    console.print(table)
