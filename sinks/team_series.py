"""Team series for Prometheus: this worker's part of each team, which PromQL adds up over workers.

They are right where rep series are cut or switched off, and few where reps are many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sinks.exposition import escaped, gauge, number
from sinks.rep_families import COUNTS, HOUR, REVENUE, names
from streams.core.snapshot import Partial
from streams.core.tally import Tally, add_tallies

PART = " One worker's part: add up over all workers."


class TeamTallies(NamedTuple):
    """What the owned partitions add to a team."""

    team: str
    today: Tally
    hour: Tally


def team_tallies(partials: Iterable[Partial], without: Collection[int]) -> list[TeamTallies]:
    """Teams in their order, summed over all partitions but those in `without`."""
    parts: dict[str, list[Partial]] = defaultdict(list)
    for one in partials:
        if one.level == "team" and one.partition not in without:
            parts[one.id].append(one)
    return [
        TeamTallies(
            team,
            add_tallies(one.windows["today"] for one in of_team if "today" in one.windows),
            add_tallies(one.windows["60m"] for one in of_team if "60m" in one.windows),
        )
        for team, of_team in sorted(parts.items())
    ]


def team_families(teams: Sequence[TeamTallies]) -> Iterator[str]:
    """The families of all teams, one piece each."""
    named = names("team")
    for families, window in ((COUNTS, "today"), (HOUR, "hour")):
        for family in families:
            name, text = next(named)
            samples = []
            for one in teams:
                value = number(family.value(getattr(one, window)))
                if value is not None:
                    samples.append(f'{{team="{escaped(one.team)}"}} {value}\n')
            yield gauge(name, text + PART, samples)
    for at, (suffix, text) in enumerate(REVENUE):
        yield gauge(
            f"floorcast_team_today_{suffix}",
            text + PART,
            [
                f'{{team="{escaped(one.team)}",currency="{escaped(c)}"}} '
                f"{one.today.revenue(c)[at]}\n"
                for one in teams
                for c in one.today.money
            ],
        )
