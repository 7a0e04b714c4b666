"""Rep-days of a busy floor in the core alone: 150 calls (50 contacts), 5 deals, 10 surveys."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import json

from streams.core.events import (
    CALL_ENDED,
    SURVEY_SUBMITTED,
    DealPosting,
    PostingCount,
    PostingEntry,
)
from streams.core.intake import DEAL_POSTINGS, apply_slice
from streams.core.plan import Plan
from streams.core.scoreboard import Scoreboard
from streams.engine.stores import MemorySegments
from tests.bench.calls import instant, rep_ids

FIRST_MS = 1_790_000_000_000 // 86_400_000 * 86_400_000
"""Midnight UTC of some day."""
DAY_MS = 86_400_000
CALLS, CONTACTS, DEALS, SURVEYS = 150, 50, 5, 10
ENTITIES = CALLS + DEALS + SURVEYS
WRITER = b"benching"


class Record(NamedTuple):
    """A record as the core takes it."""

    topic: str
    offset: int
    timestamp: int
    value: bytes
    partition: int = 0
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


def new_board() -> Scoreboard:
    """A board that owns everything, with its store in memory."""
    board = empty_board()
    board.recovered()
    return board


def empty_board() -> Scoreboard:
    """A board that has yet to be told that its changelog is read to the end."""
    board = Scoreboard(0, 1, Plan.empty("UTC"), MemorySegments())
    board.new_writer(WRITER)
    return board


def work_days(board: Scoreboard, reps: int, day: int = 0) -> int:
    """Give each rep a day of work between 8 and 17 hours and write it; bytes of its segments."""
    offset = size = 0
    for number, rep_id in enumerate(rep_ids(reps)):
        for topic, values in _day(rep_id, number, day):
            records = [
                Record(topic, offset + i, FIRST_MS + (day + 1) * DAY_MS, v) for i, v in values
            ]
            offset += len(records)
            applied = apply_slice(board, topic, records, {})
            if applied.consumed() != len(records) or applied.dead:
                msg = f"{topic}: {applied.dead}"
                raise ValueError(msg)
        if number % 100 == 0:
            size += commit(board)
    return size + commit(board)


def commit(board: Scoreboard) -> int:
    """Write what is new to the board's own store; how many bytes of segments that was."""
    segments, totals = board.take()
    board.store.write([*segments, *totals], board.store.offset() + len(segments))
    return sum(len(key) + len(value) for key, value in segments)


def _day(rep_id: str, number: int, day: int) -> Iterator[tuple[str, list[tuple[int, bytes]]]]:
    random_ = random.Random(number)

    def at() -> int:
        return FIRST_MS + day * DAY_MS + random_.randrange(8 * 3_600_000, 17 * 3_600_000)

    # Ids as long as those of common dialers and CRMs: their length is a good part of the memory.
    first = (day * 100_000 + number) * 200
    calls = [_call(rep_id, first + i, at(), i < CONTACTS) for i in range(CALLS)]
    deals = [_deal(rep_id, first + i, at()) for i in range(DEALS)]
    surveys = [_survey(rep_id, first + i, at()) for i in range(SURVEYS)]
    for topic, values in (
        (CALL_ENDED, calls),
        (DEAL_POSTINGS, deals),
        (SURVEY_SUBMITTED, surveys),
    ):
        yield topic, list(enumerate(values))


def _call(rep_id: str, number: int, at_ms: int, contact: bool) -> bytes:
    return json.encode(
        {
            "event_id": f"ev-{number}",
            "source": "pbx-1",
            "occurred_at": instant(at_ms),
            "rep_id": rep_id,
            "call_id": f"1790000000.{number:05d}",
            "direction": "outbound",
            "result": "answered" if contact else "no_answer",
            "answered_by": "human" if contact else "unknown",
            "talk_ms": 95_000 if contact else 0,
            "wrap_ms": 12_000 if contact else 0,
            "lead_id": f"{1_000_000 + number}",
        }
    )


def _deal(rep_id: str, number: int, at_ms: int) -> bytes:
    return json.encode(
        DealPosting(
            source="crm",
            deal_id=f"deal-{number}",
            rep_id=rep_id,
            version=(1, 0),
            currency="EUR",
            closed_at_ms=at_ms,
            entries=[PostingEntry(at_ms=at_ms, product_id="mobile-l", gross=4_900, reversed=0)],
            counts=[PostingCount(at_ms=at_ms, gross_bp=10_000, reversed_bp=0)],
            customer_id=f"customer-{number}",
        )
    )


def _survey(rep_id: str, number: int, at_ms: int) -> bytes:
    return json.encode(
        {
            "event_id": f"ev-{number}",
            "source": "surveys",
            "occurred_at": instant(at_ms),
            "rep_id": rep_id,
            "response_id": f"response-{number}",
            "metric": "csat",
            "score": 4,
            "scale_min": 1,
            "scale_max": 5,
        }
    )
