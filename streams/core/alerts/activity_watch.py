"""Has what a team does changed within the hour? One watch per team and metric.

    expected = usual at this hour of the day, from the working days before, times the guard
    L        = likelihood of the bucket's count under a change r, over that at the expected
    M        = (M + 1) * L ^ (1 / spread)             for each of three ratios r
    red      at mean(M) >= the threshold

The detector of conversion with a bucket for a contact. Calls of a team are less regular than coins,
so what a count says is divided by how much counts have spread before: 1 for coins.
"""

from __future__ import annotations

import math
import struct
from typing import Literal, NamedTuple

from msgspec import Struct, field

from streams.core.alerts.contact import BUCKET_MS
from streams.core.alerts.outcomes import Metric
from streams.core.alerts.recovery import CAP
from streams.core.alerts.settings import AlertSettings

HOURS = 24
PAST_DAYS = 20
MINIMUM_DAYS = 5
RECOVERED_SHARE = 0.05
"""Of the threshold of a red: a false all-clear may come so much sooner than a false alarm."""
_PRIOR = 20.0
"""Events of the usual rate that every hour of the day is mixed with."""
_LEAST, _MOST = 1e-4, 0.95
_MOST_LOG = 50.0
_DAY = struct.Struct("<48IdI")


class Rule(NamedTuple):
    """A metric: which changes are looked for, what is still usual, and of what the count is.

    `coins`: each of `of` is counted or not; else there may be any number for each.
    """

    metric: Metric
    ratios: tuple[float, float, float]
    guard: float
    coins: bool


RULES = (
    Rule("connect_rate", (0.4, 0.55, 0.7), 0.9, coins=True),
    Rule("dials", (0.4, 0.55, 0.7), 0.9, coins=False),
    Rule("short_calls", (1.5, 2.0, 3.0), 1.1, coins=True),
)


class Count(NamedTuple):
    """What a team did in the bucket that begins at `at_ms`, in an hour of the local day."""

    at_ms: int
    hour: int
    of: int
    seen: int


class Verdict(NamedTuple):
    """What a bucket has brought about; `days` is how rarely a usual team gets there."""

    state: Literal["red", "recovered"]
    at_ms: int
    days: float
    since_ms: int
    seen: int
    of: int
    expected: float


def _hours() -> list[int]:
    return [0] * HOURS


