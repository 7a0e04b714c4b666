"""The state of the partitions this worker owns, as the lane feeds it."""

from __future__ import annotations

import asyncio
import os
import time
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NoReturn, cast

from faust.types import TP
from msgspec import json

from streams.core.calendar import DAY_MS
from streams.core.clock import Clock
from streams.core.codec import relocated_headers
from streams.core.deal_desk import DealDesk
from streams.core.events import DEAL_CLOSED
from streams.core.expiry import Expiry
from streams.core.intake import apply_slice
from streams.core.loading import loading_steps
from streams.core.outcome import Applied
from streams.core.partition import partition_of
from streams.core.plan import Plan
from streams.core.ports import LogRecord
from streams.core.scoreboard import Scoreboard
from streams.core.segment import WRITER_BYTES
from streams.core.showing import Showing
from streams.core.snapshot import GENERATION_SHIFT
from streams.engine.alerting import Alerting
from streams.engine.fatal import stop_now
from streams.engine.inputs import Inputs
from streams.engine.lane.batch import Slice
from streams.engine.lane.lane import Lane
from streams.engine.lane.producer import Producer
from streams.engine.outbox import Outbox, Outgoing
from streams.engine.telemetry import Telemetry
from streams.engine.writing import News, Part, remove_expired, write
from streams.settings import Settings
from streams.topics import (
    ALERTS_TABLE,
    DEAL_POSTINGS,
    LEDGER_TABLE,
    MATURED_CONTACTS,
    MISROUTED,
    MISROUTED_DEALS,
    SCOREBOARD_TABLE,
    TABLES,
    changelog,
    kinds_by_topic,
)

CATCHING_UP_EVENTS = 20_000
"""Lag from which a worker counts as catching up: it commits and shows less often."""
EVENTS_A_COMMIT = 250_000
EVENTS_A_REP = 16
LONGEST_COMMIT_S = 30.0
COLD_DAYS_A_COMMIT = 3_000
"""Rep-days read back that make a commit due: it lets them go again, 30 KB each."""
DEALS_A_DAY = 16
"""Deals in memory that take as much of it as one rep-day."""
_encode = json.Encoder().encode
_stamp = attrgetter("timestamp")


