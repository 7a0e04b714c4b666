"""A floor with known truth under a detector: false alarms a rep-day, contacts to an alarm."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from rich.progress import track

from streams.core.alerts.also import Also
from streams.core.alerts.contact import Bucket
from streams.core.alerts.floor_watch import FloorWatch, encode_floor, standing
from streams.core.alerts.measured import Rate
from streams.core.alerts.outcomes import Alert, Level
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.step import fold
from streams.core.calendar import DAY_MS, HOUR_MS
from tests.bench.alert_world import (
    FIRST_DAY,
    HOURS,
    OPENS_MS,
    Drop,
    World,
    name_of,
    world_days,
)

WARM = 41
"""Days before alarms are counted: every rep has a baseline of 30 days then, half of a whole one."""
APART_DAYS = 100
"""Days from one drop of a rep to the next: the baseline has forgotten the one before."""
GIVEN_UP_DAYS = 60


class Watch(Protocol):
    """Whatever raises alarms about reps of one floor."""

    def watch(self, bucket: Bucket) -> Iterable[tuple[str, int]]:
        """(rep, instant) of each alarm that a bucket gives; buckets come in order."""


class Shipped:
    """The detector of the core, told at one level; amber counts where it begins.

    `also` is what its alerts said of habits.
    """

    def __init__(self, settings: AlertSettings, level: Level = "red") -> None:
        self._settings, self._level = settings, level
        self.floor = FloorWatch("site", "UTC")
        self.spent_s = 0.0
        self.also: list[Also] = []

    def watch(self, bucket: Bucket) -> list[tuple[str, int]]:
        """(rep, instant) of each alarm that a bucket gives."""
        began_s = time.process_time()
        _, outcomes = fold(self.floor, bucket, self._settings)
        self.spent_s += time.process_time() - began_s
        found = [
            one
            for one in outcomes
            if isinstance(one, Alert) and one.rep_id and one.level == self._level
        ]
        for one in found:
            self.also += one.also
        return [(one.rep_id, one.at_ms) for one in found]

    def watches(self, rep: str) -> bool:
        """True when the rep is learned, and not just moved."""
        return standing(self.floor, rep, self._settings).state in ("watched", "amber")

    def watched(self) -> int:
        """Reps who were at work on the newest day and are watched."""
        floor = self.floor
        return sum(rep.last_day == floor.day and self.watches(r) for r, rep in floor.reps.items())

    def state_bytes(self, reps: int) -> int:
        """Size of the stored state of so many reps."""
        return len(encode_floor(self.floor)) * reps // max(len(self.floor.reps), 1)


def calm(world: World, shipped: Shipped, others: Iterable[Watch] = ()) -> tuple[int, list[Rate]]:
    """(contacts, false alarms) of a floor on which nothing drops; the shipped detector's first.

    Only days are counted on which the shipped detector watches the rep, for all of them alike.
    """
    watches: list[Watch] = [shipped, *others]
    alarms = [0] * len(watches)
    contacts, rep_days = 0, 0
    days = world_days(world, {})
    for day in track(range(world.days), description="days without drops", transient=True):
        buckets = next(days)
        for bucket in buckets:
            contacts += len(bucket.contacts)
            for at, watch in enumerate(watches):
                found = sum(1 for _ in watch.watch(bucket))
                alarms[at] += found if day >= WARM else 0
        if day >= WARM and buckets:
            rep_days += shipped.watched()
    return contacts, [Rate(count, rep_days) for count in alarms]


def dropping(world: World, watch: Watch, ratio: float = 0.5) -> list[float]:
    """Contacts from drop to alarm, of one drop after the other; infinite where it was not found."""
    drops = _Drops(world, ratio, watch.watches if isinstance(watch, Shipped) else None)
    days = world_days(world, drops.now)
    for day in track(range(world.days), description="days with drops", transient=True):
        drops.begin(day)
        for bucket in next(days):
            for contact in sorted(bucket.contacts) if drops.now else ():
                drops.saw(contact.rep_id, contact.at_ms)
            for rep, at_ms in watch.watch(bucket):
                drops.found(rep, at_ms)
    return drops.delays


class _Drops:
    """Drops staggered over reps, each until it is found or given up."""

    def __init__(
        self, world: World, ratio: float, watches: Callable[[str], bool] | None = None
    ) -> None:
        self._random = random.Random(world.seed + 2)
        self._world, self._ratio, self._watches = world, ratio, watches
        self.now: dict[str, Drop] = {}
        self.delays: list[float] = []
        self._contacts: dict[str, int] = {}
        self._began: dict[str, int] = {}

    def begin(self, day: int) -> None:
        """Let the reps whose turn it is drop, at some moment of the day."""
        for rep in [r for r, first in self._began.items() if day - first >= GIVEN_UP_DAYS]:
            self._end(rep, math.inf)
        if not WARM + 10 <= day < self._world.days - GIVEN_UP_DAYS:
            return
        turn, reps = (day - WARM) % APART_DAYS, self._world.reps
        for number in range(turn * reps // APART_DAYS, (turn + 1) * reps // APART_DAYS):
            rep = name_of(self._world, number, day)
            at_ms = (FIRST_DAY + day) * DAY_MS + OPENS_MS
            at_ms += int(self._random.uniform(0, HOURS) * HOUR_MS)
            if self._watches is None or self._watches(rep):
                self.now[rep], self._contacts[rep] = Drop(self._ratio, at_ms), 0
                self._began[rep] = day

    def saw(self, rep: str, at_ms: int) -> None:
        """Count a contact of a rep who drops."""
        drop = self.now.get(rep)
        if drop is not None and at_ms >= drop.from_ms:
            self._contacts[rep] += 1

    def found(self, rep: str, at_ms: int) -> None:
        """An alarm: of a rep who drops it is the detection."""
        drop = self.now.get(rep)
        if drop is not None and at_ms >= drop.from_ms:
            self._end(rep, self._contacts[rep])

    def _end(self, rep: str, contacts: float) -> None:
        self.delays.append(contacts)
        for held in (self.now, self._contacts, self._began):
            held.pop(rep)
