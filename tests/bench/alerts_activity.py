"""Alerts of what teams do: false ones where nothing has changed, and how soon a change is told.

Teams of twelve with a season of the day. Calls are less regular than coins and every day has its
own luck: connect rates, pace and short calls of a day lie around the usual with 7 %, of five
minutes with 10 % more.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from rich.progress import track

from streams.core.alerts.activity import TeamBucket
from streams.core.alerts.activity_fold import ActivityFloor, fold_activity
from streams.core.alerts.contact import BUCKET_MS
from streams.core.alerts.outcomes import Metric
from streams.core.alerts.settings import AlertSettings
from streams.core.calendar import DAY_MS, HOUR_MS
from tests.bench.report import Figure, Report

REPS, DIALS, CONNECTS, SHORTS = 12, 1.4, 0.28, 0.12
"""Reps at work, dials of each in five minutes, and the shares that connect and are short."""
DAYS, TEAMS, WARM = 160, 12, 10
BUCKETS = 8 * HOUR_MS // BUCKET_MS
SEASON = (0.80, 0.95, 1.15, 1.20, 0.90, 0.95, 1.10, 0.95)
OF_DAY, OF_BUCKET = 0.07, 0.10
CHANGES: dict[Metric, tuple[str, float]] = {
    "connect_rate": ("connect rate halved", 0.5),
    "dials": ("dials halved", 0.5),
    "short_calls": ("short calls tripled", 3.0),
}


class _Luck(NamedTuple):
    dials: float
    connects: float
    shorts: float


def measure_alerts_activity() -> Report:
    """False reds a team and 60 days by metric, and minutes until a change is told."""
    settings = AlertSettings()
    figures = []
    calm = list(_reds(random.Random(14), None, settings))
    team_days = TEAMS * (DAYS - WARM)
    for metric, (words, _) in CHANGES.items():
        alarms = sum(found == metric for found, _ in calm)
        rate, error = 60 * alarms / team_days, 60 * math.sqrt(max(alarms, 1)) / team_days
        figures.append(
            Figure(f"{metric}: false reds per 60 team-days", f"{rate:.2f} ± {error:.2f}", "<= 1")
        )
        minutes = sorted(m for found, m in _reds(random.Random(15), metric, settings) if m >= 0)
        late = minutes[int(0.95 * len(minutes))]
        figures.append(Figure(f"{words}, median minutes", f"{median(minutes):.0f}, 95 % {late}"))
    return Report("alerts of what teams do", figures, f"{team_days:,} team-days watched")


def _reds(
    draw: random.Random, changes: Metric | None, settings: AlertSettings
) -> Iterator[tuple[Metric, int]]:
    """(metric, minutes since it changed, -1: it has not) of each red.

    With `changes` that metric of a team changes every fourth day, two hours after opening, until it
    is told.
    """
    for _ in track(range(TEAMS), description="what teams do", transient=True):
        floor = ActivityFloor("site", "UTC")
        for day in range(DAYS):
            luck = _Luck(*(math.exp(draw.gauss(0, OF_DAY)) for _ in range(3)))
            change_at = BUCKETS // 4 if changes and day >= WARM and not day % 4 else BUCKETS
            for step in range(BUCKETS):
                hour_ms = (20_000 + day) * DAY_MS + 9 * HOUR_MS + step * BUCKET_MS
                number = hour_ms // BUCKET_MS
                now = changes if step >= change_at else None
                row = _bucket(draw, number, step, luck, now)
                for one in fold_activity(floor, number, [row], settings)[1]:
                    if one.state != "red" or day < WARM:
                        continue
                    changed = one.metric == changes and step >= change_at
                    yield one.metric, (step + 1 - change_at) * 5 if changed else -1
                    if changed:
                        change_at = BUCKETS


def _bucket(
    draw: random.Random, number: int, step: int, luck: _Luck, now: Metric | None
) -> TeamBucket:
    def around(value: float) -> float:
        return value * math.exp(draw.gauss(0, OF_BUCKET))

    factor = {metric: change if metric == now else 1.0 for metric, (_, change) in CHANGES.items()}
    pace = around(DIALS * SEASON[step * BUCKET_MS // HOUR_MS] * luck.dials * factor["dials"])
    dials = _poisson(draw, REPS * pace)
    connects = _coins(draw, dials, around(CONNECTS * luck.connects * factor["connect_rate"]))
    short = _coins(draw, connects, around(SHORTS * luck.shorts * factor["short_calls"]))
    return TeamBucket(number, "team", REPS, dials, connects, connects, short)


def _coins(draw: random.Random, count: int, chance: float) -> int:
    return sum(draw.random() < chance for _ in range(count))


def _poisson(draw: random.Random, mean: float) -> int:
    count, left = 0, math.exp(-mean)
    product = draw.random()
    while product > left:
        count += 1
        product *= draw.random()
    return count
