"""Floors with known truth for the alert detector: reps, teams, seasons, campaigns, drops.

Conversions differ by rep (gamma around the team's) and, in the realistic world, by the hour, by
campaign (slow drift with a jump every 40 days), by the rep's own drift and by the day. A drop lets
each sale of a rep happen with probability `ratio` only. Contacts are written as they would be
handed over: in buckets, the sale known when they mature.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from streams.core.alerts.contact import BUCKET_MS, Bucket, MaturedContact
from streams.core.calendar import DAY_MS, HOUR_MS

HOURS = 8
OPENS_MS = 9 * HOUR_MS
FIRST_DAY = 20_000
_SHAPE = (0.80, 0.95, 1.15, 1.20, 0.90, 0.95, 1.10, 0.95)
SEASON = [8 * part / sum(_SHAPE) for part in _SHAPE]


class World(NamedTuple):
    """A floor: how large, how long, and what moves its conversion."""

    reps: int = 100
    teams: int = 4
    days: int = 160
    mean: float = 0.08
    realistic: bool = True
    seed: int = 14


class Drop(NamedTuple):
    """A rep sells this share of the usual from an instant on."""

    ratio: float
    from_ms: int


def rep_id(number: int) -> str:
    """The id of a rep by number."""
    return f"rep-{number:04d}"


def world_days(world: World, drops: Mapping[str, Drop]) -> Iterator[list[Bucket]]:
    """The buckets of each day in order; `drops` is asked anew for every day, so it may change.

    Truth, arrivals and chance have generators of their own: drops change nothing else.
    """
    truth, arrivals = random.Random(world.seed), random.Random(world.seed + 1)
    base = _bases(world, truth)
    pace = [truth.uniform(40, 80) / HOURS for _ in range(world.reps)]
    slow, jump = [0.0] * world.teams, [0.0] * world.teams
    own = [0.0] * world.reps
    for day in range(world.days):
        level = [0.0] * world.reps
        if world.realistic:
            slow = [0.95 * x + truth.gauss(0, 0.15 * math.sqrt(1 - 0.95**2)) for x in slow]
            if day % 40 == 0:
                jump = [truth.gauss(0, 0.15) for _ in jump]
            own = [0.98 * x + truth.gauss(0, 0.10 * math.sqrt(1 - 0.98**2)) for x in own]
            level = [
                slow[rep % world.teams] + jump[rep % world.teams] + own[rep] + truth.gauss(0, 0.12)
                for rep in range(world.reps)
            ]
        chances = [b * math.exp(x) for b, x in zip(base, level, strict=True)]
        reps = list(zip(chances, pace, strict=True))
        yield list(_day(world, day, reps, arrivals, drops))


def _bases(world: World, truth: random.Random) -> list[float]:
    """Usual conversions of the reps: a gamma's own quantiles, dealt at random.

    Drawn one by one, 200 reps are sellers of 7.6 % or of 8.2 % on average, by the seed. Delays go by
    it more than by anything else that is measured here.
    """
    many = sorted(truth.gammavariate(7.0, 1 / 7.0) for _ in range(100 * world.reps))
    bases = [min(max(world.mean * one, 0.02), 0.15) for one in many[50::100]]
    truth.shuffle(bases)
    return bases


def _day(
    world: World,
    day: int,
    reps: list[tuple[float, float]],
    arrivals: random.Random,
    drops: Mapping[str, Drop],
) -> Iterator[Bucket]:
    """One day of reps given as (chance of a sale, contacts an hour)."""
    buckets: dict[int, list[MaturedContact]] = {}
    opens_ms = (FIRST_DAY + day) * DAY_MS + OPENS_MS
    for number, (chance, rate) in enumerate(reps):
        rep, team = rep_id(number), f"team-{number % world.teams}"
        drop = drops.get(rep)
        at_h = arrivals.expovariate(rate)
        while at_h < HOURS:
            at_ms = opens_ms + int(at_h * HOUR_MS)
            p = min(chance * (SEASON[int(at_h)] if world.realistic else 1.0), 0.6)
            # Two draws whatever comes of them: a floor with drops has the same arrivals.
            first, second = arrivals.random(), arrivals.random()
            sale = first < p and (drop is None or at_ms < drop.from_ms or second < drop.ratio)
            contact = MaturedContact(at_ms, f"{rep}/{at_ms}", rep, team, sale)
            buckets.setdefault(at_ms // BUCKET_MS, []).append(contact)
            at_h += arrivals.expovariate(rate)
    for number in sorted(buckets):
        yield Bucket(number, tuple(buckets[number]))
