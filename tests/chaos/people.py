"""Who works on the floor: reps in two zones that change their clocks, and some nobody listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DETAIL_DAYS = 24
"""How many days the floor keeps; what is sent as `expired` is older than that."""
LATE_DAYS = 10
"""How many days late an event may be and still count on every day of a run."""
ROUNDS_A_FLOOR = 6
"""More rounds than this would carry the first days out of what is kept."""
HOURS_A_ROUND = 26
"""Of the floor's time: every round crosses a midnight in every zone."""

SITES = {"berlin": "Europe/Berlin", "newyork": "America/New_York"}
DEFAULT_ZONE = "Asia/Kolkata"
"""Of whoever is not in the roster."""

STARTS = tuple(
    int(datetime(*day, 18, tzinfo=UTC).timestamp() * 1000)
    for day in ((2025, 10, 24), (2025, 10, 31), (2026, 3, 6), (2026, 3, 27))
)
"""Evenings before the clocks change, in Berlin and in New York, back and forth."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Person(NamedTuple):
    """A rep; `team` is the roster's, None for those it does not have."""

    id: str
    team: str | None
    zone: str


def people(count: int) -> list[Person]:
    """So many reps: nearly half in each site, every sixth in no roster."""
    out = []
    for number in range(count):
        site = ("berlin", "newyork")[number % 2]
        if number % 6 == 5:
            out.append(Person(f"r-{number:03d}", None, DEFAULT_ZONE))
        else:
            out.append(Person(f"r-{number:03d}", f"{site}-{number % 4 // 2 + 1}", SITES[site]))
    return out


def plan_text(everybody: list[Person], reversals: str) -> str:
    """The plan file; `reversals` is restate or contra."""
    lines = ["[deals]", f'reversals = "{reversals}"']
    for site, zone in SITES.items():
        lines += [
            f"[sites.{site}]",
            f'zone = "{zone}"',
            'shifts = [{ name = "late", start = "14:00", end = "23:00", days = ["mon", "tue", '
            '"wed", "thu", "fri", "sat", "sun"] }]',
            *(
                line
                for number in (1, 2)
                for line in (
                    f"[teams.{site}-{number}]",
                    f'site = "{site}"',
                    f'name = "{site} {number}"',
                )
            ),
        ]
    for one in everybody:
        if one.team is not None:
            lines += ["[[roster]]", f'rep = "{one.id}"', f'team = "{one.team}"']
    lines += [
        "[dispositions]",
        'SALE = ["contact", "positive"]',
        'NI = ["contact", "negative"]',
        'WRONG = ["unworkable"]',
    ]
    return "\n".join(lines) + "\n"


def stamp(at_ms: int, zone: str) -> str:
    """An instant as RFC 3339 in that zone."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.astimezone(_zone(zone)).isoformat(timespec="milliseconds")


def instant_ms(text: str) -> int:
    """RFC 3339 to UTC milliseconds."""
    since = datetime.fromisoformat(text) - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def local_day(at_ms: int, zone: str) -> int:
    """The local date of an instant, as days since 1970-01-01."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.astimezone(_zone(zone)).date().toordinal() - _EPOCH.toordinal()


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
