"""Puts a worker together: the Faust app, its lane, its state and what shows it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, cast

from faust.app.base import BootStrategy
from mode import Service

from streams.core.clock import Clock
from streams.core.forgetting import ForgottenReps
from streams.core.plan import Plan
from streams.core.ports import AlertsTo, Sink
from streams.engine.agents import add_agents
from streams.engine.alert_book import AlertsOfWorker
from streams.engine.fatal import stop_now
from streams.engine.follow import Follower
from streams.engine.guard import Guard, Refused
from streams.engine.lane.lane import Lane, LaneApp
from streams.engine.lane.producer import Producer
from streams.engine.lane.settings import app_options, credentials
from streams.engine.lane.transport import install
from streams.engine.maturity import Maturity
from streams.engine.outbox import Outbox, Outgoing
from streams.engine.predecessor import Predecessor
from streams.engine.publisher import Publisher
from streams.engine.quiet_outbox import QuietOutbox
from streams.engine.state import State
from streams.engine.stops import Stops
from streams.engine.takeover import Takeover
from streams.engine.telemetry import Telemetry
from streams.engine.watchdog import Watchdog
from streams.settings import Settings
from streams.topics import (
    FLOOR_CLOCK,
    FORGOTTEN_REPS,
    INPUT_STOPS,
    TABLES,
    changelog,
    dead_letter,
    inputs,
)

log = logging.getLogger(__name__)

START_S = 180.0
"""How long one part may take to start: a large `state-basis` or a slow broker takes seconds."""

Hook = Callable[[], Awaitable[None]]


class Worker:
    """One worker: `app` to be run by Faust, and the parts a command may want to look at."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        sinks: Sequence[Sink],
        clock: Clock,
        telemetry: Telemetry,
        *,
        rebuilding: bool = False,
        alerts_to: Sequence[AlertsTo] = (),
    ) -> None:
        """`rebuilding`: count beside the live generation, and show nothing until this one is."""
        install()
        self.settings = settings
        self.app = LaneApp(settings.group, **app_options(settings))
        self.predecessor = Predecessor(settings)
        self.outbox = self._outbox(rebuilding)
        self.state = State(settings, plan, clock, telemetry, self.outbox)
        self.lane = Lane(self.app, self.state, idempotent=settings.producer_idempotence)
        self.state.bind(self.lane)
        self.state.inputs.heeding = not rebuilding
        self.state.inputs.passed = lambda tp: self.predecessor.passed(*tp)
        self.forgotten = ForgottenReps()
        self.publisher = Publisher(
            self.state, sinks, clock, telemetry, self.outbox, forgotten=self.forgotten
        )
        self.publisher.live = not rebuilding
        self.alerts = AlertsOfWorker(
            settings,
            consumer_options(settings),
            alerts_to,
            clock,
            telemetry=telemetry,
            forgotten=self.forgotten,
        )
        self.alerts.live = not rebuilding
        self.takeover = Takeover(self.state, self.lane, self.publisher, self._begin)
        self.watchdog = Watchdog(self.state, self.lane)
        self.guard = Guard(settings, plan, clock, self.takeover.heard)
        self.stops = Stops(settings, consumer_options(settings), self.state.inputs.heard)
        self.forgetting = Follower(
            settings.topic(FORGOTTEN_REPS), consumer_options(settings), self._forget
        )
        self.floor_clock = Follower(
            settings.topic(FLOOR_CLOCK), consumer_options(settings), self.state.alerting.hear
        )
        self.state.alerting.ends = self.floor_clock.ends
        self.maturity = Maturity(self.state)
        add_agents(self.app, self.lane, self.state, self.outbox)

    def run_with(self, before: Sequence[Hook], after: Sequence[Hook]) -> None:
        """Run these hooks around the worker's own: `before` the first event, `after` the last."""
        boot = Boot(self.app)
        boot.sidecar = Sidecar(
            [*before, self._start],
            [self._stop, *after],
            loop=self.app.loop,
            beacon=self.app.beacon,
        )
        self.app.boot_strategy = boot

    async def _start(self) -> None:
        """What must run before the first event: the state is sound, stops known, sinks ready."""
        await self.guard.start()
        before = self.guard.before if self.settings.generation else None
        if before is not None:
            self.predecessor.open(before)
            await self.predecessor.look()
        for table in TABLES:
            name = changelog(self.settings, table)
            self.lane.identities[table] = self.guard.around.store_identity(name)
        await self.stops.start()
        await self.forgetting.start()
        await self.floor_clock.start()
        await self.publisher.start()
        self.alerts.start()
        self.maturity.start()
        self.watchdog.start()
        self.guard.tell()

    async def _stop(self) -> None:
        """Show no more."""
        self.watchdog.stop()
        await self.maturity.stop()
        await self.alerts.stop()
        await self.publisher.stop()
        await self.stops.stop()
        await self.forgetting.stop()
        await self.floor_clock.stop()
        await self.guard.stop()
        self.takeover.stop()
        self.predecessor.close()
        if self.takeover.farewell:
            os.write(2, f"floorcast: stopped: {self.takeover.farewell}\n".encode())

    def _outbox(self, rebuilding: bool) -> Outbox:
        settings = self.settings
        if not settings.generation:
            return Outbox(self._send, self._send_batch)
        letters = [dead_letter(settings.topic(kind)) for kind in inputs(settings)]
        quiet = [settings.topic(INPUT_STOPS)]
        return QuietOutbox(
            self._send,
            self.predecessor,
            letters,
            quiet,
            live=not rebuilding,
            batch=self._send_batch,
        )

    def _begin(self) -> None:
        """This generation is live: what it was quiet about is said from here on."""
        if isinstance(self.outbox, QuietOutbox):
            self.outbox.live = True
        self.alerts.live = True
        for record in self.state.inputs.heed():
            self.outbox.put(record)

    def _forget(self, key: bytes | None, value: bytes | None) -> None:
        """Somebody is shown under another name from here on: everywhere, at once."""
        if self.forgotten.hear(key, value):
            self.publisher.show_again()

    async def _send(self, record: Outgoing) -> asyncio.Future[object]:
        producer = cast(Producer, self.app.producer)._ensure_producer()  # noqa: SLF001 # Faust's own send makes three objects a record
        future = await producer.send(
            record.topic,
            value=record.value,
            key=record.key,
            partition=record.partition,
            headers=list(record.headers),
        )
        return cast("asyncio.Future[object]", future)

    async def _send_batch(
        self, topic: str, partition: int, records: Sequence[Outgoing]
    ) -> tuple[int, asyncio.Future[object]]:
        producer = cast(Producer, self.app.producer)
        items = ((one.key, one.value, list(one.headers)) for one in records)
        return await producer.send_some(topic, partition, items)


