"""Small makers of events and records; what a test does not care about is filled in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

NOON_MS = 1_790_251_200_000
"""2026-09-24T12:00:00Z, a Thursday."""
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


class Record(NamedTuple):
    """A Kafka record as the core sees it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def iso(at_ms: int) -> str:
    """UTC milliseconds as RFC 3339."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def record(
    topic: str, value: dict[str, Any] | bytes, offset: int = 0, timestamp: int = 2 * NOON_MS
) -> Record:
    """A record of a topic; by default stamped so late that no event comes from the future."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Record(topic, 0, offset, timestamp, None, raw)


def call(**fields: Any) -> dict[str, Any]:
    """A call-ended event: an answered outbound call of a minute."""
    return {
        "event_id": "e",
        "source": "pbx",
        "occurred_at": iso(fields.pop("at_ms", NOON_MS)),
        "rep_id": "ana",
        "call_id": "c1",
        "direction": "outbound",
        "result": "answered",
        "answered_by": "human",
        "talk_ms": 60_000,
    } | fields


def deal(**fields: Any) -> dict[str, Any]:
    """A deal-closed event: won, 100.00 EUR."""
    at = iso(fields.pop("at_ms", NOON_MS))
    return {
        "event_id": "e",
        "source": "crm",
        "occurred_at": at,
        "closed_at": iso(fields.pop("closed_ms", NOON_MS)),
        "rep_id": "ana",
        "deal_id": "d1",
        "status": "won",
        "currency": "EUR",
        "amount_minor": 10_000,
    } | fields


def survey(**fields: Any) -> dict[str, Any]:
    """A survey-submitted event: csat, 4 of 5."""
    return {
        "event_id": "e",
        "source": "forms",
        "occurred_at": iso(fields.pop("at_ms", NOON_MS)),
        "rep_id": "ana",
        "response_id": "r1",
        "metric": "csat",
        "score": 4,
        "scale_min": 1,
        "scale_max": 5,
    } | fields
