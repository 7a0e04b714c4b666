"""The alert side of the partitions a worker owns: clocks, contacts handed on, detectors folded."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from faust.types import TP
from msgspec import structs

from streams.core.alerts.activity import Activity, ActivityTick, TeamBucket
from streams.core.alerts.clocks import (
    NEVER_MS,
    STAGES,
    FloorClock,
    InputAge,
    PartitionClock,
    Stage,
    StageClock,
    decode_clock,
    encode_clock,
    input_clock,
)
from streams.core.alerts.contact import BUCKET_MS, MaturedContact, bucket_of
from streams.core.alerts.feed import Matured, Tick, encode_feed
from streams.core.alerts.in_ticks import in_ticks
from streams.core.alerts.maturing import Site
from streams.core.alerts.part import AlertPart
from streams.core.alerts.told import encode_alert, told
from streams.core.clock import Clock
from streams.core.events import CALL_ENDED, DEAL_CLOSED
from streams.core.malformed import DECODE_FAILURES
from streams.core.plan import Plan
from streams.core.ports import SegmentStore
from streams.engine.inputs import Inputs
from streams.engine.lane.batch import Slice
from streams.engine.outbox import Outbox, Outgoing
from streams.settings import Settings
from streams.topics import (
    DEAL_POSTINGS,
    FLOOR_CLOCK,
    MATURED_CONTACTS,
    MISROUTED,
    MISROUTED_DEALS,
    REP_ALERTS,
)

if TYPE_CHECKING:
    from streams.engine.lane.lane import Lane

log = logging.getLogger(__name__)

WRITES_TO: dict[Stage, str] = {
    "calls": MISROUTED,
    "deals": MISROUTED_DEALS,
    "postings": DEAL_POSTINGS,
}
Instants = dict[Stage, int]
Ends = Callable[..., Awaitable[Mapping[TP, int]]]


class Alerting:
    """What the owned partitions keep and say for alerts; a part of `State`."""

    def __init__(
        self, settings: Settings, plan: Plan, clock: Clock, outbox: Outbox, *, inputs: Inputs
    ) -> None:
        self.parts: dict[int, AlertPart] = {}
        self.floor = FloorClock(settings.partitions)
        self._settings = settings
        self._plan = plan
        self._clock = clock
        self._telemetry = inputs.telemetry
        self._outbox = outbox
        self._inputs = inputs
        self.ends: Ends = _nobody
        """Who tells the ends of logs: not the worker's consumer, whose calls wait for each other.
        Commits would wait for a broker that is away."""
        self._lane: Lane | None = None
        self._said_until: dict[int, int] = {}
        self._reached: dict[int, Instants] = {}
        self._told: dict[int, Instants] = {}

    # -- assignment

    def bind(self, lane: Lane) -> None:
        """Take the lane that feeds it."""
        self._lane = lane

    def own(self, partition: int, store: SegmentStore) -> None:
        """Own a partition that was not owned before."""
        self.parts[partition] = AlertPart(self._settings.partitions, self._plan.alerts, store)

    def release(self, partitions: Sequence[int]) -> None:
        """Own these no more."""
        for partition in partitions:
            self.parts.pop(partition, None)

    def assigned(self, writer: bytes) -> None:
        """Begin anew with what is owned."""
        self.floor.forget()
        for known in (self._reached, self._told, self._said_until):
            known.clear()
        for part in self.parts.values():
            part.new_writer(writer)

    def start_at(self, partition: int, committed: int) -> int:
        """Where reading of `matured-contacts` begins: at the state that was written down last.

        What lies between it and the committed offset is folded again, and was said before.
        """
        self._said_until[partition] = committed
        return min(committed, self.parts[partition].desk.position)

    # -- the clocks of the floor

    def hear(self, _: bytes | None, value: bytes | None) -> None:
        """A record of `floor-clock`."""
        if value is None:
            return
        try:
            self.floor.hear(decode_clock(value))
        except DECODE_FAILURES as error:
            log.warning("a record of %s says nothing: %s", FLOOR_CLOCK, error)

    def instants(self) -> dict[int, Instants]:
        """Partition to the instants up to which its stages have applied everything, now."""
        if self._lane is None:
            return {}
        lag, now_ms = self._lane.lag(), self._clock.now_ms()
        out: dict[int, Instants] = {}
        for partition in self.parts:
            calls = self._input(CALL_ENDED, partition, lag, now_ms)
            deals = self._input(DEAL_CLOSED, partition, lag, now_ms)
            sent = self._heard("deals", partition)
            out[partition] = {"calls": calls, "deals": deals, "postings": min(deals, sent)}
        return out

    def _input(self, kind: str, partition: int, lag: Mapping[TP, int], now_ms: int) -> int:
        tp = TP(self._settings.topic(kind), partition)
        if tp not in lag:
            return NEVER_MS
        newest_ms, written_ms = self._inputs.newest(partition, tp.topic)
        return input_clock([InputAge(newest_ms, written_ms, not lag[tp])], now_ms)

    def _heard(self, stage: Stage, partition: int) -> int:
        """What a partition may believe of what a stage has sent it."""
        tp = TP(self._settings.topic(WRITES_TO[stage]), partition)
        applied = self._lane.positions.applied.get(tp, -1) if self._lane is not None else -1
        return self.floor.lowest_ms(stage, partition, applied)

    def reached(self, instants: dict[int, Instants]) -> None:
        """A commit went through: all that was applied up to these instants is acknowledged."""
        self._reached = instants

    async def tell_clocks(self) -> None:
        """Tell every partition's clock that has passed a bucket since it was told last."""
        due = {
            partition: reached
            for partition, reached in self._reached.items()
            if partition in self.parts and _buckets(reached) != _buckets(self._told.get(partition))
        }
        if not due or self._lane is None:
            return
        count, session = self._settings.partitions, self._lane.positions.session
        topics = {stage: self._settings.topic(kind) for stage, kind in WRITES_TO.items()}
        tps = [TP(topic, p) for topic in topics.values() for p in range(count)]
        # Asked for after the acknowledgements, so what is spoken of lies before these ends.
        found = await self.ends(*tps)
        ends = {(tp.topic, tp.partition): end or 0 for tp, end in found.items()}
        if session != self._lane.positions.session:
            return
        for partition, reached in due.items():
            stages = {
                stage: StageClock(reached[stage], [ends[topics[stage], p] for p in range(count)])
                for stage in STAGES
            }
            key, value = encode_clock(PartitionClock(partition, **stages))
            self._outbox.put(Outgoing(self._settings.topic(FLOOR_CLOCK), key, value, 0))
            self._told[partition] = reached
        await self._outbox.send()

    # -- contacts on their way

    def ripe_until(self, partition: int) -> int:
        """The end of the last bucket of this partition whose contacts are all of age; -1: none."""
        if self._lane is None:
            return -1
        lag, now_ms = self._lane.lag(), self._clock.now_ms()
        at_ms = min(
            self._input(CALL_ENDED, partition, lag, now_ms),
            self._heard("calls", partition),
            self._heard("postings", partition),
        )
        ripe_ms = at_ms - self._plan.alerts.grace_ms
        return ripe_ms // BUCKET_MS * BUCKET_MS if ripe_ms > 0 else -1

    def counted_until(self, partition: int) -> int:
        """The end of the last bucket of this partition whose calls are all there; -1: none."""
        if self._lane is None:
            return -1
        lag, now_ms = self._lane.lag(), self._clock.now_ms()
        calls = self._input(CALL_ENDED, partition, lag, now_ms)
        return max(min(calls, self._heard("calls", partition)) // BUCKET_MS * BUCKET_MS, -1)

    async def hand_on_activity(
        self, partition: int, until_ms: int, found: Mapping[Site, Sequence[TeamBucket]]
    ) -> None:
        """Send what the teams of a partition did before an instant, with ticks behind it."""
        for end_ms, some in in_ticks(found, until_ms, lambda row: row.number):
            for site, rows in some:
                self._put(site, Activity(partition, site.site_id, site.zone, rows))
            self._tick(ActivityTick(partition, end_ms))
        self.parts[partition].activity.sent(until_ms)
        await self._outbox.send()

    async def hand_on(
        self, partition: int, until_ms: int, found: Mapping[Site, Sequence[MaturedContact]]
    ) -> None:
        """Send the contacts of a partition that ended before an instant, with ticks behind them."""
        for end_ms, some in in_ticks(found, until_ms, lambda one: bucket_of(one.at_ms)):
            for site, contacts in some:
                self._put(site, Matured(site.site_id, site.zone, contacts))
                self._telemetry.matured.inc(len(contacts))
            self._tick(Tick(partition, end_ms))
        self.parts[partition].contacts.sent(until_ms)
        await self._outbox.send()

    def _put(self, site: Site, said: Matured | Activity) -> None:
        topic = self._settings.topic(MATURED_CONTACTS)
        self._outbox.put(Outgoing(topic, site.site_id.encode(), encode_feed(said)))

    def _tick(self, said: Tick | ActivityTick) -> None:
        topic, tick = self._settings.topic(MATURED_CONTACTS), encode_feed(said)
        for to in range(self._settings.partitions):
            self._outbox.put(Outgoing(topic, None, tick, to))

    def observe(self) -> None:
        """Show how far the detectors are; a partition without sites has nothing to show."""
        for partition, part in self.parts.items():
            if part.desk.floors and part.desk.folded_ms > 0:
                shown = self._telemetry.scored_until.labels(str(partition))
                shown.set(part.desk.folded_ms / 1000)

    # -- detectors

    def apply(self, piece: Slice) -> None:
        """Fold a slice of `matured-contacts`; say, and count, what has not been said before."""
        part = self.parts[piece.partition]
        said_until = self._said_until.get(piece.partition, 0)
        bad = part.desk.bad
        said_now = part.apply(piece.records)
        if part.desk.bad > bad and piece.end > said_until:
            # Only workers write there, so it is of another release; the fold goes on without it.
            log.error("%r holds %d records that nobody understands", piece, part.desk.bad - bad)
            self._telemetry.alerts.labels("dropped", "unreadable").inc(part.desk.bad - bad)
        for said in said_now:
            if said.offset < said_until:
                continue  # an owner before, or this one, has told and counted it
            self._telemetry.alert_outcome(said.outcome)
            record = told(said.site_id, said.outcome, self._plan.called)
            if record is not None:
                record = structs.replace(record, generation=self._settings.generation)
                topic = self._settings.topic(REP_ALERTS)
                self._outbox.put(Outgoing(topic, record.key.encode(), encode_alert(record)))


async def _nobody(*_: TP) -> Mapping[TP, int]:
    msg = "nobody was named who tells the ends of logs"
    raise RuntimeError(msg)


def _buckets(instants: Instants | None) -> dict[Stage, int] | None:
    return None if instants is None else {s: at // BUCKET_MS for s, at in instants.items()}
