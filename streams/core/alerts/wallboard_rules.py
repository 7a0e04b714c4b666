"""Alert rules as wallboards ship them, to be held beside the detector on the same floors.

Each looks at one rep alone and is set as it is found in products: nothing is tuned. A rule that has
fired is quiet until the rep's next day and starts anew.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from streams.core.alerts.contact import BUCKET_MS, Bucket
from streams.core.alerts.new_day import pull
from streams.core.alerts.settings import AlertSettings
from streams.core.calendar import Zone

_TODAY_LEAST, _LEAST_HELD, _Z, _H = 20, 40, -1.96, 4.7
"""The numbers of the rules, as they are found."""


class Own(NamedTuple):
    """What is usual for a rep: a sale's chance, and the contacts and sales of the baseline."""

    rate: float
    contacts: int
    sales: int


class Rule(Protocol):
    """One rule for one rep."""

    def sees(self, sale: bool, day: int, own: Own) -> bool:
        """Take in a contact; True when the rule fires."""


class LastContacts:
    """The conversion of the last 60 contacts is below 4 %."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=60)

    def sees(self, sale: bool, day: int, own: Own) -> bool:
        """Take in a contact; True when the rule fires."""
        del day, own
        self._last.append(sale)
        return len(self._last) == self._last.maxlen and sum(self._last) < 0.04 * len(self._last)


class Today:
    """Today's conversion is below half of the rep's own usual, once there are 20 contacts."""

    def __init__(self) -> None:
        self._day, self._contacts, self._sales = -1, 0, 0

    def sees(self, sale: bool, day: int, own: Own) -> bool:
        """Take in a contact; True when the rule fires."""
        if day != self._day:
            self._day, self._contacts, self._sales = day, 0, 0
        self._contacts += 1
        self._sales += sale
        return self._contacts >= _TODAY_LEAST and self._sales < 0.5 * own.rate * self._contacts


class Significant:
    """The last 60 contacts lie below the rep's own baseline, z < -1.96 of two proportions."""

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=60)

    def sees(self, sale: bool, day: int, own: Own) -> bool:
        """Take in a contact; True when the rule fires."""
        del day
        self._last.append(sale)
        held, sold = len(self._last), sum(self._last)
        if held < _LEAST_HELD:
            return False
        pooled = (own.sales + sold) / (own.contacts + held)
        error = math.sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / held + 1 / own.contacts))
        return (sold / held - own.sales / own.contacts) / error < _Z


class Cusum:
    """CUSUM for a drop to half of the rep's own usual, h = 4.7: as textbooks have it, no team."""

    def __init__(self) -> None:
        self._sum = 0.0

    def sees(self, sale: bool, day: int, own: Own) -> bool:
        """Take in a contact; True when the rule fires."""
        del day
        step = math.log(0.5 if sale else (1 - 0.5 * own.rate) / (1 - own.rate))
        self._sum = max(self._sum + step, 0.0)
        return self._sum > _H


RULES: dict[str, Callable[[], Rule]] = {
    "last 60 contacts below 4 %": LastContacts,
    "today below half of own usual, 20+ contacts": Today,
    "last 60 against own baseline, z < -1.96": Significant,
    "CUSUM against own baseline, h = 4.7": Cusum,
}


class _Rep:
    """A rep under a rule, with the days that make up the own baseline."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.past: list[tuple[int, int]] = []
        self.today = (0, 0)
        self.own: Own | None = None
        self.quiet = -1

    def base(self, settings: AlertSettings) -> tuple[int, int]:
        """(contacts, sales) of the baseline, after the day before has been closed."""
        if self.today[0]:
            self.past.append(self.today)
        self.today = (0, 0)
        days = self.past[: len(self.past) - settings.baseline_lag_days][-settings.baseline_days :]
        return sum(day[0] for day in days), sum(day[1] for day in days)


class RuleWatch:
    """A floor under one of the rules; the baselines are as long and as old as the detector's.

    `zone` is the site's, in which a day is a day.
    """

    def __init__(self, make: Callable[[], Rule], settings: AlertSettings, zone: Zone) -> None:
        self._make, self._settings, self._zone = make, settings, zone
        self._reps: dict[str, _Rep] = {}
        self._day = -1

    def watch(self, bucket: Bucket) -> Iterator[tuple[str, int]]:
        """(rep, instant) of each alarm that a bucket gives."""
        day = self._zone.day_of(bucket.number * BUCKET_MS) if bucket.contacts else self._day
        if day != self._day:
            self._day = day
            self._learn()
        for contact in sorted(bucket.contacts):
            rep = self._reps.get(contact.rep_id)
            if rep is None:
                rep = self._reps[contact.rep_id] = _Rep(self._make())
            rep.today = (rep.today[0] + 1, rep.today[1] + contact.sale)
            if rep.own is None or not rep.rule.sees(contact.sale, day, rep.own):
                continue
            if day > rep.quiet:
                rep.quiet, rep.rule = day, self._make()
                yield contact.rep_id, contact.at_ms

    def _learn(self) -> None:
        """The usual of every rep, drawn to the floor's as much as reps are alike."""
        bases = {name: rep.base(self._settings) for name, rep in self._reps.items()}
        known = {
            name: base
            for name, base in bases.items()
            if base[0] >= self._settings.minimum_contacts and base[1]
        }
        if not known:
            return
        mean = sum(sold for _, sold in known.values()) / sum(held for held, _ in known.values())
        k = pull([(sold, held * mean) for held, sold in known.values()])
        for name, (held, sold) in known.items():
            self._reps[name].own = Own((sold + k) / (held + k / mean), held, sold)