class ActivityWatch(Struct, array_like=True):
    """A metric of a team; the array's order is the stored form.

    `low`, `middle`, `high` are the evidence for the three ratios, `run` that for the middle one
    since it last was none, and `run_*` what happened since. `of_today` and `seen_today` are by hour
    of the day; `chi_today` is how far counts lay off what was expected, over `buckets_today`.
    `past` are such days, oldest first. `usual` is by hour, `spread` of counts around it; `red_id`
    is the red that stands, `back` the evidence that it is over.
    """

    low: float = 0.0
    middle: float = 0.0
    high: float = 0.0
    run: float = 1.0
    run_of: int = 0
    run_seen: int = 0
    run_expected: float = 0.0
    run_since_ms: int = 0
    of_today: list[int] = field(default_factory=_hours)
    seen_today: list[int] = field(default_factory=_hours)
    chi_today: float = 0.0
    buckets_today: int = 0
    past: bytes = b""
    days: int = 0
    usual: list[float] = field(default_factory=list)
    spread: float = 1.0
    buckets_a_day: float = 0.0
    red_id: str = ""
    back: float = 0.0

    def close_day(self) -> None:
        """End the working day, if it was one, and say anew what is usual."""
        if any(self.of_today):
            day = _DAY.pack(*self.of_today, *self.seen_today, self.chi_today, self.buckets_today)
            self.past = (self.past + day)[-PAST_DAYS * _DAY.size :]
        self.of_today, self.seen_today = _hours(), _hours()
        self.chi_today, self.buckets_today = 0.0, 0
        days = list(_DAY.iter_unpack(self.past))
        self.days = len(days)
        if self.days < MINIMUM_DAYS:
            return
        sums = [sum(column) for column in zip(*days, strict=True)]
        of, seen, chi, buckets = sums[:HOURS], sums[HOURS : 2 * HOURS], sums[-2], sums[-1]
        average = max(sum(seen) / sum(of), _LEAST)
        self.usual = [
            (counted + _PRIOR) / (whole + _PRIOR / average)
            for counted, whole in zip(seen, of, strict=True)
        ]
        self.spread = max(chi / buckets, 1.0) if buckets else 1.0
        self.buckets_a_day = max(buckets / self.days, 1.0)

    def score(self, rule: Rule, count: Count, settings: AlertSettings) -> Verdict | None:
        """Take in a bucket; what it has brought about. The caller sets `red_id` then."""
        if not count.of:
            return None
        self.of_today[count.hour] += count.of
        self.seen_today[count.hour] += count.seen
        self.buckets_today += 1
        if not self.usual:
            return None
        usual = self.usual[count.hour]
        self.chi_today += _chi(rule, count, usual)
        threshold = settings.team_days * self.buckets_a_day
        if self.red_id:
            return self._return(rule, count, usual, threshold)
        return self._drop(rule, count, usual, threshold)

    def _drop(self, rule: Rule, count: Count, usual: float, threshold: float) -> Verdict | None:
        null = usual * rule.guard
        a, b, c = (_likelihood(rule, count, null, null * r, self.spread) for r in rule.ratios)
        self.low = min((self.low + 1.0) * a, CAP)
        self.middle = min((self.middle + 1.0) * b, CAP)
        self.high = min((self.high + 1.0) * c, CAP)
        if self.run <= 1.0:
            self._restart_run(count.at_ms)
        self.run = min(self.run * b, CAP)
        self._add(count, usual)
        evidence = (self.low + self.middle + self.high) / 3.0
        if evidence < threshold:
            return None
        found = self._verdict("red", count, evidence)
        self._restart(count.at_ms)
        return found

    def _return(self, rule: Rule, count: Count, usual: float, threshold: float) -> Verdict | None:
        changed = usual * rule.ratios[1]
        self.back = (self.back + 1.0) * _likelihood(rule, count, changed, usual, self.spread)
        self._add(count, usual)
        if self.back < threshold * RECOVERED_SHARE:
            return None
        found = self._verdict("recovered", count, self.back)
        self._restart(count.at_ms)
        return found

    def gone(self, at_ms: int) -> Verdict:
        """The end of a red of which nothing more is heard: nobody knows whether it is over."""
        run = self.run_since_ms, self.run_seen, self.run_of, self.run_expected
        return Verdict("recovered", at_ms, 0.0, *run)

    def _add(self, count: Count, usual: float) -> None:
        self.run_of += count.of
        self.run_seen += count.seen
        self.run_expected += count.of * usual

    def _verdict(
        self, state: Literal["red", "recovered"], count: Count, evidence: float
    ) -> Verdict:
        return Verdict(
            state,
            count.at_ms + BUCKET_MS,
            evidence / self.buckets_a_day,
            self.run_since_ms,
            self.run_seen,
            self.run_of,
            self.run_expected,
        )

    def _restart(self, at_ms: int) -> None:
        self.low = self.middle = self.high = self.back = 0.0
        self._restart_run(at_ms + BUCKET_MS)

    def _restart_run(self, since_ms: int) -> None:
        self.run, self.run_of, self.run_seen, self.run_expected = 1.0, 0, 0, 0.0
        self.run_since_ms = since_ms


def _likelihood(rule: Rule, count: Count, null: float, changed: float, spread: float) -> float:
    """How much likelier a count is at the rate `changed` than at `null`."""
    if rule.coins:
        p, q = _chance(null), _chance(changed)
        misses = count.of - count.seen
        log = count.seen * math.log(q / p) + misses * math.log((1.0 - q) / (1.0 - p))
    else:
        log = count.seen * math.log(changed / null) - count.of * (changed - null)
    return math.exp(min(max(log / spread, -_MOST_LOG), _MOST_LOG))


def _chi(rule: Rule, count: Count, usual: float) -> float:
    expected = count.of * usual
    variance = expected * (1.0 - _chance(usual)) if rule.coins else expected
    return (count.seen - expected) ** 2 / variance if variance else 0.0


def _chance(value: float) -> float:
    return min(max(value, _LEAST), _MOST)
