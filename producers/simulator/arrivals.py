"""How events reach the log: late by their source's habits, sometimes twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from producers.simulator.draws import Draws

_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000


class Arrival(NamedTuple):
    """An event at the moment it reaches the log, UTC milliseconds; `value` is what JSON encodes."""

    arrival_ms: int
    topic: str
    key: str
    value: dict[str, Any]


class Report(NamedTuple):
    """An event as its source makes it at `event_ms`, before its way to the log."""

    event_ms: int
    source: str
    topic: str
    key: str
    value: dict[str, Any]


class Habits(Struct, frozen=True):
    """How a source delivers: usual delay, shares that come late or very late, share sent twice."""

    delay_ms: float
    late: float
    late_ms: float
    very_late: float
    very_late_ms: float
    twice: float


HABITS = {
    "pbx": Habits(700, 0.02, 4 * _MINUTE_MS, 0.003, 5 * _HOUR_MS, 0.02),
    "crm": Habits(3_000, 0.05, 10 * _MINUTE_MS, 0.005, 8 * _HOUR_MS, 0.02),
    "surveys": Habits(2_000, 0.03, 30 * _MINUTE_MS, 0.01, 12 * _HOUR_MS, 0.03),
    "field": Habits(5_000, 0.10, 60 * _MINUTE_MS, 0.05, 6 * _HOUR_MS, 0.02),
}
"""Source to habits. A call is late by minutes when a PBX retries, by hours when a link was down."""


def arrivals_of(draws: Draws, report: Report) -> Iterator[Arrival]:
    """The one arrival of a report, or two when the source repeats itself byte by byte."""
    habits = HABITS[report.source]
    event_ms, _, topic, key, value = report
    arrival_ms = event_ms + 1 + int(_delay(draws, habits))
    yield Arrival(arrival_ms, topic, key, value)
    if draws.chance(habits.twice):
        yield Arrival(arrival_ms + 1 + int(draws.spread(20_000, 2.0)), topic, key, value)


def _delay(draws: Draws, habits: Habits) -> float:
    luck = draws.unit()
    if luck < habits.very_late:
        return draws.spread(habits.very_late_ms, 0.8)
    if luck < habits.very_late + habits.late:
        return draws.spread(habits.late_ms, 1.0)
    return habits.delay_ms * (0.3 + 1.4 * draws.unit())
