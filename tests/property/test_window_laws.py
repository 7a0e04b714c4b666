"""Laws of windows: each equals a brute-force recount of the events that lie in it."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from streams.core import windows
from streams.core.events import DealPosting, PostingCount
from streams.core.intake import apply_slice
from streams.core.plan import Plan, parse_plan
from streams.core.scoreboard import Scoreboard
from streams.core.snapshot import WindowName
from streams.core.tally import Total
from streams.core.windows import LAST, TRAILING, windows_at
from streams.engine.stores import MemorySegments
from tests.builders import DAY_MS, HOUR_MS, NOON_MS, Record, call, record
from tests.property.floor_logs import ZONE, logs
from tests.property.slow_scoreboard import Winner, add, as_total, counts_of, winners
from tests.property.state_model import run

MINUTE_MS = 60_000
nows = st.sampled_from(
    [0, 1, 4 * MINUTE_MS, 5 * MINUTE_MS, HOUR_MS, HOUR_MS + 1, 7 * HOUR_MS, DAY_MS]
)
PLAN = """
[sites.ny]
zone = "America/New_York"
shifts = [
    { name = "day", start = "07:00", end = "15:00" },
    { name = "night", start = "21:00", end = "05:00" },
]
[teams.north]
site = "ny"
[[roster]]
rep = "ana"
team = "north"
[[roster]]
rep = "bo"
team = "north"
"""


def at_of(event: dict[str, Any]) -> int:
    """The event's instant, UTC ms."""
    return round(
        datetime.fromisoformat(event["occurred_at"].replace("Z", "+00:00")).timestamp() * 1000
    )


def between(found: list[Winner], rep: str, since_ms: int, before_ms: int) -> Total:
    """What a rep's winning events in [since, before) add up to."""
    counts: dict[str, int] = {}
    for (owner, _), topic, event in found:
        if owner == rep and since_ms <= at_of(event) < before_ms:
            add(counts, **counts_of(topic, event))
    return as_total(counts)


@given(logs(), nows, st.integers(0, 1000))
def test_a_trailing_window_holds_what_happened_in_it(
    log: list[Record], after_ms: int, seed: int
) -> None:
    now_ms = NOON_MS + after_ms
    board = run(Plan.empty(ZONE), log, seed)[0].board
    board.settle()
    found = winners(log, ZONE)
    for rep in board.reps.values():
        made = windows_at(board, rep, now_ms)
        for name, length in TRAILING:
            assert made.totals[name] == between(found, rep.rep_id, now_ms - length, now_ms)


@given(logs(), nows, st.integers(0, 1000))
def test_a_window_stays_as_it_is_until_it_says_so(
    log: list[Record], after_ms: int, seed: int
) -> None:
    now_ms = NOON_MS + after_ms - HOUR_MS
    board = run(parse_plan(PLAN, "UTC"), log, seed)[0].board
    board.settle()
    for rep in board.reps.values():
        first = windows_at(board, rep, now_ms)
        again = windows_at(board, rep, first.until_ms - 1)
        assert again.totals == first.totals


