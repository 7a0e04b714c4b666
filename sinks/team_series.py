"""Team series for Prometheus: this worker's part of each team, which PromQL adds up over workers.

They are right where rep series are cut or switched off, and few where reps are many. Where there
are no rep series they are a part per partition (label `partition`): a partition that changes hands
is on two workers for a scrape, and only a label that both give it lets PromQL count it once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sinks.exposition import escaped, gauge, number
from sinks.rep_families import COUNTS, HOUR, REVENUE, names
from streams.core.snapshot import Partial
from streams.core.tally import Tally, add_tallies

PART = " One worker's part, or one partition's: add up over all."


class TeamTallies(NamedTuple):
    """What the owned partitions, or the one named, add to a team."""

    team: str
    partition: int | None
    today: Tally
    hour: Tally

    @property
    def labels(self) -> str:
        """Its label pairs, as they stand in a sample."""
        team = f'team="{escaped(self.team)}"'
        return team if self.partition is None else f'{team},partition="{self.partition}"'


def team_tallies(
    partials: Iterable[Partial], without: Collection[int], *, by_partition: bool = False
) -> list[TeamTallies]:
    """Teams in their order, of all partitions but those in `without`, summed or one by one."""
    parts: dict[tuple[str, int], list[Partial]] = defaultdict(list)
    for one in partials:
        if one.level == "team" and one.partition not in without:
            parts[one.id, one.partition if by_partition else -1].append(one)
    return [
        TeamTallies(
            team,
            partition if by_partition else None,
            add_tallies(one.windows["today"] for one in of_team if "today" in one.windows),
            add_tallies(one.windows["60m"] for one in of_team if "60m" in one.windows),
        )
        for (team, partition), of_team in sorted(parts.items(), key=lambda item: item[0])
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
                    samples.append(f"{{{one.labels}}} {value}\n")
            yield gauge(name, text + PART, samples)
    for at, (suffix, text) in enumerate(REVENUE):
        yield gauge(
            f"floorcast_team_today_{suffix}",
            text + PART,
            [
                f'{{{one.labels},currency="{escaped(c)}"}} {one.today.revenue(c)[at]}\n'
                for one in teams
                for c in one.today.money
            ],
        )
