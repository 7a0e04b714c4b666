"""The detectors of one partition of `matured-contacts`: a fold of its log, and nothing else.

What a desk knows is a function of the records before `position`. So every owner of the partition,
a stale one too, comes to the same state and says the same with the same ids, and a state that was
written down at some position is taken up by reading on from there.

A bucket is folded when every sender has ticked past it. A sender that does not tick holds all
sites: nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import Struct, msgpack

from streams.core.alerts.activity_desk import ActivityDesk, StoredActivity
from streams.core.alerts.contact import BUCKET_MS, Bucket, MaturedContact, bucket_of
from streams.core.alerts.feed import Matured, Tick, decode_feed
from streams.core.alerts.floor_watch import FloorWatch, decode_floor, encode_floor
from streams.core.alerts.outcomes import Dropped, Outcome
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.step import fold
from streams.core.alerts.ticks import Ticks
from streams.core.errors import StateVersionMismatch
from streams.core.malformed import DECODE_FAILURES
from streams.core.ports import LogRecord

VERSION = 3


Fold = Callable[[FloorWatch, Bucket, AlertSettings], tuple[FloorWatch, list[Outcome]]]
"""What becomes of a bucket that is closed."""


class Said(NamedTuple):
    """An outcome, and the offset of the record that brought it about."""

    offset: int
    site_id: str
    outcome: Outcome


class _Stored(Struct, array_like=True):
    position: int
    ticks: dict[int, int]
    folded_ms: int
    floors: list[bytes]
    waiting: list[Matured]
    activity: StoredActivity


class AlertDesk:
    """One partition's sites; `senders` is how many scoreboard partitions tick.

    `fold` takes the buckets; only who wants the buckets themselves gives another.

    `position` is the next offset to fold, `folded_ms` the end of the bucket that was folded last.
    `contacts` counts those that came, `bad` records that say nothing anybody understands.
    """

    def __init__(self, senders: int, settings: AlertSettings, fold: Fold = fold) -> None:
        self.settings = settings
        self._fold = fold
        self.position = 0
        self.folded_ms = -1
        self.floors: dict[str, FloorWatch] = {}
        self.ticks = Ticks(senders)
        self.activity = ActivityDesk(senders, settings)
        self.contacts = 0
        self.bad = 0
        self._waiting: dict[str, dict[int, list[MaturedContact]]] = {}

    def apply(self, records: Sequence[LogRecord]) -> list[Said]:
        """Fold records in the order of their offsets; those below `position` change nothing."""
        out: list[Said] = []
        for record in records:
            if record.offset < self.position:
                continue
            self.position = record.offset + 1
            try:
                said = decode_feed(record.value or b"")
            except DECODE_FAILURES:
                self.bad += 1
                continue
            match said:
                case Matured():
                    out += (Said(record.offset, said.site_id, one) for one in self._wait(said))
                case Tick():
                    out += (Said(record.offset, *one) for one in self._tick(said))
                case _:
                    out += (Said(record.offset, *one) for one in self.activity.apply(said))
        return out

    def _wait(self, said: Matured) -> list[Outcome]:
        """Keep contacts until their bucket is folded."""
        if said.site_id not in self.floors:
            self.floors[said.site_id] = FloorWatch(said.site_id, said.zone)
        self.floors[said.site_id].zone = said.zone
        waiting = self._waiting.setdefault(said.site_id, {})
        late: dict[int, int] = {}
        self.contacts += len(said.contacts)
        for contact in said.contacts:
            number = bucket_of(contact.at_ms)
            if contact.at_ms < self.folded_ms:
                late[number] = late.get(number, 0) + 1
            else:
                waiting.setdefault(number, []).append(contact)
        return [
            Dropped(bucket=number, contacts=count, reason="folded")
            for number, count in late.items()
        ]

    def _tick(self, tick: Tick) -> list[tuple[str, Outcome]]:
        self.ticks.hear(tick.partition, tick.until_ms)
        end_ms = self.ticks.lowest_ms() // BUCKET_MS * BUCKET_MS
        if end_ms <= self.folded_ms:
            return []
        self.folded_ms = end_ms
        out: list[tuple[str, Outcome]] = []
        last = bucket_of(end_ms) - 1
        for site_id in sorted(self.floors):
            floor, waiting = self.floors[site_id], self._waiting.get(site_id, {})
            for number in sorted(number for number in waiting if number <= last):
                bucket = Bucket(number, tuple(waiting.pop(number)))
                out += ((site_id, one) for one in self._fold(floor, bucket, self.settings)[1])
        return out

    # -- what is written down

    def encode(self) -> bytes:
        """All of it, for `decode`."""
        stored = _Stored(
            self.position,
            dict(self.ticks.held()),
            self.folded_ms,
            [encode_floor(self.floors[site_id]) for site_id in sorted(self.floors)],
            [
                Matured(site_id, self.floors[site_id].zone, tuple(contacts))
                for site_id, waiting in sorted(self._waiting.items())
                for _, contacts in sorted(waiting.items())
            ],
            self.activity.stored(),
        )
        return bytes([VERSION]) + _encode(stored)

    def load(self, raw: bytes) -> None:
        """Become what was encoded; raises StateVersionMismatch for that of another release."""
        if raw[0] != VERSION:
            raise StateVersionMismatch(raw[0], VERSION)
        stored = _decode(memoryview(raw)[1:])
        floors = [decode_floor(one) for one in stored.floors]
        self.position, self.folded_ms = stored.position, stored.folded_ms
        self.floors = {floor.site_id: floor for floor in floors}
        self.ticks.restore(stored.ticks.items())
        self._waiting = {}
        for said in stored.waiting:
            self._wait(said)
        self.activity.load(stored.activity)

    def reps(self) -> int:
        """Reps of all sites that are followed."""
        return sum(len(floor.reps) for floor in self.floors.values())

    def waiting(self) -> int:
        """Contacts whose bucket has not been folded yet."""
        return sum(
            len(contacts) for buckets in self._waiting.values() for contacts in buckets.values()
        )


_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(_Stored).decode
