"""Alerts of whole teams: false ones on floors where nothing drops, and how soon a drop is told.

A team is one of few and its contacts are many: its threshold is a number of working days, and what
is lost in an hour is told within the day.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from rich.progress import track

from streams.core.alerts.contact import Bucket
from streams.core.alerts.floor_watch import FloorWatch
from streams.core.alerts.measured import delay_words, quantile
from streams.core.alerts.outcomes import Alert
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.step import fold
from streams.core.calendar import DAY_MS, HOUR_MS
from tests.bench.alert_trial import WARM
from tests.bench.alert_world import FIRST_DAY, OPENS_MS, Drop, World, name_of, world_days
from tests.bench.report import Figure, Report

EVERY_DAYS = 12
"""From one drop of a team to the next; it lasts for two days, the rest is as usual."""
LASTS_DAYS = 2
WORLDS = tuple(World(days=241, realistic=False, seed=seed) for seed in (14, 15))


class _Found(NamedTuple):
    contacts: float
    hours: float


def measure_alerts_team() -> list[Report]:
    """False reds a team-day, and contacts and hours to the red of a team that drops."""
    settings = AlertSettings()
    alarms, team_days = 0, 0
    for world in WORLDS:
        found = list(_reds(world, {}, settings))
        alarms += len(found)
        team_days += (world.days - WARM) * world.teams
    drifting = WORLDS[0]._replace(realistic=True)
    moved = len(list(_reds(drifting, {}, settings)))
    figures = [
        Figure(
            "false reds per 60 team-days",
            f"{60 * alarms / team_days:.2f} ± {60 * math.sqrt(max(alarms, 1)) / team_days:.2f}",
            "<= 1",
        ),
        Figure(
            "reds per 60 team-days where campaigns drift by 20 %",
            f"{60 * moved / ((drifting.days - WARM) * drifting.teams):.2f}",
        ),
    ]
    for ratio in (0.0, 0.5):
        delays = [one for world in WORLDS for one in _dropping(world, ratio, settings)]
        hours = quantile([one.hours for one in delays], 0.5)
        contacts = [one.contacts for one in delays]
        words = (
            f"{delay_words(quantile(contacts, 0.5))}, 95 % {delay_words(quantile(contacts, 0.95))}"
        )
        name = "a stop of sales" if not ratio else "a team's sales halved"
        figures.append(Figure(f"{name}, median contacts", f"{words}; {hours:.1f} working hours"))
    first = WORLDS[0]
    title = f"alerts of teams: {len(WORLDS)} x {first.teams} teams of {first.reps // first.teams}"
    return [Report(title, figures, f"{team_days:,} team-days watched")]


def _reds(
    world: World, drops: dict[str, Drop], settings: AlertSettings
) -> Iterator[tuple[int, Alert]]:
    """(day, red) of whole teams, from the day on that all are learned."""
    floor = FloorWatch("site", "UTC")
    for day, buckets in enumerate(_days(world, drops)):
        for bucket in buckets:
            for one in fold(floor, bucket, settings)[1]:
                if isinstance(one, Alert) and not one.rep_id and one.level == "red" and day >= WARM:
                    yield day, one


def _dropping(world: World, ratio: float, settings: AlertSettings) -> Iterator[_Found]:
    """One team after the other drops at eleven, for two days."""
    floor, drops = FloorWatch("site", "UTC"), dict[str, Drop]()
    team, from_ms, contacts = "", 0, 0
    days = _days(world, drops)
    for day in range(world.days):
        since, turn = (day - WARM) % EVERY_DAYS, (day - WARM) // EVERY_DAYS
        if day >= WARM and since in (0, LASTS_DAYS):
            if since and team:
                yield _Found(math.inf, math.inf)
            team, contacts = "", 0
            drops.clear()
        if day >= WARM and not since:
            number = turn % world.teams
            team, from_ms = f"team-{number}", (FIRST_DAY + day) * DAY_MS + OPENS_MS + 2 * HOUR_MS
            for rep in range(number, world.reps, world.teams):
                drops[name_of(world, rep, day)] = Drop(ratio, from_ms)
        for bucket in next(days):
            said = fold(floor, bucket, settings)[1]
            contacts += sum(one.team_id == team and one.at_ms >= from_ms for one in bucket.contacts)
            for one in said:
                red = isinstance(one, Alert) and not one.rep_id and one.level == "red"
                if red and isinstance(one, Alert) and one.team_id == team:
                    hours = (one.at_ms - from_ms) / HOUR_MS
                    yield _Found(contacts, hours - (16 if hours > 8 else 0))  # the night
                    team = ""


def _days(world: World, drops: dict[str, Drop]) -> Iterator[list[Bucket]]:
    days = world_days(world, drops)
    for _ in track(range(world.days), description="teams", transient=True):
        yield next(days)
