"""What a viewer of the page can choose: teams, sites, shifts and products that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from streams.core.snapshot import RepSnapshot


class TeamChoice(NamedTuple):
    """A team that has reps; `zone` is that of its reps, None when they are in several."""

    id: str
    label: str
    site: str
    zone: str | None


class Choices(Struct, frozen=True, omit_defaults=True):
    """Everything in alphabetical order. `zone` is that of all reps, absent when they differ."""

    teams: list[TeamChoice] = []
    sites: list[str] = []
    shifts: list[str] = []
    products: list[str] = []
    zone: str | None = None


def choices_of(snapshots: Iterable[RepSnapshot], names: Mapping[str, str]) -> Choices:
    """What the reps that are there leave to choose from; products are those of the year so far."""
    zones: dict[str, set[str]] = {}
    sites: dict[str, str] = {}
    shifts: set[str] = set()
    products: set[str] = set()
    for one in snapshots:
        zones.setdefault(one.team_id, set()).add(one.zone)
        sites[one.team_id] = one.site
        if one.shift is not None:
            shifts.add(one.shift)
        tally = one.windows.get("year") or one.windows.get("today")
        if tally is not None:
            for found in tally.money.values():
                products.update(found)
    return Choices(
        teams=[
            TeamChoice(team, names.get(team, team), sites[team], _only(zones[team]))
            for team in sorted(zones)
        ],
        sites=sorted(set(sites.values())),
        shifts=sorted(shifts),
        products=sorted(products),
        zone=_only({zone for found in zones.values() for zone in found}),
    )


def _only(found: set[str]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None