@given(logs(), nows, st.integers(0, 1000))
def test_calendar_windows_hold_their_local_days(
    log: list[Record], after_ms: int, seed: int
) -> None:
    now_ms = NOON_MS + after_ms
    board = run(Plan.empty(ZONE), log, seed)[0].board
    board.settle()
    now = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(ZONE)).date()
    same: dict[WindowName, Any] = {
        "today": lambda day: day == now,
        "week": lambda day: day.isocalendar()[:2] == now.isocalendar()[:2],
        "month": lambda day: (day.year, day.month) == (now.year, now.month),
        "quarter": lambda day: (day.year, (day.month - 1) // 3) == (now.year, (now.month - 1) // 3),
        "year": lambda day: day.year == now.year,
    }
    found = winners(log, ZONE)
    for rep in board.reps.values():
        totals = windows_at(board, rep, now_ms).totals
        for name, within in same.items():
            counts: dict[str, int] = {}
            leads = set()
            for (owner, day), topic, event in found:
                local = datetime.fromtimestamp(at_of(event) / 1000, ZoneInfo(ZONE)).date()
                if owner == rep.rep_id and within(local):
                    add(counts, **counts_of(topic, event))
                    if event.get("lead_id") and event.get("op") != "retract":
                        leads.add((day, event["lead_id"]))
            add(counts, leads=len(leads))
            assert totals[name] == as_total(counts), name


@given(logs(), nows, st.integers(0, 1000))
def test_the_last_contacts_are_the_newest_ones(log: list[Record], after_ms: int, seed: int) -> None:
    board = run(Plan.empty(ZONE), log, seed)[0].board
    board.settle()
    found = winners(log, ZONE)
    for rep in board.reps.values():
        totals = windows_at(board, rep, NOON_MS + after_ms).totals
        contacts = sum(
            counts_of(topic, event).get("contacts", 0)
            for (owner, _), topic, event in found
            if owner == rep.rep_id
        )
        for name, most in LAST:
            assert totals[name] == as_total({"contacts": min(most, contacts)})


@pytest.mark.parametrize("seed", range(60))
def test_what_is_remembered_of_earlier_contacts_stays_right_as_late_events_come(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Four contacts are soon found, so that most late events lie before what is remembered.
    monkeypatch.setattr(windows, "LAST", (("last20", 2), ("last50", 3), ("last100", 4)))
    monkeypatch.setattr(windows, "MOST_CONTACTS", 4)
    rng = Random(seed)
    board = Scoreboard(0, 1, Plan.empty(ZONE), MemorySegments())
    board.new_writer(b"w" * 8)
    board.recovered()
    for offset in range(60):
        at_ms = NOON_MS - rng.randrange(9) * DAY_MS - rng.randrange(5) * HOUR_MS
        one = call(
            call_id=str(rng.randrange(12)),
            revision=rng.randrange(3),
            op=rng.choice(["upsert", "upsert", "retract"]),
            at_ms=at_ms,
            talk_ms=rng.choice([0, 60_000]),
        )
        sold = DealPosting(
            source="crm",
            deal_id=f"d{offset}",
            rep_id="ana",
            version=(1, 0),
            currency="EUR",
            closed_at_ms=at_ms,
            entries=[],
            counts=[PostingCount(at_ms=at_ms, gross_bp=1 << offset % 16, reversed_bp=0)],
        )
        kind = rng.choice(["call-ended", "deal-postings"])
        value = one if kind == "call-ended" else json.encode(sold)
        apply_slice(board, kind, [record(kind, value, offset)], {})
        if rng.random() < 0.3:
            segments, totals = board.take()
            board.store.write([*segments, *totals], board.store.offset() + len(segments))
            board.evict()
        board.settle()
        (rep,) = board.reps.values()
        remembering = windows_at(board, rep, NOON_MS + 1)
        kept, rep.tail = rep.tail, None
        assert windows_at(board, rep, NOON_MS + 1).totals == remembering.totals
        rep.tail = kept


@given(logs(), st.sampled_from([-5, -1, 0, 1, 8, 9, 10, 16]), st.integers(0, 1000))
def test_a_shift_holds_what_happened_since_its_start(
    log: list[Record], hours: int, seed: int
) -> None:
    now_ms = NOON_MS + hours * HOUR_MS
    board = run(parse_plan(PLAN, "UTC"), log, seed)[0].board
    board.settle()
    local = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(ZONE))
    minute = local.hour * 60 + local.minute
    started = minute - 7 * 60 if 7 * 60 <= minute < 15 * 60 else (minute - 21 * 60) % (24 * 60)
    on = started < 8 * 60
    found = winners(log, ZONE)
    for rep in board.reps.values():
        totals = windows_at(board, rep, now_ms).totals
        assert ("shift" in totals) == on
        if on:
            since_ms = now_ms - started * MINUTE_MS
            assert totals["shift"] == between(found, rep.rep_id, since_ms, now_ms)
