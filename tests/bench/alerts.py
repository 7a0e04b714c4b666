"""False alarms, delays and cost of the shipped alert detector, in floors with known truth.

A realistic floor on which nothing drops, so that every alarm is false; the same floor with drops to
half, one rep after the other; one rep with a known baseline, where theory says how rare false
alarms are. Beside it, on the same floors, the rules that wallboards ship.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from rich.progress import track

from streams.core.alerts.also import Also
from streams.core.alerts.measured import Rate, delay_and_error, delay_words, quantile, share_found
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.wallboard_rules import RULES, RuleWatch
from streams.core.calendar import Zone
from tests.bench.alert_trial import Shipped, calm, dropping
from tests.bench.alert_world import World
from tests.bench.report import Figure, Grid, Report

FULL = tuple(World(reps=200, teams=8, days=640, seed=seed) for seed in (14, 15))
SMALL = (World(),)
UTC = Zone("UTC")
DETECTOR = "the detector, red"
AMBER = "the detector, amber (a colour)"
COLUMNS = [
    "rule",
    "false alarms per 1000 rep-days",
    "halved conversion: median contacts",
    "95 %",
    "found",
]


def measure_alerts(full: bool) -> list[Report | Grid]:
    """False alarms, delays, rarity at a known baseline, cost and size; then the rules beside."""
    worlds = FULL if full else SMALL
    settings = AlertSettings()
    contacts, spent_s, state_bytes = 0, 0.0, 0
    also: list[Also] = []
    rates: dict[str, list[Rate]] = {}
    delays: dict[str, list[float]] = {}
    for at, world in enumerate(worlds):
        shipped, amber = Shipped(settings), Shipped(settings, "amber")
        # The rules are far enough off for one floor to show it.
        rules = (
            {name: RuleWatch(make, settings, UTC) for name, make in RULES.items()} if not at else {}
        )
        seen, found = calm(world, shipped, [amber, *rules.values()])
        for name, rate in zip((DETECTOR, AMBER, *rules), found, strict=True):
            rates.setdefault(name, []).append(rate)
        contacts, spent_s = contacts + seen, spent_s + shipped.spent_s
        also += amber.also
        state_bytes = max(state_bytes, shipped.state_bytes(10_000))
        delays.setdefault(DETECTOR, []).extend(dropping(world, Shipped(settings)))
        if not at:
            delays[AMBER] = dropping(world, Shipped(settings, "amber"))
            for name in rules:
                delays[name] = dropping(world, RuleWatch(RULES[name], settings, UTC))
    total = {name: _sum(some) for name, some in rates.items()}
    known, alarms = _known_baseline(settings, 16_000_000 if full else 4_000_000)
    red = delays[DETECTOR]
    figures = [
        Figure("false reds per 1000 rep-days", total[DETECTOR].words, "<= 5.8"),
        Figure("halved conversion, median contacts", delay_words(quantile(red, 0.5)), "<= 325"),
        Figure("halved conversion, 95 %", delay_and_error(red, 0.95), "<= 970"),
        Figure("drops, found", f"{len(red):,}, {share_found(red):.1%}"),
        Figure(
            "contacts between ambers, baseline known",
            f"{known:,.0f} of {settings.amber:,.0f} ({alarms:,} alarms)",
            "within 5 %",
        ),
        Figure(
            "said to have changed beside sales, falsely",
            f"{sum(one.changed for one in also):,} of {len(also):,} things in ambers",
            "<= 2 of 1,000",
        ),
        Figure("a matured contact", f"{spent_s / contacts * 1e6:.1f} us", "<= 8 us"),
        Figure("state of 10,000 reps, stored", f"{state_bytes / 1e6:.1f} MB", "<= 50 MB"),
    ]
    first = worlds[0]
    title = (
        f"alerts: {len(worlds)} x {first.reps} reps in {first.teams} teams, {first.days} days, "
        f"{contacts:,} contacts"
    )
    grid = Grid(
        "beside the rules that wallboards ship, on the same floor",
        COLUMNS,
        [rule_row(name, total[name], delays[name]) for name in total],
        "As found in products, nothing tuned: at hundreds of false alarms the next alarm after a "
        "drop is mostly chance.",
    )
    return [Report(title, figures, f"{total[DETECTOR].rep_days:,} rep-days watched"), grid]


def rule_row(name: str, rate: Rate, delays: list[float]) -> list[str]:
    """A rule as a row of the table."""
    return [
        name,
        rate.words,
        delay_words(quantile(delays, 0.5)),
        delay_words(quantile(delays, 0.95)),
        f"{share_found(delays):.0%} of {len(delays):,}",
    ]


def _sum(rates: Iterable[Rate]) -> Rate:
    some = list(rates)
    return Rate(sum(one.alarms for one in some), sum(one.rep_days for one in some))


def _known_baseline(settings: AlertSettings, contacts: int) -> tuple[float, int]:
    """(mean contacts between alarms at the amber threshold, alarms) of a rep selling normally."""
    draw = random.Random(5).random
    rep, alarms, p = RepWatch("team"), 0, 0.0845
    for _ in track(range(contacts), description="a known baseline", transient=True):
        if rep.score(draw() < p, p, 1.0, settings.ratios) >= settings.amber:
            alarms += 1
            rep.restart()
    return contacts / max(alarms, 1), alarms
