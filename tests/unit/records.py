"""Records and events for the codec's tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from streams.core.events import (
    CALL_ENDED,
    DEAL_CLOSED,
    SURVEY_SUBMITTED,
    VISIT_LOGGED,
)

AT = "2026-03-02T10:00:00Z"
AT_MS = 1_772_445_600_000

ENVELOPE = {"event_id": "e-1", "source": "pbx-1", "occurred_at": AT, "rep_id": "r-0001"}
EVENT: dict[str, dict[str, object]] = {
    CALL_ENDED: {**ENVELOPE, "call_id": "c-1", "direction": "outbound", "result": "answered"},
    DEAL_CLOSED: {
        **ENVELOPE,
        "deal_id": "d-1",
        "status": "won",
        "closed_at": AT,
        "currency": "EUR",
        "amount_minor": 12_000,
    },
    SURVEY_SUBMITTED: {
        **ENVELOPE,
        "response_id": "s-1",
        "metric": "csat",
        "score": 4,
        "scale_min": 1,
        "scale_max": 5,
    },
    VISIT_LOGGED: {**ENVELOPE, "visit_id": "v-1"},
}
"""Kind to the smallest event that counts."""


class Record(NamedTuple):
    """A record as a Kafka client hands it over."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    timestamp: int = AT_MS
    topic: str = CALL_ENDED
    partition: int = 3
    offset: int = 41
    key: bytes | None = b"r-0001"


def body(kind: str, /, **changes: object) -> bytes:
    """The smallest event of a kind, changed; a field set to `...` is left out."""
    fields = {name: what for name, what in (EVENT[kind] | changes).items() if what is not ...}
    return msgspec.json.encode(fields)
