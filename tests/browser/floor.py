"""A small floor whose numbers are known, for tests of the page."""

from __future__ import annotations

from typing import Literal

from streams.core.day_line import HALF_HOUR_MS, DayLine
from streams.core.past_days import PastDay, Usual
from streams.core.snapshot import (
    WINDOWS,
    PartitionStatus,
    RepSnapshot,
    SnapshotBatch,
    SourceFreshness,
)
from streams.core.tally import Tally

TEAMS = ("north", "south")
NINE = 4_070_941_200_000 // HALF_HOUR_MS
"""Nine o'clock of 2099-01-01, in half hours."""


def rep(number: int, *, version: int = 1, extra: int = 0, reps: int = 12) -> RepSnapshot:
    """Rep `number` of `reps`, half of them in each team; every figure differs from the others'.

    `extra` contacts come on top; rep 0 has no call at all.
    """
    contacts = 25 * number + extra
    deals = 7_500 * number
    money = {"EUR": {"plan": (12_345 * number, 100 * number)}} if number else {}
    tally = Tally(
        dials=4 * contacts,
        human_answered=2 * contacts,
        human_answered_outbound=2 * contacts,
        contacts=contacts,
        contacts_outbound=contacts,
        deals_gross_bp=deals,
        talk_ms=61_001 * contacts,
        csat_responses=number,
        csat_satisfied=number // 2,
        money=money,
    )
    line = DayLine(first=NINE, contacts=[contacts, 0, 2], deals_bp=[deals, 0, 0])
    return RepSnapshot(
        rep_id=f"r-{number:04}",
        partition=number % 2,
        version=(version, version),
        date="2099-01-01",
        zone="UTC",
        team_id=TEAMS[number * len(TEAMS) // reps],
        site="default",
        name=None if number == 1 else f'Rep <b>"{number}"</b>',
        windows=dict.fromkeys(WINDOWS, tally),
        line=line if contacts else None,
        usual=usual(number),
        shift="early" if number % 2 else "late",
    )


def usual(number: int) -> Usual | None:
    """Twenty working days of a tenth's conversion, for every rep but the first two."""
    if number < 2:
        return None
    days = [PastDay(f"2098-12-{day:02}", 100, 60_000 + 4_000 * (day % 21)) for day in range(1, 21)]
    deals = sum(day.deals_bp for day in days)
    money = {"EUR": {"plan": (20 * 12_345, 0)}}
    return Usual(
        days=days,
        tally=Tally(contacts=2_000, dials=8_000, deals_gross_bp=deals, money=money),
    )


def news(
    now_ms: int,
    *reps: RepSnapshot,
    newest_ms: int | None = None,
    state: Literal["live", "catching_up", "recovering"] = "live",
) -> SnapshotBatch:
    """A batch of a worker at `now_ms`: telephony as of `newest_ms`, the rest of now.

    `state` is that of partition 1.
    """
    newest = now_ms if newest_ms is None else newest_ms
    sources = [("call-ended", "pbx", newest), ("deal-closed", "crm", now_ms)]
    return SnapshotBatch(
        reps=list(reps),
        status=[
            PartitionStatus(partition=each, version=(now_ms, 0), state=state if each else "live")
            for each in range(2)
        ],
        freshness=[
            SourceFreshness(topic=topic, source=name, partition=0, newest_ms=at, seen_ms=now_ms)
            for topic, name, at in sources
        ],
    )