def consumer_options(settings: Settings) -> dict[str, Any]:
    """Options of a plain aiokafka consumer for the settings' cluster."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.brokers,
        "security_protocol": settings.security_protocol,
    }
    found = credentials(settings)
    if found is not None:
        options["ssl_context"] = getattr(found, "ssl_context", None) or getattr(
            found, "context", None
        )
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password,
        }
    return options


class Boot(BootStrategy):
    """Faust's order of starting, with our own services where its web server would be.

    That is after the producer and before the consumer, and the other way round at the stop: stops
    are known and `/metrics` answers before the first event, and the last commit still sees both.
    """

    sidecar: Service

    def web_server(self) -> Iterable[Any]:
        """Our services instead of Faust's web server."""
        return [self.sidecar]


class Sidecar(Service):
    """Runs hooks with the app: `before` Kafka is read, and `after` it is not read any more."""

    def __init__(self, before: Sequence[Hook], after: Sequence[Hook], **options: Any) -> None:
        super().__init__(**options)
        self._before = before
        self._after = after

    async def on_start(self) -> None:
        """Run the hooks in order; one that fails, or has no end, ends the process."""
        for hook in self._before:
            try:
                async with asyncio.timeout(START_S):
                    await hook()
            except TimeoutError:
                stop_now(f"the worker cannot start: something hung for {START_S:.0f} s")
            except Refused as refused:
                stop_now(f"the worker does not start: {refused}", refused.exit_code)
            except Exception as error:
                stop_now(f"the worker cannot start: {str(error) or type(error).__name__}")

    async def on_stop(self) -> None:
        """Run the hooks in order; one that fails is logged."""
        for hook in self._after:
            try:
                await hook()
            except Exception:
                log.exception("stopping")
