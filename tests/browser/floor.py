"""A small floor whose numbers are known, for tests of the page."""

from __future__ import annotations

from streams.core.snapshot import (
    WINDOWS,
    PartitionStatus,
    RepSnapshot,
    SnapshotBatch,
    SourceFreshness,
)
from streams.core.tally import Tally

TEAMS = ("north", "south")


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
    )


def news(now_ms: int, *reps: RepSnapshot, newest_ms: int | None = None) -> SnapshotBatch:
    """A batch of a worker that is there at `now_ms`, with sources as of `newest_ms`."""
    newest = now_ms if newest_ms is None else newest_ms
    return SnapshotBatch(
        reps=list(reps),
        status=[
            PartitionStatus(partition=each, version=(now_ms, 0), state="live")
            for each in range(2)
        ],
        freshness=[
            SourceFreshness(
                topic="call-ended", source="pbx", partition=0, newest_ms=newest, seen_ms=now_ms
            )
        ],
    )
