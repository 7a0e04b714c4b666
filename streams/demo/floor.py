"""The demo's floor: two weeks and today's shift so far at full speed, then every event live."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

from msgspec import structs

from producers.kafka import EventProducer
from producers.pacing import Pacer
from producers.simulator import Arrival, FloorProfile, floor_profile, running_since, simulate
from producers.simulator.profile import Drop, with_drops
from streams.core.clock import Clock
from streams.core.errors import PipelineError
from streams.settings import Settings

LIVELY: Final = 6.0
"""With 36 reps a minute brings about a hundred calls, five deals, two reversals and six surveys."""

_DAY_MS = 86_400_000
_HISTORY_DAYS = 14
_HISTORY_REP_DAYS = 36 * _HISTORY_DAYS
"""A large floor gets fewer days before, or its first number would take too long."""
_DROPS_BEFORE_DAYS = 4
_DROP_SHARE = 0.15
ALERTS = """
# A floor with two weeks of history: usual is what was sold before the last three days.
[alerts]
minimum_days = 6
baseline_days = 10
baseline_lag_days = 3
"""
"""Of the demo's plan: as little history as an alert can stand on."""
_LONGEST_DAYS = 7
"""Longer than anybody watches; the simulator is lazy, so the end costs nothing."""
_DELIVERY_TIMEOUT_MS = 10_000


class FloorFailed(PipelineError):
    """The simulated floor could not go on; the message says why."""


class _Stopping(Exception):
    """Somebody asked the floor to stop while it was waiting."""


def demo_profile(reps: int, teams: int, seed: int, clock: Clock) -> FloorProfile:
    """A lively floor whose shifts run now; raises ValueError when a team would be empty."""
    return floor_profile(reps, teams, seed, lively=LIVELY, around_ms=clock.now_ms())


def history(profile: FloorProfile, until_ms: int) -> Iterator[Arrival]:
    """The days before, as on any floor: not lively."""
    days = max(min(_HISTORY_DAYS, _HISTORY_REP_DAYS // len(profile.reps)), 1)
    before = structs.replace(profile, lively=1.0)
    return simulate(before, until_ms - days * _DAY_MS, until_ms)


def with_one_who_drops(profile: FloorProfile, today_ms: int) -> FloorProfile:
    """The floor with a rep who sells far less since some days before `today_ms`, and goes on so."""
    drop = Drop(_DROP_SHARE, today_ms - _DROPS_BEFORE_DAYS * _DAY_MS)
    return with_drops(profile, {profile.reps[-1].id: drop})


class LiveFloor:
    """Sends a floor's events from a thread of its own, until it is stopped."""

    def __init__(self, settings: Settings, profile: FloorProfile, clock: Clock) -> None:
        self._clock = clock
        self._profile = profile
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._producer = EventProducer(
            settings.kafka(),
            idempotence=settings.producer_idempotence,
            topic_name=settings.topic,
            delivery_timeout_ms=_DELIVERY_TIMEOUT_MS,
        )
        # A daemon: a broker that is away may hold it for seconds, and must not hold up the end.
        self._thread = threading.Thread(target=self._run, name="floor", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def check(self) -> None:
        """Raise FloorFailed when it cannot go on, or an event was not delivered."""
        if self._error is not None:
            msg = f"the simulated floor stopped: {self._error!r}"
            raise FloorFailed(msg) from self._error
        if self._producer.failed and not self._stopping.is_set():
            why = self._producer.errors[0] if self._producer.errors else "no reason given"
            msg = f"{self._producer.failed:,} events were not delivered: {why}"
            raise FloorFailed(msg)

    def stop(self, timeout_s: float = 1.0) -> None:
        """Send no more, and wait for the thread up to `timeout_s`; what is queued is given up."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._send_all()
        except _Stopping:
            pass
        except BaseException as error:  # whatever it is, `check` tells it in the main thread
            self._error = error

    def _send_all(self) -> None:
        pacer = Pacer(self._clock, self._wait, None, never_ahead=True)
        opened_ms = self._clock.now_ms()
        start_ms = running_since(self._profile, opened_ms)
        end_ms = opened_ms + _LONGEST_DAYS * _DAY_MS
        profile = with_one_who_drops(self._profile, start_ms)
        for arrival in history(profile, start_ms):
            self._send(arrival)
        for arrival in simulate(profile, start_ms, end_ms):
            pacer.wait_for(arrival.arrival_ms)
            self._send(arrival)

    def _send(self, arrival: Arrival) -> None:
        if self._stopping.is_set():
            raise _Stopping
        self._producer.send(arrival.topic, arrival.key, arrival.value)

    def _wait(self, seconds: float) -> None:
        self._producer.poll(seconds)
        if self._stopping.is_set():
            raise _Stopping
