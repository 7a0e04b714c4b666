"""The detector by its definition: everything of a contact computed anew from all contacts so far.

Slow, and without moves or thresholds: a law holds the shipped fold against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from statistics import fmean

from streams.core.alerts.contact import BUCKET_MS, MaturedContact
from streams.core.alerts.settings import AlertSettings
from streams.core.calendar import DAY_MS, HOUR_MS

FLOOR = ""
LONGEST_HOLD_DAYS = 10
KEPT_A_DAY = 0.95


def day_of(contact: MaturedContact) -> int:
    return contact.at_ms // DAY_MS


def hour_of(contact: MaturedContact) -> int:
    return contact.at_ms % DAY_MS // HOUR_MS


def bucket_of(contact: MaturedContact) -> int:
    return contact.at_ms // BUCKET_MS


class SlowFloor:
    """Evidence of each rep after all of `contacts`, which are sorted and in UTC."""

    def __init__(self, contacts: Sequence[MaturedContact], settings: AlertSettings) -> None:
        self.contacts, self.settings = contacts, settings
        self.expected: dict[MaturedContact, float] = {}
        self.power: dict[MaturedContact, float] = {}
        self.groups: dict[tuple[str, int], str] = {}
        for contact in contacts:
            self.expected[contact] = self._expected(contact)

    def evidence(self, rep_id: str) -> float:
        """Mean over the ratios of the sum, over all starts, of the products from there on."""
        scored = [
            (one.sale, self.settings.guard * min(self.expected[one] * theta, 0.6), self.power[one])
            for one in self._of_rep(rep_id)
            for theta in [self._theta(rep_id, day_of(one))]
            if theta is not None and self.expected[one]
        ]
        return fmean(closed_form(scored, ratio) for ratio in self.settings.ratios)

    def _of_rep(self, rep_id: str) -> list[MaturedContact]:
        return [one for one in self.contacts if one.rep_id == rep_id]

    def _in_group(self, name: str) -> Callable[[MaturedContact], bool]:
        return lambda one: name in (FLOOR, one.team_id)

    def _days(self, name: str, before: int) -> list[int]:
        inside = self._in_group(name)
        return sorted({day_of(o) for o in self.contacts if inside(o) and day_of(o) < before})[-20:]

    def _average(self, name: str, day: int) -> float | None:
        days, inside = self._days(name, day), self._in_group(name)
        held = [one for one in self.contacts if inside(one) and day_of(one) in days]
        return max(fmean(one.sale for one in held), 1e-4) if held else None

    def _profile(self, name: str, day: int, hour: int) -> float:
        days, inside = self._days(name, day), self._in_group(name)
        usual = 1.0 if name == FLOOR else self._profile(FLOOR, day, hour)
        average = self._average(name, day)
        if len(days) < 5 or average is None:
            return usual
        held = [
            one
            for one in self.contacts
            if inside(one) and day_of(one) in days and hour_of(one) == hour
        ]
        sold = sum(one.sale for one in held)
        return (sold + 20 * usual) / (len(held) + 20 / average) / average

    def _group(self, rep_id: str, team_id: str, day: int) -> str:
        lately = {
            one.rep_id for one in self.contacts if one.team_id == team_id and day_of(one) < day
        }
        small = len(lately) < self.settings.minimum_team
        return FLOOR if small or self._average(team_id, day) is None else team_id

    def _expected(self, contact: MaturedContact) -> float:
        day, now = day_of(contact), bucket_of(contact)
        name = self._group(contact.rep_id, contact.team_id, day)
        self.groups[contact.rep_id, now] = name
        average = self._average(name, day)
        if average is None:
            return 0.0
        inside = self._in_group(name)
        held = [one for one in self.contacts if inside(one) and bucket_of(one) <= now]
        buckets = sorted({bucket_of(one) for one in held})
        age = {number: len(buckets) - 1 - at for at, number in enumerate(buckets)}
        fade = 0.5 ** (1 / (12 * self.settings.half_life_hours))
        since = self._in_group_since(contact.rep_id, name, now)
        sales, weight, own = 1.0, 1.0 / average, 0.0
        for one in held:
            part = fade ** age[bucket_of(one)]
            told = part * self._profile(name, day_of(one), hour_of(one))
            if one.rep_id != contact.rep_id or bucket_of(one) < since:
                sales += part * one.sale
                weight += told
            else:
                own += told
        self.power[contact] = weight / (weight + own)
        profile = self._profile(name, day, hour_of(contact))
        return min(max(profile * sales / weight, 1e-4), 0.6)

    def _in_group_since(self, rep_id: str, name: str, now: int) -> int:
        """Own contacts are left out from the bucket on at which the rep came into the group."""
        first = now
        own = sorted(number for rep, number in self.groups if rep == rep_id and number <= now)
        for number in reversed(own):
            if self.groups[rep_id, number] != name:
                break
            first = number
        return first

    def _baseline(self, rep_id: str, day: int) -> list[MaturedContact] | None:
        settings = self.settings
        own = [o for o in self._of_rep(rep_id) if day_of(o) < day and self.expected.get(o)]
        days = sorted({day_of(one) for one in own})
        left_out = max(settings.baseline_lag_days, self._run_days(rep_id, days))
        left_out = min(left_out, settings.baseline_lag_days + LONGEST_HOLD_DAYS)
        days = days[: max(len(days) - left_out, 0)][-settings.baseline_days :]
        held = [one for one in own if day_of(one) in days]
        learned = len(days) >= settings.minimum_days and len(held) >= settings.minimum_contacts
        return held if learned else None

    def _run_days(self, rep_id: str, days: Sequence[int]) -> int:
        """How many of these days lie in the run that is going on after them."""
        scored = [
            (
                day_of(one),
                one.sale,
                self.settings.guard * min(self.expected[one] * theta, 0.6),
                self.power[one],
            )
            for one in self._of_rep(rep_id)
            if day_of(one) in days
            for theta in [self._theta(rep_id, day_of(one))]
            if theta is not None and self.expected[one]
        ]
        ratio = self.settings.ratios[1]
        first, product, best = None, 1.0, 1.0
        # The run began where the evidence from there to now is greatest, if it is any.
        for day, sale, p, power in reversed(scored):
            product *= (ratio if sale else (1 - ratio * p) / (1 - p)) ** power
            if product > best:
                best, first = product, day
        return 0 if first is None else sum(day >= first for day in days)

    @cache  # noqa: B019 # a floor of one example: it goes with the test
    def _theta(self, rep_id: str, day: int) -> float | None:
        held = self._baseline(rep_id, day)
        if held is None:
            return None
        everyone = {one.rep_id for one in self.contacts if day_of(one) < day}
        known = [base for rep in sorted(everyone) if (base := self._baseline(rep, day))]
        usual = [self._usual(base) for base in known]
        ratios = [sales / expected for sales, expected in usual]
        k = 10.0
        if len(ratios) >= 5:
            mean = fmean(ratios)
            chance = fmean(mean / expected for _, expected in usual)
            k = min(1 / max(fmean((z - mean) ** 2 for z in ratios) - chance, 0.005), 200.0)
        sales, expected = self._usual(held)
        return (sales + k) / (expected + k)

    def _usual(self, held: Sequence[MaturedContact]) -> tuple[float, float]:
        """(sales, expected sales), each day 5 % less than the next day at work."""
        days = sorted({day_of(one) for one in held}, reverse=True)
        part = {day: KEPT_A_DAY**ago for ago, day in enumerate(days)}
        sales = sum(part[day_of(one)] * one.sale for one in held)
        return sales, sum(part[day_of(one)] * self.expected[one] for one in held)


def closed_form(scored: Sequence[tuple[bool, float, float]], ratio: float) -> float:
    """Shiryaev and Roberts: the likelihood of a drop at each moment so far, summed."""
    total, product = 0.0, 1.0
    for sale, p, power in reversed(scored):
        product *= (ratio if sale else (1 - ratio * p) / (1 - p)) ** power
        total += product
    return total
