"""What settings would have given on a floor's own history: false alarms, and drops found.

Everything runs through the detector as it is shipped, beside the rules that wallboards ship. As
history stands every alarm is counted as false, though some were of real drops: the rate of false
alarms is at most what is counted. Then reps drop, a few at a time, in copies of the same history.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

from streams.core.alerts.history import SiteHistory
from streams.core.alerts.measured import Rate
from streams.core.alerts.outcomes import Level
from streams.core.alerts.runs import LAST_DAY, Alarm, Calm, Detector, Make, WallboardRule, dropping
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.trials import FOLLOWED, Drop, Floor, Made, choose, runs_of
from streams.core.alerts.wallboard_rules import RULES
from streams.core.errors import PipelineError

Progress = Callable[[int, int], None]
"""Hears (contacts folded, contacts there are to fold); the second grows once, when it is known."""


class TooLittleHistory(PipelineError):
    """The history is too short to say what settings would give.

    Operator action: wait, give more of it, or ask for a shorter baseline.
    """


class Setting(NamedTuple):
    """Alert settings, and the name they are shown under."""

    name: str
    alerts: AlertSettings


class Asked(NamedTuple):
    """What is made up: up to `drops` drops, in which a sale is kept with probability `keep`.

    Alarms are counted on local days in [`first`, `last`]: what is before is learned from, what is
    behind is not looked at.
    """

    drops: int = 200
    keep: float = 0.5
    seed: int = 1
    first: int = 0
    last: int = LAST_DAY


class Row(NamedTuple):
    """What one rule gave at one level; a delay a drop, infinite where it was not found.

    `delay_contacts` are the rep's contacts from the drop to the alarm, `delay_days` the rep's
    working days, that of the drop being the first.
    """

    name: str
    kind: Literal["setting", "rule"]
    level: Level
    rate: Rate
    delay_contacts: list[float]
    delay_days: list[float]


class Simulated(NamedTuple):
    """All rules side by side.

    `days` are working days of the floor that were counted; every one of `drops` was followed for
    `followed` working days of its rep.
    """

    rows: list[Row]
    contacts: int
    reps: int
    days: int
    drops: list[Drop]
    followed: int


class _Kind(NamedTuple):
    name: str
    kind: Literal["setting", "rule"]
    levels: tuple[Level, ...]
    make: Make


def simulate(
    sites: Mapping[str, SiteHistory],
    settings: Sequence[Setting],
    asked: Asked,
    progress: Progress = lambda done, total: None,
) -> Simulated:
    """Each of the settings, and the rules by the baselines of the last; raises TooLittleHistory."""
    kinds = _kinds(settings)
    makes = [kind.make for kind in kinds]
    once = sum(map(len, sites.values()))
    done, total = 0, 2 * once  # with drops at least once more

    def told(contacts: int) -> None:
        nonlocal done
        done += contacts
        progress(done, total)

    calm = Calm(makes, asked.first, asked.last)
    for site in sites.values():
        calm.run(site, told)
    between = (asked.first, asked.last)
    followed, drops = choose(calm.floor, asked.drops, asked.seed, between)
    if not drops:
        raise TooLittleHistory(_too_little(calm, settings))
    runs = runs_of(calm.floor, drops)
    done, total = once, (1 + len(runs)) * once
    found: dict[Drop, list[list[Alarm]]] = {}
    for run in runs:
        alarms = dropping(sites.values(), makes, run, Made(asked.keep, asked.seed), told)
        found |= dict.fromkeys(run, alarms)
    rows = [
        _row(kind, level, calm.rate(at, level), calm.floor, {d: found[d][at] for d in drops})
        for at, kind in enumerate(kinds)
        for level in kind.levels
    ]
    return Simulated(rows, once, len(calm.floor), len(calm.days), drops, followed)


def _kinds(settings: Sequence[Setting]) -> list[_Kind]:
    kinds = [
        _Kind(one.name, "setting", ("red", "amber"), partial(Detector, settings=one.alerts))
        for one in settings
    ]
    usual = settings[-1].alerts
    kinds += [
        _Kind(name, "rule", ("red",), partial(WallboardRule, name=name, settings=usual))
        for name in RULES
    ]
    return kinds


def _row(
    kind: _Kind, level: Level, rate: Rate, floor: Floor, found: Mapping[Drop, Sequence[Alarm]]
) -> Row:
    delays = [_delay(floor, drop, level, alarms) for drop, alarms in found.items()]
    contacts, days = (list(some) for some in zip(*delays, strict=True))
    return Row(kind.name, kind.kind, level, rate, contacts, days)


def _delay(floor: Floor, drop: Drop, level: Level, alarms: Sequence[Alarm]) -> tuple[float, float]:
    """(contacts, working days) from a drop to the first alarm; a red is no less than an amber."""
    for one in alarms:
        if (
            (one.site_id, one.rep_id) == (drop.site_id, drop.rep_id)
            and drop.from_ms <= one.at_ms < drop.until_ms
            and one.level in (level, "red")
        ):
            return floor[drop.site_id, drop.rep_id].since(drop, one.at_ms)
    return math.inf, math.inf


def _too_little(calm: Calm, settings: Sequence[Setting]) -> str:
    """What there is, and what it would take."""
    need = max(one.alerts.minimum_days + one.alerts.baseline_lag_days for one in settings)
    longest = max((len(worked.days) for worked in calm.floor.values()), default=0)
    return (
        f"too little history: nobody has more than {longest} working days in it; a rep is watched "
        f"after about {need}, and a drop is followed for {FOLLOWED[-1]} more"
    )
