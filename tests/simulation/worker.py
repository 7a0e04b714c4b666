"""One worker on the simulated cluster: the shipped state, lane and publisher, put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, NoReturn, cast

from faust.types import TP
from prometheus_client import CollectorRegistry

from streams.core.snapshot import SnapshotBatch
from streams.core.stop import decode_input_state, parse_input
from streams.engine.agents import ALERT_RECORDS, _reader
from streams.engine.lane.lane import Lane
from streams.engine.maturity import Maturity
from streams.engine.outbox import Outbox, Outgoing
from streams.engine.publisher import Publisher
from streams.engine.state import State
from streams.engine.telemetry import Telemetry
from streams.engine.watchdog import Watchdog
from streams.topics import (
    FLOOR_CLOCK,
    INPUT_STOPS,
    MATURED_CONTACTS,
    TABLES,
    changelog,
    ledger_kinds,
    scoreboard_kinds,
)
from tests.simulation.app import Disk, SimApp, SimTables
from tests.simulation.consumer import SimConsumer
from tests.simulation.group import HEARTBEAT_S
from tests.simulation.loop import Process
from tests.simulation.network import KafkaClient, Sender, SimProducer

if TYPE_CHECKING:
    from tests.simulation.world import World


class SimState(State):
    """The shipped state; it ends the simulated process and not this one."""

    process: Process
    arm: Callable[[], None]

    async def flush(self) -> None:
        """The shipped flush; a fault may be waiting for one that has something to write."""
        if any(part.has_news() for _, _, part in self._parts()):
            self.arm()
        await super().flush()

    def die(self, reason: str) -> NoReturn:
        """End the process at once."""
        self.process.die(reason)


class Board:
    """Takes the batches of one worker's publisher, and keeps the highest of each for all."""

    def __init__(self, world: World, worker: Worker) -> None:
        self._world = world
        self._worker = worker

    def offer(self, batch: SnapshotBatch) -> None:
        """Keep what is higher."""
        for shot in batch.reps:
            self._world.shown.take(shot)
        for part in batch.partials:
            self._world.shown.take_partial(part)


