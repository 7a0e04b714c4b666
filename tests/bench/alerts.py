"""False alarms, delays and cost of the shipped alert detector, in floors with known truth.

Three runs: a realistic floor on which nothing drops, so that every alarm is false; the same floor
with drops to half, one rep after the other; and one rep with a known baseline, where theory says
how rare false alarms are.
"""

from __future__ import annotations

import math
import random
import time
from typing import NamedTuple

from rich.progress import track

from streams.core.alerts.floor_watch import FloorWatch, encode_floor
from streams.core.alerts.outcomes import Alert
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.step import fold
from streams.core.calendar import DAY_MS, HOUR_MS
from tests.bench.alert_world import FIRST_DAY, OPENS_MS, Drop, World, rep_id, world_days
from tests.bench.report import Figure, Report

WARM = 41
"""Days before alarms are counted: every rep has a whole baseline then."""
FULL = World(reps=200, teams=8, days=640)
APART_DAYS = 100
"""Days from one drop of a rep to the next: the baseline has forgotten the one before."""
GIVEN_UP_DAYS = 60


class _Run(NamedTuple):
    """Alarms a rep-day and contacts to detection of a run, and what it cost."""

    contacts: int
    rep_days: int
    false: dict[str, int]
    delays: dict[str, list[float]]
    fold_us: float
    state_bytes: int


class _Drops:
    """Drops one after the other, staggered over reps, each until it is found or given up."""

    def __init__(self, world: World) -> None:
        self._random = random.Random(world.seed + 2)
        self._world = world
        self.now: dict[str, Drop] = {}
        self.contacts: dict[str, int] = {}
        self.amber: set[str] = set()
        self.delays: dict[str, list[float]] = {"red": [], "amber": []}
        self._began: dict[str, int] = {}

    def begin(self, day: int) -> None:
        """Let the reps whose turn it is drop, at some moment of the day."""
        for rep in [r for r, first in self._began.items() if day - first >= GIVEN_UP_DAYS]:
            self._end(rep, math.inf)
        if WARM + 10 <= day < self._world.days - GIVEN_UP_DAYS:
            first = (day - WARM) % APART_DAYS
            for number in range(
                first * self._world.reps // APART_DAYS, (first + 1) * self._world.reps // APART_DAYS
            ):
                rep = rep_id(number)
                at_ms = (FIRST_DAY + day) * DAY_MS + OPENS_MS
                at_ms += int(self._random.uniform(0, 8) * HOUR_MS)
                self.now[rep], self.contacts[rep], self._began[rep] = Drop(0.5, at_ms), 0, day

    def saw(self, rep: str, at_ms: int) -> None:
        """Count a contact of a rep who drops."""
        if at_ms >= self.now[rep].from_ms:
            self.contacts[rep] += 1

    def found(self, alert: Alert) -> None:
        """Note an alarm; of a rep who drops it is the detection."""
        rep = alert.rep_id
        if rep not in self.now or alert.at_ms < self.now[rep].from_ms:
            return
        if alert.level == "red":
            self._end(rep, self.contacts[rep])
        elif rep not in self.amber:
            self.amber.add(rep)
            self.delays["amber"].append(self.contacts[rep])

    def _end(self, rep: str, contacts: float) -> None:
        if rep not in self.amber:
            self.delays["amber"].append(contacts)
        self.delays["red"].append(contacts)
        self.amber.discard(rep)
        for held in (self.now, self.contacts, self._began):
            held.pop(rep)


def measure_alerts(full: bool) -> Report:
    """The figures of reference: false alarms, delay, rarity at a known baseline, cost, size."""
    world = FULL if full else World()
    settings = AlertSettings()
    calm = _run(world, settings, dropping=False)
    hit = _run(world, settings, dropping=True)
    known, alarms = _known_baseline(settings, 16_000_000 if full else 4_000_000)
    wrong = {level: 1000 * count / calm.rep_days for level, count in calm.false.items()}
    error = 1000 * math.sqrt(max(calm.false["red"], 1)) / calm.rep_days
    figures = [
        Figure("false reds per 1000 rep-days", f"{wrong['red']:.1f} ± {error:.1f}", "<= 5.8"),
        Figure("begun ambers per 1000 rep-days", f"{wrong['amber']:.1f}", "about 42"),
        Figure("halved conversion, contacts to red", _spread(hit.delays["red"]), "325, 970"),
        Figure("halved conversion, contacts to amber", _spread(hit.delays["amber"]), "133, 392"),
        Figure("drops, found", f"{len(hit.delays['red']):,}, {_found(hit.delays['red']):.0%}"),
        Figure(
            "contacts between ambers, baseline known",
            f"{known:,.0f} of {settings.amber:,.0f} ({alarms:,} alarms)",
            "within 5 %",
        ),
        Figure("a matured contact", f"{calm.fold_us:.1f} us", "<= 8 us"),
        Figure("state of 10,000 reps, stored", f"{calm.state_bytes / 1e6:.1f} MB", "<= 50 MB"),
    ]
    title = (
        f"alerts: {world.reps} reps in {world.teams} teams, {world.days} days, "
        f"{calm.contacts:,} contacts"
    )
    return Report(title, figures, f"{calm.rep_days:,} rep-days scored; median, 95 % of delays")


def _run(world: World, settings: AlertSettings, *, dropping: bool) -> _Run:
    floor = FloorWatch("site", "UTC")
    drops = _Drops(world)
    contacts, spent_s = 0, 0.0
    false = {"red": 0, "amber": 0}
    days = world_days(world, drops.now)
    what = "days with drops" if dropping else "days without drops"
    for day in track(range(world.days), description=what, transient=True):
        if dropping:
            drops.begin(day)
        for bucket in next(days):
            contacts += len(bucket.contacts)
            if drops.now:
                for contact in sorted(bucket.contacts):
                    if contact.rep_id in drops.now:
                        drops.saw(contact.rep_id, contact.at_ms)
            began_s = time.process_time()
            _, outcomes = fold(floor, bucket, settings)
            spent_s += time.process_time() - began_s
            for outcome in outcomes:
                if isinstance(outcome, Alert) and day >= WARM:
                    false[outcome.level] += 1
                    drops.found(outcome)
    size = len(encode_floor(floor)) * 10_000 // world.reps
    rep_days = world.reps * (world.days - WARM)
    return _Run(contacts, rep_days, false, drops.delays, spent_s / contacts * 1e6, size)


def _known_baseline(settings: AlertSettings, contacts: int) -> tuple[float, int]:
    """(mean contacts between alarms at the amber threshold, alarms) of a rep selling normally."""
    draw = random.Random(5).random
    rep, alarms, p = RepWatch("team"), 0, 0.0845
    for _ in track(range(contacts), description="a known baseline", transient=True):
        if rep.score(draw() < p, p, 1.0, settings.ratios) >= settings.amber:
            alarms += 1
            rep.restart()
    return contacts / max(alarms, 1), alarms


def _spread(delays: list[float]) -> str:
    if not delays:
        return "no drops"
    ordered = sorted(delays)
    return ", ".join(_words(ordered[math.ceil(q * len(ordered)) - 1]) for q in (0.5, 0.95))


def _words(contacts: float) -> str:
    return f"{contacts:,.0f}" if math.isfinite(contacts) else f"> {GIVEN_UP_DAYS} days"


def _found(delays: list[float]) -> float:
    return sum(map(math.isfinite, delays)) / max(len(delays), 1)
