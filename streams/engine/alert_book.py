"""The life of all alerts in a worker: read from Kafka, handed to whoever shows them.

Every worker does the same with all alerts, whoever's they are; nothing waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from streams.core.alerts.book import KEPT_MS, AlertBook
from streams.core.alerts.heard import hear_action, hear_alert
from streams.core.alerts.known import MOMENT_MS, KnownAlerts
from streams.core.calendar import DAY_MS
from streams.core.clock import Clock
from streams.core.errors import SinkUnavailable
from streams.core.forgetting import ForgottenReps
from streams.core.ports import AlertsTo
from streams.engine.follow import Follower
from streams.engine.telemetry import Telemetry
from streams.settings import Settings
from streams.topics import ALERT_ACTIONS, REP_ALERTS

log = logging.getLogger(__name__)

ENDED_SHOWN_MS = DAY_MS
"""How long after its end an alert is still handed on; `floorcast alerts list` has the others."""
TURN_S = 0.5
RETRY_S = 10.0


class AlertsOfWorker:
    """Hears alerts and actions, and hands all that is to be shown to each of `to`.

    `live` False: nothing is handed on. Reps that `forgotten` hides are left out.
    """

    def __init__(
        self,
        settings: Settings,
        options: dict[str, Any],
        to: Sequence[AlertsTo],
        clock: Clock,
        *,
        telemetry: Telemetry,
        forgotten: ForgottenReps,
    ) -> None:
        self.live = True
        self._to = to
        self._clock = clock
        self._telemetry = telemetry
        self._forgotten = forgotten
        self._book = AlertBook(ended_kept_ms=ENDED_SHOWN_MS, generation=settings.generation)
        since_ms = max(clock.now_ms() - KEPT_MS, 0)
        self._followers = [
            Follower(
                settings.topic(topic), options, self._readable(topic, heard), since_ms=since_ms
            )
            for topic, heard in (
                (REP_ALERTS, hear_alert),
                (ALERT_ACTIONS, hear_action),
            )
        ]
        self._known: KnownAlerts | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen, in the background: no event waits for it."""
        if self._to:
            self._tasks = [asyncio.create_task(self._listen(), name="alerts")]

    async def stop(self) -> None:
        """Hand on no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for follower in self._followers:
            await follower.stop()
        for one in self._to:
            await one.close()

    def known(self) -> KnownAlerts:
        """All that is to be shown now."""
        now_ms = self._clock.now_ms()
        position = sum(one.position for one in self._followers)
        moment_ms = now_ms - now_ms % MOMENT_MS
        if self._known is None or self._known.version != (position, moment_ms):
            self._book.forget(now_ms)
            entries = self._book.entries(now_ms)
            self._known = KnownAlerts(
                position=position,
                moment_ms=moment_ms,
                entries=tuple(e for e in entries if not self._forgotten.hides(e.alert.rep_id)),
            )
        return self._known

    async def _listen(self) -> None:
        for follower in self._followers:
            while True:
                try:
                    await follower.start()
                    break
                except Exception as error:
                    log.warning("alerts are not shown: %s; trying again", error)
                    await follower.stop()
                    await asyncio.sleep(RETRY_S)
        self._tasks += [asyncio.create_task(self._hand_to(one), name=one.name) for one in self._to]

    async def _hand_to(self, to: AlertsTo) -> None:
        await to.start()
        written: tuple[int, int] | None = None
        while True:
            if self.live and (known := self.known()).version != written:
                self._telemetry.sink_writes.labels(to.name).inc()
                try:
                    await to.write(known)
                    written = known.version
                except Exception as error:
                    # A defect of one must stop neither the count nor the others.
                    self._telemetry.sink_failures.labels(to.name).inc()
                    if isinstance(error, SinkUnavailable):
                        log.warning("%s is away (%s): again in %.0f s", to.name, error, RETRY_S)
                    else:
                        log.exception("%s failed; trying again", to.name)
                    await asyncio.sleep(RETRY_S)
            await asyncio.sleep(TURN_S)

    def _readable(
        self, topic: str, heard: Callable[[AlertBook, bytes | None], str]
    ) -> Callable[[bytes | None, bytes | None], None]:
        def hear(_: bytes | None, value: bytes | None) -> None:
            if why := heard(self._book, value):
                self._telemetry.alerts.labels("unreadable", topic).inc()
                log.warning("a record of %s is not understood: %s", topic, why)

        return hear
