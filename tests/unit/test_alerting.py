"""What a worker says for alerts, without a worker: records in, records out."""

from __future__ import annotations

import asyncio

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from streams.core.alerts.activity import Activity, ActivityTick, TeamBucket
from streams.core.alerts.clocks import STAGES, PartitionClock, StageClock, encode_clock
from streams.core.alerts.contact import BUCKET_MS, MaturedContact
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.feed import Feed, Matured, Tick, decode_feed, encode_feed
from streams.core.alerts.in_ticks import CONTACTS_A_RECORD, CONTACTS_A_TICK
from streams.core.alerts.maturing import Site
from streams.core.clock import SystemClock
from streams.core.plan import parse_plan
from streams.engine.alerting import Alerting
from streams.engine.inputs import Inputs
from streams.engine.lane.batch import Slice
from streams.engine.outbox import Outbox, Outgoing
from streams.engine.stores import MemorySegments
from streams.engine.telemetry import Telemetry
from streams.settings import Settings
from streams.topics import MATURED_CONTACTS, kinds_by_topic
from tests.builders import DAY_MS, NOON_MS, Record


class Floor:
    """The alert side of a worker that owns the only partition; `sent` is what it wrote.

    `committed` is up to where `matured-contacts` was read by an owner before.
    """

    def __init__(self, committed: int = 0) -> None:
        self.sent: list[Outgoing] = []
        self.settings = Settings(partitions=1)
        self.telemetry = Telemetry(CollectorRegistry())
        clock = SystemClock()
        inputs = Inputs(self.settings, self.telemetry, clock, kinds_by_topic(self.settings))
        plan = parse_plan("", "UTC")
        self.outbox = Outbox(self._send)
        self.alerting = Alerting(self.settings, plan, clock, self.outbox, inputs=inputs)
        self.alerting.own(0, MemorySegments())
        self.starts_at = self.alerting.start_at(0, committed)

    def said(self) -> list[Feed]:
        """What was sent to `matured-contacts`, in order."""
        topic = self.settings.topic(MATURED_CONTACTS)
        return [decode_feed(one.value or b"") for one in self.sent if one.topic == topic]

    async def _send(self, record: Outgoing) -> asyncio.Future[object]:
        self.sent.append(record)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


@pytest.mark.parametrize("raw", [None, b"\xff", b'{"x":"\xff"}', b'{"x":' + b"[" * 200_000])
def test_a_clock_that_nobody_understands_stops_no_other(raw: bytes | None) -> None:
    floor = Floor()
    floor.alerting.hear(b"0", raw)
    assert floor.alerting.floor.lowest_ms("calls", 0, 10) < 0
    said = PartitionClock(0, **{stage: StageClock(NOON_MS, [0]) for stage in STAGES})
    floor.alerting.hear(*encode_clock(said))
    assert floor.alerting.floor.lowest_ms("calls", 0, 10) == NOON_MS


LISBON, PORTO = Site("lisbon", "Europe/Lisbon"), Site("porto", "Europe/Lisbon")
DAY = NOON_MS // DAY_MS * DAY_MS


def contacts_of(site: Site, count: int, every_ms: int) -> list[MaturedContact]:
    """So many contacts of ten reps, rep after rep as a partition finds them."""
    return [
        MaturedContact(
            DAY + n * every_ms, f"{site.site_id}{n}", f"r{rep}", "north", sale=n % 9 == 0
        )
        for rep in range(10)
        for n in range(rep, count, 10)
    ]


def test_a_day_of_a_large_floor_is_folded_in_many_steps_and_comes_to_the_same() -> None:
    found = {LISBON: contacts_of(LISBON, 9_000, 9_000), PORTO: contacts_of(PORTO, 3_000, 27_000)}
    floor = Floor()
    asyncio.run(floor.alerting.hand_on(0, DAY + DAY_MS, found))
    desk, most = AlertDesk(1, floor.alerting.parts[0].desk.settings), 0
    for offset, record in enumerate(floor.sent):
        waiting = desk.waiting()
        desk.apply([Record("m", 0, offset, 0, record.key, record.value)])
        most = max(most, waiting - desk.waiting())
    assert desk.contacts == 12_000
    assert desk.waiting() == 0
    assert CONTACTS_A_TICK <= most < CONTACTS_A_TICK + 100
    ticks = [one.until_ms for one in floor.said() if isinstance(one, Tick)]
    assert ticks == sorted(set(ticks))
    assert ticks[-1] == DAY + DAY_MS
    assert all(tick % BUCKET_MS == 0 for tick in ticks)
    whole = AlertDesk(1, desk.settings)
    at_once: list[Feed] = [
        *(Matured(s.site_id, s.zone, tuple(c)) for s, c in found.items()),
        Tick(0, ticks[-1]),
    ]
    whole.apply([Record("m", 0, n, 0, None, encode_feed(one)) for n, one in enumerate(at_once)])
    assert whole.floors == desk.floors


def test_what_teams_did_goes_with_a_tick_for_every_thousand_rows() -> None:
    rows = [
        TeamBucket(DAY // BUCKET_MS + bucket, f"t{team:02}", 3, 20, 5, 5, 1)
        for bucket in range(200)
        for team in range(30)
    ]
    floor = Floor()
    asyncio.run(floor.alerting.hand_on_activity(0, DAY + DAY_MS, {LISBON: rows}))
    heard: list[TeamBucket] = []
    since = 0
    for one in floor.said():
        if isinstance(one, Activity):
            assert len(one.rows) <= CONTACTS_A_RECORD
            heard += one.rows
        elif isinstance(one, ActivityTick):
            assert len(heard) - since < CONTACTS_A_TICK + 30
            assert all((row.number + 1) * BUCKET_MS <= one.until_ms for row in heard)
            since = len(heard)
    assert heard == rows


def test_a_quiet_partition_sends_one_tick() -> None:
    floor = Floor()
    asyncio.run(floor.alerting.hand_on(0, DAY + DAY_MS, {}))
    assert floor.said() == [Tick(0, DAY + DAY_MS)]


def test_what_an_owner_before_has_said_is_neither_told_nor_counted_again() -> None:
    log: list[Feed] = [
        Matured("lisbon", "UTC", (MaturedContact(DAY, "a", "r1", "north", sale=False),)),
        Tick(0, DAY + BUCKET_MS),
        Matured("lisbon", "UTC", (MaturedContact(DAY, "b", "r1", "north", sale=False),)),
        Matured("lisbon", "UTC", (MaturedContact(DAY, "c", "r1", "north", sale=False),)),
    ]
    records = [Record("m", 0, n, 0, None, encode_feed(one)) for n, one in enumerate(log)]
    bad = Record("m", 0, 4, 0, None, b"bad")
    for committed, late, unreadable in ((0, 2, 1), (2, 2, 1), (3, 1, 1), (4, 0, 1), (5, 0, 0)):
        floor = Floor(committed)
        assert floor.starts_at == 0
        tp = TP(floor.settings.topic(MATURED_CONTACTS), 0)
        floor.alerting.apply(Slice(tp, 0, [*records, bad], session=1, generation=1))
        counted = floor.telemetry.registry.get_sample_value
        for reason, count in (("folded", late), ("unreadable", unreadable)):
            labels = {"kind": "dropped", "reason": reason}
            found = counted("floorcast_alerts_outcomes_total", labels)
            assert (found or 0) == count
