"""Floors with known truth for the alert detector: reps, teams, seasons, campaigns, drops.

Conversions differ by rep (gamma around the team's) and, in the realistic world, by the hour, by
campaign (slow drift with a jump every 40 days), by the rep's own drift and by the day. A drop lets
each sale of a rep happen with probability `ratio` only. Contacts are written as they would be
handed over: in buckets, the sale known when they mature.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from streams.core.alerts.contact import BUCKET_MS, Bucket, MaturedContact
from streams.core.calendar import DAY_MS, HOUR_MS
from tests.bench.alert_habits import FloorHabits

HOURS = 8
OPENS_MS = 9 * HOUR_MS
FIRST_DAY = 20_000
_SHAPE = (0.80, 0.95, 1.15, 1.20, 0.90, 0.95, 1.10, 0.95)
SEASON = [8 * part / sum(_SHAPE) for part in _SHAPE]


class World(NamedTuple):
    """A floor: how large, how long, and what moves its conversion.

    `alike`: every rep has the mean, else they spread around it. `late`: share of deals that come
    after the grace period. `campaign`: factor on a team's conversion for every second 40 days, one
    team after the other. `holidays`: the floor is closed for 5 days of 60, and each rep on leave
    for 15 of 120. `moves`: each rep goes to the next team every 60 days. `joins`: each rep leaves
    after 150 days, and another comes, who sells 60 % at first and all after 30 days.
    """

    reps: int = 100
    teams: int = 4
    days: int = 160
    mean: float = 0.08
    realistic: bool = True
    seed: int = 14
    alike: bool = False
    late: float = 0.0
    campaign: float = 1.0
    holidays: bool = False
    moves: bool = False
    joins: bool = False


class Drop(NamedTuple):
    """A rep sells this share of the usual from an instant on."""

    ratio: float
    from_ms: int


def name_of(world: World, number: int, day: int) -> str:
    """The id of whoever has a place on the floor."""
    return f"rep-{number + world.reps * _since_joined(world, number, day)[0]:05d}"


def world_days(world: World, drops: Mapping[str, Drop]) -> Iterator[list[Bucket]]:
    """The buckets of each day in order; `drops` is asked anew for every day, so it may change.

    Truth, arrivals, chance and habits have generators of their own: drops change nothing else.
    """
    truth, arrivals = random.Random(world.seed), random.Random(world.seed + 1)
    habits = FloorHabits(world.seed)
    base = [world.mean] * world.reps if world.alike else _bases(world, truth)
    pace = [truth.uniform(40, 80) / HOURS for _ in range(world.reps)]
    slow, jump = [0.0] * world.teams, [0.0] * world.teams
    own = [0.0] * world.reps
    for day in range(world.days):
        level = [0.0] * world.reps
        teams = [_team(world, number, day) for number in range(world.reps)]
        if world.realistic:
            slow = [0.95 * x + truth.gauss(0, 0.15 * math.sqrt(1 - 0.95**2)) for x in slow]
            if day % 40 == 0:
                jump = [truth.gauss(0, 0.15) for _ in jump]
            own = [0.98 * x + truth.gauss(0, 0.10 * math.sqrt(1 - 0.98**2)) for x in own]
            level = [
                slow[team] + jump[team] + x + truth.gauss(0, 0.12)
                for team, x in zip(teams, own, strict=True)
            ]
        reps = [
            _Rep(
                name_of(world, number, day),
                f"team-{team}",
                b * math.exp(x) * _moved_by(world, number, team, day),
                an_hour,
            )
            for number, (team, b, x, an_hour) in enumerate(
                zip(teams, base, level, pace, strict=True)
            )
            if _at_work(world, number, day)
        ]
        yield list(_day(world, day, reps, (arrivals, habits), drops))


class _Rep(NamedTuple):
    """Who works on a day, the chance of a sale, and contacts an hour."""

    name: str
    team: str
    chance: float
    pace: float


def _since_joined(world: World, number: int, day: int) -> tuple[int, int]:
    """(how many had the place before, days since this one came)."""
    return divmod(day + number * 37 % 150, 150) if world.joins else (0, day)


def _team(world: World, number: int, day: int) -> int:
    moved = (day + number * 7 % 60) // 60 if world.moves else 0
    return (number + moved) % world.teams


def _moved_by(world: World, number: int, team: int, day: int) -> float:
    """The campaign's factor on a chance, and that of a beginner."""
    factor = world.campaign if (day + 40 * team // world.teams) // 40 % 2 else 1.0
    before, days = _since_joined(world, number, day)
    return factor * min(0.6 + 0.4 * days / 30, 1.0) if before else factor


def _at_work(world: World, number: int, day: int) -> bool:
    if not world.holidays:
        return True
    return day % 60 < 55 and (day + number * 11) % 120 < 105  # as World says


def _bases(world: World, truth: random.Random) -> list[float]:
    """Usual conversions of the reps: a gamma's own quantiles, dealt at random.

    Drawn one by one, 200 reps would sell 7.6 % or 8.2 % on average, by the seed: delays go by it
    more than by anything else that is measured here.
    """
    many = sorted(truth.gammavariate(7.0, 1 / 7.0) for _ in range(100 * world.reps))
    bases = [min(max(world.mean * one, 0.02), 0.15) for one in many[50::100]]
    truth.shuffle(bases)
    return bases


def _day(
    world: World,
    day: int,
    reps: Iterable[_Rep],
    chance_of: tuple[random.Random, FloorHabits],
    drops: Mapping[str, Drop],
) -> Iterator[Bucket]:
    arrivals, habits = chance_of
    buckets: dict[int, list[MaturedContact]] = {}
    opens_ms = (FIRST_DAY + day) * DAY_MS + OPENS_MS
    for rep, team, chance, pace in reps:
        drop = drops.get(rep)
        habits.begin_day(rep)
        at_h = arrivals.expovariate(pace)
        while at_h < HOURS:
            at_ms = opens_ms + int(at_h * HOUR_MS)
            p = min(chance * (SEASON[int(at_h)] if world.realistic else 1.0), 0.6)
            # Two draws whatever comes of them: a floor with drops has the same arrivals.
            first, second = arrivals.random(), arrivals.random()
            sale = first < p * (1 - world.late)
            if drop is not None and at_ms >= drop.from_ms:
                sale = sale and second < drop.ratio
            told = habits.contact(rep, team, sale)
            contact = MaturedContact(at_ms, f"{rep}/{at_ms}", rep, team, sale, "", *told)
            buckets.setdefault(at_ms // BUCKET_MS, []).append(contact)
            at_h += arrivals.expovariate(pace)
    for number in sorted(buckets):
        yield Bucket(number, tuple(buckets[number]))
