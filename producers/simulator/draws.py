"""Random draws that are the same on every machine: one stream per name, built on `random()` alone.

Of Python's generator only `random()` is promised to give the same numbers in every version; every
distribution here is made from it.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


def stable_number(*names: object) -> int:
    """A 64-bit number of some names; unlike `hash()` the same in every process."""
    text = "\x1f".join(map(str, names)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


class Odds(Generic[T]):
    """What can come out, each with its weight; weights need not sum to 1."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.outcomes: Sequence[T] = tuple(weights)
        total = sum(weights.values())
        self.bounds = [bound / total for bound in accumulate(weights.values())]
        self.bounds[-1] = 1.0  # rounding must not leave a gap above the last one


class Draws:
    """The random stream of a name: `Draws(seed, "r-0001", 20_000)` never touches another's."""

    def __init__(self, *names: object) -> None:
        self.unit = random.Random(stable_number(*names)).random

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.unit() < probability

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.unit()

    def below(self, count: int) -> int:
        """A whole number in [0, count)."""
        return int(self.unit() * count)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely."""
        return choices[int(self.unit() * len(choices))]

    def of(self, odds: Odds[T]) -> T:
        """One outcome by its weight."""
        return odds.outcomes[bisect_right(odds.bounds, self.unit())]

    def wait(self, mean: float) -> float:
        """Exponential: the time until something that happens once per `mean`."""
        return -mean * math.log(1.0 - self.unit())

    def spread(self, median: float, sigma: float) -> float:
        """Log-normal around a median: durations and delays; sigma 1 puts 95 % below 5.2 medians."""
        normal = math.sqrt(-2.0 * math.log(1.0 - self.unit())) * math.cos(math.tau * self.unit())
        return median * math.exp(sigma * normal)
