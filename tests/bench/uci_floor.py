"""Real outcomes as a floor: the calls of UCI's bank marketing data in their order, dealt to reps.

The data is 41,188 calls of a Portuguese bank from May 2008 to November 2010, in the order of their
dates; 11 % sold, with campaigns and seasons as they came. Who made a call is not in it. So virtual
reps get 60 calls a day each, dealt at random: none differs from another, every alarm is false.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from streams.core.alerts.contact import BUCKET_MS, Bucket, MaturedContact
from streams.core.alerts.measured import Rate
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.wallboard_rules import RULES, RuleWatch
from streams.core.calendar import DAY_MS, HOUR_MS, Zone
from tests.bench.alert_trial import Shipped, Watch
from tests.bench.alert_world import FIRST_DAY, HOURS, OPENS_MS, Drop

FILE = "uci_bank_marketing/bank-additional-full.csv"
A_DAY = 60
WARM = 15
SHORT = AlertSettings(baseline_days=10, baseline_lag_days=2)
"""A baseline short enough for data that is 34 days of 20 reps, or 68 of 10."""
_DROP_DAY = WARM + 2


class Backtest(NamedTuple):
    """What a rule said of the real outcomes: false alarms, contacts from a drop to an alarm."""

    rate: Rate
    delays: list[float]

    def and_also(self, other: Backtest) -> Backtest:
        """Both together."""
        rate = Rate(self.rate.alarms + other.rate.alarms, self.rate.rep_days + other.rate.rep_days)
        return Backtest(rate, self.delays + other.delays)


def read_outcomes(folder: Path) -> list[bool]:
    """Whether each call of the file sold, in its order."""
    with (folder / FILE).open(newline="", encoding="ascii") as file:
        return [row["y"] == "yes" for row in csv.DictReader(file, delimiter=";")]


def dealt_days(
    outcomes: list[bool], reps: int, seed: int, drops: Mapping[str, Drop]
) -> Iterator[list[Bucket]]:
    """The buckets of each whole day; every rep has one of each `reps` calls in a row."""
    deal, luck = random.Random(seed), random.Random(seed + 1)
    names = [f"rep-{number:02d}" for number in range(reps)]
    calls = reps * A_DAY
    for day in range(len(outcomes) // calls):
        buckets: dict[int, list[MaturedContact]] = {}
        opens_ms = (FIRST_DAY + day) * DAY_MS + OPENS_MS
        for call in range(calls):
            if call % reps == 0:
                deal.shuffle(names)
            at_ms, rep = opens_ms + call * HOURS * HOUR_MS // calls, names[call % reps]
            drop, chance = drops.get(rep), luck.random()
            sale = outcomes[day * calls + call]
            if drop is not None and at_ms >= drop.from_ms:
                sale = sale and chance < drop.ratio
            contact = MaturedContact(at_ms, f"call-{call}", rep, "bank", sale)
            buckets.setdefault(at_ms // BUCKET_MS, []).append(contact)
        yield [Bucket(number, tuple(buckets[number])) for number in sorted(buckets)]


def watches() -> dict[str, Watch]:
    """The detector at both its levels and the rules that wallboards ship, with empty memories."""
    rules: dict[str, Watch] = {
        name: RuleWatch(make, SHORT, Zone("UTC")) for name, make in RULES.items()
    }
    return {
        "the detector, red": Shipped(SHORT),
        "the detector, amber (a colour)": Shipped(SHORT, "amber"),
        **rules,
    }


def false_alarms(
    outcomes: list[bool], reps: int, seed: int, watched: Mapping[str, Watch]
) -> list[Rate]:
    """False alarms of each once baselines are whole; every rep works every day."""
    alarms = dict.fromkeys(watched, 0)
    days = 0
    for day, buckets in enumerate(dealt_days(outcomes, reps, seed, {})):
        days += day >= WARM
        for bucket in buckets:
            for name, watch in watched.items():
                found = sum(1 for _ in watch.watch(bucket))
                alarms[name] += found if day >= WARM else 0
    return [Rate(count, days * reps) for count in alarms.values()]


def delays(outcomes: list[bool], reps: int, seed: int, watched: Mapping[str, Watch]) -> list[float]:
    """Contacts of each from a halved conversion of one rep to the first alarm, infinite if none."""
    rep = f"rep-{seed % reps:02d}"
    drop = Drop(0.5, (FIRST_DAY + _DROP_DAY) * DAY_MS + OPENS_MS)
    contacts, found = 0, dict.fromkeys(watched, math.inf)
    for buckets in dealt_days(outcomes, reps, seed, {rep: drop}):
        for bucket in buckets:
            since = [o for o in bucket.contacts if o.rep_id == rep and o.at_ms >= drop.from_ms]
            contacts += len(since)
            for name, watch in watched.items():
                for who, at_ms in watch.watch(bucket):
                    if who == rep and at_ms >= drop.from_ms:
                        found[name] = min(found[name], contacts)
    return list(found.values())


def backtest(outcomes: list[bool], reps: int, seed: int) -> dict[str, Backtest]:
    """Every rule on one dealing of the calls, and again with a rep who drops."""
    rates = false_alarms(outcomes, reps, seed, watches())
    waits = delays(outcomes, reps, seed, watches())
    return {
        name: Backtest(rate, [wait])
        for name, rate, wait in zip(watches(), rates, waits, strict=True)
    }
