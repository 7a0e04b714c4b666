"""How well a rule finds drops: false alarms a rep-day, delays and their quantiles, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Rate(NamedTuple):
    """Alarms of so many rep-days."""

    alarms: int
    rep_days: int

    @property
    def per_1000(self) -> float:
        """Alarms per 1000 rep-days."""
        return 1000 * self.alarms / max(self.rep_days, 1)

    @property
    def error(self) -> float:
        """Standard error of `per_1000`, alarms being rare and apart."""
        return 1000 * math.sqrt(max(self.alarms, 1)) / max(self.rep_days, 1)

    @property
    def words(self) -> str:
        """The rate and its standard error, with as many digits as the error allows."""
        digits = 0 if self.per_1000 >= 20 else 1  # noqa: PLR2004 # where the error is about one
        return f"{self.per_1000:.{digits}f} ± {max(self.error, 10**-digits):.{digits}f}"


def quantile(delays: Sequence[float], share: float) -> float:
    """The delay within which this share of the drops was found; infinite when fewer were."""
    ordered = sorted(delays)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.inf


def late_error(delays: Sequence[float], share: float) -> float:
    """Standard error of a quantile, from the delays around it."""
    if not delays:
        return math.inf
    half = math.sqrt(share * (1 - share) / len(delays))
    return (quantile(delays, min(share + half, 1.0)) - quantile(delays, share - half)) / 2


def delay_and_error(delays: Sequence[float], share: float) -> str:
    """A quantile of the delays with its standard error, where there is one."""
    error = late_error(delays, share)
    words = delay_words(quantile(delays, share))
    return f"{words} ± {error:,.0f}" if math.isfinite(error) else words


def delay_words(contacts: float) -> str:
    """A delay, or that it is longer than was waited for."""
    return f"{contacts:,.0f}" if math.isfinite(contacts) else "not found"


def share_found(delays: Sequence[float], within: float = math.inf) -> float:
    """Share of the drops that were found, within so much."""
    found = sum(math.isfinite(one) and one <= within for one in delays)
    return found / max(len(delays), 1)
