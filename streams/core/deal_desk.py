"""The deals of one partition: keeps every distinct event of every deal and posts what they come to.

A deal's events are stored like contributions, in segments keyed by writer, with the event's version
as the entity. They are never pruned; a deal that has not been touched lately is only in the local
store and read back when an event for it comes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

from streams.core.codec import decode_event, origin_of, to_ms
from streams.core.dead_letter import DeadLetterLimits
from streams.core.errors import MalformedEvent
from streams.core.events import DEAL_CLOSED, DealClosed, DealPosting
from streams.core.ledger import (
    Reversals,
    decode_deal_event,
    encode_deal_event,
    fold,
    normalise,
)
from streams.core.outcome import Applied
from streams.core.partition import partition_of
from streams.core.ports import LogRecord, SegmentStore
from streams.core.segment import (
    Group,
    day_prefix,
    parse_segment_key,
    split_segment,
    total_key,
    total_key_of,
)

NO_DAY = 0
"""Deals are stored under day 0: their events belong to the deal, not to a day."""
PRESENT = b"\x01"
"""Says that a deal has segments, where a rep's day has its cached total."""
RESIDENT = 20_000
"""Deals that may stay in memory between commits; about 2 KB each."""

_VERSION = struct.Struct(">QQQ")


class DealDesk:
    """One partition's deals; `mode` says on which day reversals are counted."""

    def __init__(
        self, partition: int, partitions: int, store: SegmentStore, mode: Reversals
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        self.store = store
        self.mode = mode
        self._deals: dict[bytes, Group] = {}
        self._unwritten: dict[bytes, Group] = {}
        self._writer = b""

    def apply(
        self, records: Sequence[LogRecord], limits: DeadLetterLimits | None = None
    ) -> tuple[Applied, list[DealPosting]]:
        """Merge a slice; the postings are of every deal it touched, repeated events included.

        `limits`, when given, may stop the slice before its end: see `Applied.stopped`.
        """
        out = Applied(limits)
        touched: dict[bytes, tuple[str, str]] = {}
        for index, record in enumerate(records):
            try:
                self._apply_one(record, out, touched)
            except MalformedEvent as error:
                if out.reject(index, record, error):
                    break
        out.finish(len(records))
        postings = [
            posting
            for owner, (source, deal_id) in touched.items()
            for posting in self._fold(owner, source, deal_id)
        ]
        return out, postings

    def _apply_one(
        self,
        record: LogRecord,
        out: Applied,
        touched: dict[bytes, tuple[str, str]],
    ) -> None:
        origin = origin_of(record)
        event = decode_event(DEAL_CLOSED, record)
        assert isinstance(event, DealClosed)  # for the type checker
        occurred_ms, closed_ms = to_ms(event.occurred_at), to_ms(event.closed_at)
        if partition_of(event.deal_id.encode(), self.partitions) != self.partition:
            out.misrouted.append((record, DEAL_CLOSED, event.deal_id))
            return
        stamp = max(origin.timestamp, 0)
        entry = normalise(event, occurred_ms, closed_ms, stamp, origin.offset)
        owner = f"{event.source}\x1f{event.deal_id}".encode()
        deal, cold = self._deal(owner)
        out.cold += cold
        key, value = _VERSION.pack(*entry.version), encode_deal_event(entry)
        held = deal.entities.get(key)
        if held is None or value > held:
            if deal.entities:
                out.revised += 1
            else:
                out.accepted += 1
            deal.entities[key] = value
            deal.enter(key, value)
            self._unwritten[owner] = deal
        else:
            out.duplicate += 1
        out.saw(event.source, occurred_ms)
        touched[owner] = (event.source, event.deal_id)

    def _fold(self, owner: bytes, source: str, deal_id: str) -> list[DealPosting]:
        events = map(decode_deal_event, self._deals[owner].entities.values())
        return fold(source, deal_id, events, self.mode)

    def _deal(self, owner: bytes) -> tuple[Group, bool]:
        found = self._deals.get(owner)
        if found is not None:
            return found, False
        found = self._deals[owner] = Group()
        # An absent key costs a bloom filter, a scan would cost a seek.
        if self.store.get(total_key(owner, NO_DAY)) is None:
            return found, False
        stored = list(self.store.scan(day_prefix(owner, NO_DAY)))
        for _, segment in stored:
            _merge(found, segment)
        found.resume(stored, self._writer)
        return found, True

    def new_writer(self, writer: bytes) -> None:
        """Begin segments of a new writer: at every assignment, for partitions that stay too."""
        self._writer = writer
        for owner, deal in self._deals.items():
            deal.new_writer(unwritten=owner in self._unwritten)

    def has_news(self) -> bool:
        """True when a commit would write something."""
        return bool(self._unwritten)

    def unwritten(self) -> int:
        """Deals that wait for a commit, and stay in memory until then."""
        return len(self._unwritten)

    def take(self) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]:
        """(segments for changelog and store, marks for the store only) since the last call.

        What is handed out counts as written; a caller that cannot write it must stop for good.
        """
        segments: list[tuple[bytes, bytes]] = []
        marks: list[tuple[bytes, bytes]] = []
        for owner, deal in self._unwritten.items():
            segments += deal.take(owner, NO_DAY, self._writer)
            marks.append((total_key(owner, NO_DAY), PRESENT))
        self._unwritten.clear()
        return segments, marks

    def evict(self) -> int:
        """Let go of the longest held deals above `RESIDENT`, once they are stored; how many."""
        excess = len(self._deals) - RESIDENT
        gone = [o for o in self._deals if o not in self._unwritten][: max(excess, 0)]
        for owner in gone:
            del self._deals[owner]
        return len(gone)

    def recover(self, items: Iterable[tuple[bytes, bytes | None]], offset: int) -> None:
        """Merge changelog records, in any order and repeated or not; deals are never removed."""
        writes: list[tuple[bytes, bytes | None]] = []
        for key, value in items:
            if value is None:
                continue
            writes += ((key, value), (total_key_of(key), PRESENT))
            owner = parse_segment_key(key)[0]
            if owner in self._deals:
                _merge(self._deals[owner], value)
        self.store.write(writes, offset)

    def recovered(self) -> None:
        """All changelog records are merged; nothing to bring up to date."""

    def recovery_steps(self) -> Iterator[None]:
        """None; a deal is read when an event for it comes."""
        yield from ()


def _merge(deal: Group, segment: bytes) -> None:
    for key, value in split_segment(segment):
        held = deal.entities.get(key)
        if held is None or value > held:
            deal.entities[key] = value
