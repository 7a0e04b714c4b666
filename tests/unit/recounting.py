"""A floor in memory for tests of the recount: raw records in, rows of totals out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from streams.recount.load import Unreadable, connect, load_events, load_plan
from streams.recount.recount import Row, recount


class Record(NamedTuple):
    """A record as Kafka would hold it."""

    partition: int
    offset: int
    timestamp: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Floor:
    """Takes events as a source would send them and recounts them.

    Events get offsets in the order they are given and, unless said, one log time for all, so that
    offsets decide between equal revisions.
    """

    def __init__(self, plan: str | None = None, zone: str = "UTC", detail_days: int = 400) -> None:
        self.plan, self.zone, self.detail_days = plan, zone, detail_days
        self.topics: dict[str, list[Record]] = {}
        self.dead: set[tuple[str, int, int]] = set()
        self.unreadable: list[Unreadable] = []

    def raw(
        self,
        topic: str,
        value: bytes | None,
        *,
        logged_ms: int = 1_800_000_000_000,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> Record:
        """Put a record with this very value on a topic."""
        records = self.topics.setdefault(topic, [])
        records.append(Record(0, len(records), logged_ms, value, headers))
        return records[-1]

    def send(self, topic: str, logged_ms: int = 1_800_000_000_000, **fields: Any) -> Record:
        """Put an event on a topic; None leaves a field out."""
        event = {name: value for name, value in fields.items() if value is not None}
        return self.raw(topic, json.dumps({"event_id": "e", **event}).encode(), logged_ms=logged_ms)

    def call(self, at: str = "2026-03-02T10:00:00Z", **fields: Any) -> Record:
        """A human answered outbound call of a minute, by rep `ann`."""
        usual: dict[str, Any] = {
            "source": "pbx",
            "rep_id": "ann",
            "call_id": f"c{len(self.topics.get('call-ended', ()))}",
            "direction": "outbound",
            "result": "answered",
            "answered_by": "human",
            "talk_ms": 60_000,
        }
        return self.send("call-ended", **{**usual, "occurred_at": at, **fields})

    def deal(self, status: str = "won", at: str = "2026-03-02T10:00:00Z", **fields: Any) -> Record:
        """An event of deal `d1` of rep `ann`, closed when it says, over 100.00 EUR."""
        usual: dict[str, Any] = {
            "source": "crm",
            "rep_id": "ann",
            "deal_id": "d1",
            "closed_at": "2026-03-02T10:00:00Z",
            "currency": "EUR",
            "amount_minor": 10_000,
        }
        return self.send("deal-closed", **{**usual, "status": status, "occurred_at": at, **fields})

    def survey(self, score: float, at: str = "2026-03-02T11:00:00Z", **fields: Any) -> Record:
        """A csat answer on a scale of 1-5 about rep `ann`."""
        usual: dict[str, Any] = {
            "source": "svy",
            "rep_id": "ann",
            "response_id": f"s{len(self.topics.get('survey-submitted', ()))}",
            "metric": "csat",
            "scale_min": 1,
            "scale_max": 5,
        }
        event = {**usual, "occurred_at": at, "score": score, **fields}
        return self.send("survey-submitted", **event)

    def bury(self, topic: str, record: Record) -> None:
        """The record became a dead letter."""
        self.dead.add((topic, record.partition, record.offset))

    def rows(self) -> list[Row]:
        """The recount."""
        connection = connect()
        load_plan(connection, self.plan, self.zone, self.detail_days)
        self.unreadable = []
        with TemporaryDirectory() as spool:
            for topic, records in self.topics.items():
                dead = {(p, o, b"") for t, p, o in self.dead if t == topic}
                self.unreadable += load_events(connection, topic, records, dead, Path(spool))
        rows = recount(connection)
        connection.close()
        return rows

    def row(self) -> Row:
        """The only row there is."""
        (row,) = self.rows()
        return row