class State:
    """Scoreboards and deal desks of the owned partitions; the lane's host.

    Everything happens on one event loop. `ready` are the partitions whose state is whole: only
    those are shown.
    """

    def __init__(
        self, settings: Settings, plan: Plan, clock: Clock, telemetry: Telemetry, outbox: Outbox
    ) -> None:
        self.settings = settings
        self.plan = plan
        self.clock = clock
        self.telemetry = telemetry
        self.outbox = outbox
        self.kinds = kinds_by_topic(settings)
        self.boards: dict[int, Scoreboard] = {}
        self.desks: dict[int, DealDesk] = {}
        self.showings: dict[int, Showing] = {}
        self.expiries: dict[int, Expiry] = {}
        self.inputs = Inputs(settings, telemetry, clock, self.kinds)
        self.alerting = Alerting(settings, plan, clock, outbox, inputs=self.inputs)
        self.stamps: dict[int, array[int]] = {}
        self.on_release: Callable[[list[int]], None] = _nobody
        self._recovered: set[tuple[str, int]] = set()
        self._assignment = 0
        self.before_flush: Callable[[], None] = _nothing
        self._lane: Lane | None = None
        self._loader: asyncio.Task[None] | None = None
        self._uncommitted = 0
        self._committed_s = time.monotonic()

    # -- the lane's host

    @property
    def lane(self) -> Lane:
        """The lane; raises RuntimeError before `bind`."""
        if self._lane is None:
            msg = "the state is not bound to a lane yet"
            raise RuntimeError(msg)
        return self._lane

    def bind(self, lane: Lane) -> None:
        """Tell the state which lane feeds it."""
        self._lane = lane
        self.alerting.bind(lane)

    @property
    def source_topics(self) -> frozenset[str]:
        """Every topic the agents read."""
        return frozenset(self.kinds) | {self.settings.topic(MATURED_CONTACTS)}

    def start_at(self, tp: TP, committed: int) -> int:
        """Where reading of an input begins; `committed`, or earlier for state of its own."""
        if tp.topic in self.kinds:
            return committed
        return self.alerting.start_at(tp.partition, committed)

    def assigned(self, partitions: frozenset[int], generation: int) -> None:
        """Own exactly these partitions, under a new writer."""
        gone = sorted(self.boards.keys() - partitions)
        for partition in gone:
            for owned in (self.boards, self.desks, self.showings, self.expiries, self.stamps):
                owned.pop(partition, None)
        self.alerting.release(gone)
        writer = os.urandom(WRITER_BYTES)
        for partition in sorted(partitions):
            self._own(partition)
            self.boards[partition].new_writer(writer)
            self.desks[partition].new_writer(writer)
            self.expiries[partition] = Expiry(self.boards[partition])
        self.alerting.assigned(writer)
        self._recovered.clear()
        self._assignment += 1
        self.inputs.assigned(partitions, self.lane)
        self.telemetry.partitions.set(len(partitions))
        self.telemetry.input_partitions.set(self.settings.partitions)
        self.telemetry.recovering.set(1 if partitions else 0)
        if gone:
            self.on_release(gone)

    def _own(self, partition: int) -> None:
        if partition in self.boards:
            return
        count, settings = self.settings.partitions, self.settings
        segments = self.lane.segments
        self.boards[partition] = Scoreboard(
            partition, count, self.plan, segments(SCOREBOARD_TABLE, partition), settings.detail_days
        )
        self.desks[partition] = DealDesk(
            partition, count, segments(LEDGER_TABLE, partition), self.plan.reversals
        )
        self.alerting.own(partition, segments(ALERTS_TABLE, partition))

    def revoked(self, partitions: frozenset[int]) -> None:
        """Show nothing of these until they are recovered again."""
        self._recovered.clear()
        self.on_release(sorted(partitions))

    def recover(self, table: str, partition: int, records: Sequence[LogRecord]) -> None:
        """Merge a slice of a changelog."""
        items = [(r.key, r.value) for r in records if r.key is not None]
        self._part(table, partition).recover(items, records[-1].offset)

    async def recovered(self, table: str, partition: int, offset: int) -> None:
        """A changelog is read to its end."""
        part = self._part(table, partition)
        assignment = self._assignment
        for _ in part.recovery_steps():
            # A year of a floor takes a while: heartbeats and /metrics must not wait for it.
            await asyncio.sleep(0)
            if assignment != self._assignment:
                return  # dealt anew; what is left is done when that recovery ends
        if offset > part.store.offset():
            part.store.write((), offset)
        self._recovered.add((table, partition))
        if self.is_ready(partition):
            self.showings[partition] = Showing(self.boards[partition])
            self.showings[partition].show_again()
            if self._loader is None or self._loader.done():
                self._loader = asyncio.create_task(self._load(), name="loading")
        if len(self._recovered) == len(TABLES) * len(self.boards):
            self.telemetry.recovering.set(0)

    async def _load(self) -> None:
        """Read earlier days back beside the counting, until every rep's windows are whole."""
        try:
            while waiting := [p for p, b in self.boards.items() if b.unloaded and self.is_ready(p)]:
                board = self.boards[waiting[0]]
                for _ in loading_steps(board):
                    await asyncio.sleep(0)
                    if board is not self.boards.get(waiting[0]) or not self.is_ready(waiting[0]):
                        break  # dealt anew; what is left is read after the recovery that follows
                else:
                    # Sums of teams were left out while some of their reps were not known.
                    self.showings[waiting[0]].show_again()
        except Exception as error:  # a store that cannot be read must not be counted on
            self.die(f"earlier days cannot be read: {error!r}")

    def _part(self, table: str, partition: int) -> Part:
        if table == ALERTS_TABLE:
            return self.alerting.parts[partition]
        return (self.boards if table == SCOREBOARD_TABLE else self.desks)[partition]

    def is_ready(self, partition: int) -> bool:
        """True when all that boards show of a partition is recovered."""
        tables = (SCOREBOARD_TABLE, LEDGER_TABLE)
        return all((table, partition) in self._recovered for table in tables)

    def has_begun(self, partition: int) -> bool:
        """True when its inputs have positions: before that nobody knows how new the state is."""
        return any(tp.partition == partition for tp in self.lane.positions.applied)

    def position(self, partition: int) -> int:
        """The generation, and below it the sum of the applied positions of a partition's inputs.

        Grows with every event.
        """
        applied = self.lane.positions.applied
        read = sum(
            at for tp, at in applied.items() if tp.partition == partition and tp.topic in self.kinds
        )
        return (self.settings.generation << GENERATION_SHIFT) + read

    def die(self, reason: str) -> NoReturn:
        """End the process at once."""
        stop_now(reason)

    # -- events

    def apply_rep_slice(self, piece: Slice) -> int | None:
        """Merge a slice of events keyed by rep; the offset it stopped before, when it did."""
        board = self.boards[piece.partition]
        kind = self.kinds[piece.topic]
        limits = self.inputs.limits(piece.tp)
        applied = apply_slice(board, kind, piece.records, self.kinds, limits)
        return self._dealt_with(piece, applied)

    def apply_deal_slice(self, piece: Slice) -> int | None:
        """Merge a slice of events keyed by deal and post what the deals come to."""
        limits = self.inputs.limits(piece.tp)
        applied, postings = self.desks[piece.partition].apply(piece.records, limits)
        topic, count = self.settings.topic(DEAL_POSTINGS), self.settings.partitions
        for posting in postings:
            to = _partition_of(posting.rep_id, count)
            self.outbox.put(Outgoing(topic, posting.rep_id.encode(), _encode(posting), to))
        return self._dealt_with(piece, applied)

    def _dealt_with(self, piece: Slice, applied: Applied) -> int | None:
        for record, kind, key in applied.misrouted:
            other = MISROUTED_DEALS if kind == DEAL_CLOSED else MISROUTED
            headers = relocated_headers(record)
            topic = self.settings.topic(other)
            self.outbox.put(Outgoing(topic, key.encode(), record.value, None, headers))
        for record, error in applied.dead:
            self.outbox.put(self.inputs.dead_letter(record, error))
        self.telemetry.applied(piece.topic, applied)
        self.inputs.saw(piece, applied)
        stamps = self.stamps.setdefault(piece.partition, array("q"))
        stamps.extend(map(_stamp, piece.records))
        self._uncommitted += len(piece.records)
        if applied.stopped is None:
            return None
        index, why = applied.stopped
        stop = piece.records[index].offset if index < len(piece.records) else piece.end
        self.outbox.put(self.inputs.stop(piece.tp, stop, why))
        return stop

    # -- writing

    def catching_up(self) -> bool:
        """True while there is much more in Kafka than is applied."""
        return sum(self.lane.lag().values()) > CATCHING_UP_EVENTS

    def commit_due(self) -> bool:
        """Every interval while live; less often while catching up, when a commit costs more."""
        age_s = time.monotonic() - self._committed_s
        self.telemetry.commit_age.set(age_s)
        if age_s >= LONGEST_COMMIT_S or not self.catching_up():
            return True
        cold = sum(board.cold_days for board in self.boards.values())
        deals = sum(desk.unwritten() for desk in self.desks.values())
        if cold + deals // DEALS_A_DAY >= COLD_DAYS_A_COMMIT:
            return True
        reps = sum(len(board.reps) for board in self.boards.values())
        return self._uncommitted >= max(EVENTS_A_COMMIT, EVENTS_A_REP * reps)

    async def flush(self) -> None:
        """Changelogs and everything else the slices produced, acknowledgements, then the stores."""
        began_s = time.monotonic()
        instants = self.alerting.instants()
        self.before_flush()
        self._uncommitted = 0
        news: list[News] = []
        for table, partition, part in self._parts():
            if part.has_news():
                topic = changelog(self.settings, table)
                news.append(News(topic, table, partition, part, *part.take()))
                # What is applied meanwhile is written early, or belongs to the next commit.
                await asyncio.sleep(0)
        producer = cast(Producer, self.lane.app.producer)
        await write(news, producer, self.outbox, self.telemetry)
        self.alerting.reached(instants)
        topic, today = changelog(self.settings, SCOREBOARD_TABLE), self.clock.now_ms() // DAY_MS
        removed = await remove_expired(topic, self.boards, self.expiries, today, producer)
        self.telemetry.removed_days.inc(removed)
        self._committed_s = time.monotonic()
        self.telemetry.commit_seconds.observe(self._committed_s - began_s)

    def _parts(self) -> list[tuple[str, int, Part]]:
        boards = [(SCOREBOARD_TABLE, *item) for item in self.boards.items()]
        desks = [(LEDGER_TABLE, *item) for item in self.desks.items()]
        return [*boards, *desks, *((ALERTS_TABLE, *item) for item in self.alerting.parts.items())]


@lru_cache(maxsize=100_000)
def _partition_of(rep_id: str, partitions: int) -> int:
    return partition_of(rep_id.encode(), partitions)


def _nobody(_: list[int]) -> None:
    return None


def _nothing() -> None:
    return None