class Worker:
    """A process of the floor, from its start to its end."""

    def __init__(self, world: World, name: str, disk: Disk) -> None:
        self.world = world
        self.name = name
        self.disk = disk
        self.process = Process(name, world.loop)
        self.deaf_until_s = 0.0
        self.leaving = False
        settings, process = world.settings, self.process
        tables = {t: changelog(settings, t) for t in TABLES}
        self.dice = Random(world.dice.random())
        self.client = KafkaClient(Sender(process, world.log, world.weather, world.landed))
        self.outbox = Outbox(self._send)
        telemetry = Telemetry(CollectorRegistry())
        self.state = SimState(settings, world.plan, world.clock, telemetry, self.outbox)
        self.state.process, self.state.arm = process, _nothing
        self.app = SimApp(process, SimTables(tables, disk), sorted(self.state.source_topics))
        self.app.report = lambda found: world.findings.append(f"{name}: {found}")
        self.app.producer = SimProducer(self.client)
        self.lane = Lane(cast(Any, self.app), self.state)
        self.state.bind(self.lane)
        self.consumer = SimConsumer(self.app, world.group, world.weather, self.dice)
        self.state.alerting.ends = self.consumer.highwaters
        self.app.consumer = self.consumer
        self.watchdog = Watchdog(self.state, self.lane)
        self.consumer.member.blind = world.dice.random() < world.faults.blind
        self.publisher = Publisher(self.state, [], world.clock, telemetry, self.outbox)
        self.maturity = Maturity(self.state)
        self.publisher._pumps = cast(Any, [Board(world, self)])

    async def _send(self, record: Outgoing) -> asyncio.Future[object]:
        return await self.client.send(
            record.topic,
            value=record.value,
            key=record.key,
            partition=record.partition,
            headers=record.headers,
        )

    # -- life

    def start(self) -> None:
        """Begin, as Faust does: stops are known first, then the rest runs side by side."""
        self.process.spawn(self._live())

    async def _live(self) -> None:
        seen = await self._read_stops(0)
        spawn, state = self.process.spawn, self.state
        kinds = state.settings
        for kind in [*scoreboard_kinds(kinds), *ledger_kinds()]:
            ledger = kind in ledger_kinds()
            apply = state.apply_deal_slice if ledger else state.apply_rep_slice
            topic = kinds.topic(kind)
            read = _reader(self.lane, self.outbox, apply)
            spawn(read(self.app.flow_control.stream(topic)))
        matured = kinds.topic(MATURED_CONTACTS)
        read = _reader(self.lane, self.outbox, state.alerting.apply, ALERT_RECORDS)
        spawn(read(self.app.flow_control.stream(matured)))
        spawn(self.consumer._drain_messages(cast(Any, self.app._fetcher)))
        spawn(self.app.tables.recovery.run())
        spawn(self.app.tables.recovery.tails())
        spawn(self._membership())
        spawn(self._heartbeats())
        spawn(self._watch())
        spawn(self._commits())
        spawn(self._ticks())
        spawn(self._follow_stops(seen))
        spawn(self._follow_clocks())
        spawn(self._mature())

    async def _rest(self, mean_s: float) -> None:
        await asyncio.sleep(self.dice.uniform(0.2, 1.8) * mean_s)

    async def _commits(self) -> None:
        while True:
            await self._rest(self.world.faults.commit_s)
            if self.state.commit_due():
                await self.consumer.commit()

    async def _ticks(self) -> None:
        while True:
            await self._rest(self.world.faults.tick_s)
            await self.publisher._tick()

    async def _watch(self) -> None:
        while True:
            await self._rest(15.0)
            self.consumer._check_membership()
            stalled = self.watchdog.check(self.world.loop.time())
            if stalled is not None:
                self.process.die(f"stalled: {stalled}")

    # -- the group

    async def _membership(self) -> None:
        """What aiokafka's coordinator does: give up, join, take what is dealt, until it changes."""
        group, consumer, thread = self.world.group, self.consumer, self.consumer.member
        while True:
            self.app.rebalancing = True
            await consumer.on_partitions_revoked(consumer.assignment())
            await self._heard()
            generation, partitions = await group.join(self.name)
            await self.world.weather.pass_by()
            thread.generation = self.app.consumer_generation_id = generation
            thread.confirmed_s = self.world.loop.time()
            topics = [*self.state.source_topics, *self.app.tables.changelog_topics]
            consumer.dealt = dict.fromkeys(
                sorted(TP(topic, p) for topic in topics for p in partitions), 0
            )
            self._changed = asyncio.Event()
            await consumer.on_partitions_assigned(consumer.assignment(), generation)
            await self._changed.wait()

    _changed = asyncio.Event()

    async def _heard(self) -> None:
        while self.world.loop.time() < self.deaf_until_s:
            await asyncio.sleep(1.0)

    async def _heartbeats(self) -> None:
        group, thread = self.world.group, self.consumer.member
        while True:
            await self._rest(HEARTBEAT_S)
            asked_s, generation = self.world.loop.time(), thread.generation
            if generation < 0 or asked_s < self.deaf_until_s:
                continue
            await self.world.weather.pass_by()
            answer = group.heartbeat(self.name, generation)
            await self.world.weather.pass_by()
            if generation != thread.generation:
                continue  # of a membership that is over
            if answer != "unknown":
                thread.confirmed_s = max(thread.confirmed_s, asked_s)
            if answer != "ok":
                if answer == "unknown" and not thread.blind:
                    thread.generation = -1
                self._changed.set()

    async def leave(self) -> None:
        """Stop in order: the last commit, then good-bye."""
        self.leaving = self.app.should_stop = True
        consumer, lane = self.consumer, self.lane
        applied, refused = dict(lane.positions.applied), lane.commits_refused
        if consumer.dealt:
            consumer.stop_flow()
            self.app.flow_control.suspend()
            consumer.pause_partitions(consumer.dealt)
            self.app.flow_control.clear()
        await consumer.on_stop()
        consumer.require_committed(applied, refused)
        await self.world.weather.pass_by()
        self.world.group.leave(self.name)
        self.process.kill("left")

    # -- alerts

    async def _mature(self) -> None:
        while True:
            await self._rest(30.0)
            await self.maturity.round()

    async def _follow_clocks(self) -> None:
        at, tp = 0, TP(self.state.settings.topic(FLOOR_CLOCK), 0)
        while True:
            await self.world.weather.pass_by()
            log = self.world.log.at(tp)
            for record in log.read(at, 1_000):
                self.state.alerting.hear(record.key, record.value)
                at = record.offset + 1
            await self._rest(20.0)

    # -- stops

    async def _read_stops(self, at: int) -> int:
        log = self.world.log.at(TP(self.state.settings.topic(INPUT_STOPS), 0))
        await self.world.weather.pass_by()
        for record in log.read(at, 1_000):
            where = parse_input((record.key or b"").decode())
            said = decode_input_state(record.value)
            if where is not None and said is not None:
                self.state.inputs.heard(TP(*where), said)
        return log.end

    async def _follow_stops(self, at: int) -> None:
        while True:
            await self._rest(40.0)
            at = await self._read_stops(at)


def _nothing() -> None:
    return None
