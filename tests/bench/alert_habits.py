"""How the reps of a simulated floor work beside selling.

Talk time, short calls and the mix of campaigns differ by rep and by day, and never change for good:
whatever an alert says of them is false.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

QUEUE = "sales"


class Told(NamedTuple):
    """What is told with a contact: see `MaturedContact`."""

    talk_s: int
    answered: int
    short: int
    campaign: str


class _Usual(NamedTuple):
    talk_s: float
    short: float
    inbound: float


class FloorHabits:
    """The habits of everybody, from a generator of their own: sales do not depend on them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"habits {seed}")
        self._usual: dict[str, _Usual] = {}
        self._today: dict[str, _Usual] = {}

    def begin_day(self, rep: str) -> None:
        """Draw what the rep's day is like."""
        draw = self._random
        usual = self._usual.get(rep)
        if usual is None:
            usual = self._usual[rep] = _Usual(
                120 * math.exp(draw.gauss(0, 0.25)), draw.uniform(0.02, 0.2), draw.uniform(0.1, 0.4)
            )
        self._today[rep] = _Usual(
            usual.talk_s * math.exp(draw.gauss(0, 0.12)),
            usual.short * math.exp(draw.gauss(0, 0.3)),
            min(max(usual.inbound + draw.gauss(0, 0.08), 0.0), 1.0),
        )

    def contact(self, rep: str, team: str, sale: bool) -> Told:
        """One contact of today."""
        draw, today = self._random, self._today[rep]
        talk_s = 10 + draw.expovariate(1 / today.talk_s)
        inbound = draw.random() < today.inbound
        short = 0
        while draw.random() < today.short:
            short += 1
        campaign = QUEUE if inbound else f"c-{team}"
        return Told(int(talk_s * (2 if sale else 1)), short + 1, short, campaign)
