"""What else changed over the stretch of an alert, against the same rep's own usual days.

Usual days differ among themselves, and by more than chance alone would have them: a campaign is
dealt for a day, a day of complaints has long calls. So the measure of noise is how far the rep's
own usual days lie from their mean, and at least what chance gives:

    noise    = max(chance, sum of n_d (x_d - usual)^2 / (days - 1))
    changed  when |seen - usual| is beyond the t of 1 in 1,000, two-sided, of
             sqrt(noise (1/n + 1/N)), and large enough to matter

The stretch was chosen by its sales. Talk time is therefore that of contacts without a sale; short
calls and campaigns are hardly tied to single sales.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

from msgspec import Struct

from streams.core.alerts.habits import Habits, added

What = Literal["short_calls", "talk", "leads"]

MINIMUM_DAYS = 5
"""Fewer usual days say too little of how much days differ."""
ONCE_IN = 1000
"""So many alerts about a rep who works as usual have one false word about each of the three."""
LEAST_SHARE, LEAST_TALK = 0.03, 0.1
"""Smaller changes are not told however sure: points of a share, and a part of the talk time."""
_MOST_TOLD = 2


class Also(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing beside sales, `seen` over the stretch of an alert and `usual` before.

    `short_calls`: share of calls that a person answered. `talk`: ms a contact without a sale.
    `leads`: share of contacts from `campaign`, a campaign or queue. `changed`: by more than the
    rep's usual days differ; else `campaign` is the usual largest.
    """

    what: What
    seen: float
    usual: float
    changed: bool = False
    campaign: str = ""


class Part(NamedTuple):
    """`counted`, of `of`: short calls of calls, seconds of contacts, contacts of a campaign."""

    counted: int
    of: int

    @property
    def rate(self) -> float:
        """Counted a piece."""
        return self.counted / self.of if self.of else 0.0


def what_else(seen: Habits, usual: Sequence[Habits], names: Mapping[int, str]) -> tuple[Also, ...]:
    """Short calls, talk time and leads of a stretch against the usual days; empty: not known.

    `names` are the campaigns' by number. One that is forgotten is not told.
    """
    days = [day for day in usual if day.answered]
    if len(days) < MINIMUM_DAYS or not seen.answered:
        return ()
    found = [
        _share("short_calls", Part(seen.short, seen.answered), [_short(day) for day in days]),
        _talk(Part(seen.talk_s, seen.unsold), [Part(day.talk_s, day.unsold) for day in days]),
        *_leads(seen, days, names),
    ]
    return tuple(one for one in found if one is not None)


def _short(day: Habits) -> Part:
    return Part(day.short, day.answered)


def _talk(seen: Part, days: Sequence[Part]) -> Also | None:
    held = [day for day in days if day.of]
    if not seen.of or len(held) < MINIMUM_DAYS:
        return None
    usual = _sum(held)
    off = abs(seen.rate - usual.rate)
    beyond = off > _most(_spread(held, usual.rate), seen, usual, len(held))
    changed = beyond and off >= LEAST_TALK * usual.rate
    return Also(what="talk", seen=1000 * seen.rate, usual=1000 * usual.rate, changed=changed)


def _leads(seen: Habits, days: Sequence[Habits], names: Mapping[int, str]) -> list[Also]:
    whole = added(days)
    numbers = [one for one in sorted({*seen.campaigns, *whole.campaigns}) if one in names]
    contacts, rows = seen.contacts, [(day, day.contacts) for day in days]
    found = [
        _share(
            "leads",
            Part(seen.campaigns.get(number, 0), contacts),
            [Part(day.campaigns.get(number, 0), of) for day, of in rows],
            campaign=names[number],
            among=len(numbers),
        )
        for number in numbers
    ]
    changed = sorted(
        (one for one in found if one.changed), key=lambda one: -abs(one.seen - one.usual)
    )
    return changed[:_MOST_TOLD] or sorted(found, key=lambda one: -one.usual)[:1]


def _share(
    what: What, seen: Part, days: Sequence[Part], campaign: str = "", among: int = 1
) -> Also:
    usual = _sum(days)
    both = (seen.counted + usual.counted) / (seen.of + usual.of)
    noise = max(both * (1.0 - both), _spread(days, usual.rate))
    # Half a count: counts are whole, the curve they are held against is not.
    off = abs(seen.rate - usual.rate) - 0.5 / seen.of
    beyond = off > _most(noise, seen, usual, len(days), among)
    changed = beyond and abs(seen.rate - usual.rate) >= LEAST_SHARE
    return Also(what=what, seen=seen.rate, usual=usual.rate, changed=changed, campaign=campaign)


def _sum(days: Sequence[Part]) -> Part:
    return Part(sum(day.counted for day in days), sum(day.of for day in days))


def _spread(days: Sequence[Part], usual: float) -> float:
    """Variance of a piece, from how far the days lie from their mean."""
    return sum(day.of * (day.rate - usual) ** 2 for day in days) / (len(days) - 1)


def _most(noise: float, seen: Part, usual: Part, days: int, among: int = 1) -> float:
    """How far off the stretch may be by noise alone, when so many things are looked at."""
    return _t(1.0 / (ONCE_IN * among), days - 1) * math.sqrt(noise * (1 / seen.of + 1 / usual.of))


def _t(chance: float, freedom: int) -> float:
    """Student's t that is passed, up or down, by this chance (Cornish and Fisher)."""
    z = NormalDist().inv_cdf(1.0 - chance / 2.0)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )
