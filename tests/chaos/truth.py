"""What must come of every record in the topics, worked out from the records alone.

Each is exactly one of: dead letter (it cannot be read), misrouted (not in the partition of its rep
or deal; what it says counts all the same), expired, the version of its entity that holds, one that
lost to it, or an event of a deal. Nothing here asks floorcast.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

from streams.cli.kafka_read import Record
from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED
from streams.core.partition import partition_of
from tests.chaos.events import EXPIRED, POISON
from tests.chaos.people import DEFAULT_ZONE, Person, instant_ms, local_day

INPUTS = (CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED)
_ID = {CALL_ENDED: ("c", "call_id"), SURVEY_SUBMITTED: ("s", "response_id")}

Version = tuple[int, int, int]
"""Revision, timestamp and offset of the record."""
Place = tuple[str, int, int]
"""Kind of the topic, partition, offset."""


class Entity(NamedTuple):
    """A call or survey of a rep's local day; `key` is a letter for the kind, the source, the id."""

    rep: str
    day: int
    key: str


class Truth:
    """Grows with the records it is given; each must come once."""

    def __init__(self, everybody: list[Person], partitions: int) -> None:
        self._zones = {one.id: one.zone for one in everybody}
        self._partitions = partitions
        self.winners: dict[Entity, Version] = {}
        self.deals: dict[tuple[str, str], set[Version]] = {}
        self.dead: set[Place] = set()
        self.misrouted: set[Place] = set()
        self.kinds: Counter[str] = Counter()

    def add(self, kind: str, record: Record) -> None:
        """Take note of a record of an input topic; `kind` is its name without prefix."""
        place = (kind, record.partition, record.offset)
        raw = record.value or b""
        if POISON in raw:
            self.dead.add(place)
            self.kinds["dead letter"] += 1
            return
        value: dict[str, Any] = json.loads(raw)
        owner = value["deal_id" if kind == DEAL_CLOSED else "rep_id"]
        if partition_of(owner.encode(), self._partitions) != record.partition:
            self.misrouted.add(place)
            self.kinds["misrouted"] += 1
        at_ms = instant_ms(value["occurred_at"])
        if kind == DEAL_CLOSED:
            version = (value.get("revision", at_ms), record.timestamp, record.offset)
            self._deal((value["source"], owner), version)
        else:
            version = (value.get("revision", 0), record.timestamp, record.offset)
            self._fact(kind, value, at_ms, version)

    def _deal(self, deal: tuple[str, str], version: Version) -> None:
        held = self.deals.setdefault(deal, set())
        self.kinds["deal event" if version not in held else "same deal event"] += 1
        held.add(version)

    def _fact(self, kind: str, value: dict[str, Any], at_ms: int, version: Version) -> None:
        letter, name = _ID[kind]
        if value[name].startswith(EXPIRED):
            self.kinds["expired"] += 1
            return
        zone = self._zones.get(value["rep_id"], DEFAULT_ZONE)
        key = f"{letter}{value['source']}\x1f{value[name]}"
        entity = Entity(value["rep_id"], local_day(at_ms, zone), key)
        held = self.winners.get(entity)
        if held is None:
            self.kinds["accepted"] += 1
        else:
            self.kinds["revised" if version > held else "older or the same"] += 1
        if held is None or version > held:
            self.winners[entity] = version
