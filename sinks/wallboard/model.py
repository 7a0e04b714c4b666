"""What a page shows: the latest snapshots, from a worker's own process or out of Redis."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping

from sinks.latest import Latest
from sinks.redis_alerts import RedisAlertsReader
from sinks.redis_reader import RedisReader
from sinks.wallboard.choices import Choices, choices_of
from sinks.wallboard.pace import Pace
from sinks.wallboard.pulse import Outage, Pulse, pulse
from streams.core.alerts.book import Entry
from streams.core.alerts.known import KnownAlerts
from streams.core.board import EVERYTHING, Board, board_rows
from streams.core.board_filter import Filter
from streams.core.board_health import newest_per_source
from streams.core.clock import Clock
from streams.core.errors import SinkUnavailable
from streams.core.snapshot import RepSnapshot, SnapshotBatch, WindowName

RETRY_S = 1.0
"""Seconds between attempts to reach a Redis that is away."""
MANY_REPS = 500
CHOICES_MS = 5_000
"""From so many reps on what can be chosen is looked up this often: it takes a look at each rep."""

_log = logging.getLogger(__name__)


class BoardModel:
    """The latest snapshots and the boards they make; wakes up whoever waits for a change.

    `team_names` are labels by team id, `partitions` how many there should be (None: not known).
    """

    def __init__(
        self,
        clock: Clock,
        *,
        team_names: Mapping[str, str] | None = None,
        partitions: int | None = None,
    ) -> None:
        self.latest = Latest()
        self.alerts: KnownAlerts | None = None
        self.entries: tuple[Entry, ...] = ()
        self._clock = clock
        self._team_names = dict(team_names or {})
        self._partitions = partitions
        self._outage: Outage | None = None
        self._changed = asyncio.Event()
        self._pace = Pace()
        self._choices = Choices()
        self._choices_ms = 0
        self._choices_of = -1
        self._counted_of = -1
        self._counted = (0, 0)

    def take(self, batch: SnapshotBatch, *, complete: bool = False) -> None:
        """Take a batch; `complete`: it is all there is. What it releases is dropped first."""
        before = self.latest.revision, self._outage
        self._outage = None
        if complete:
            self.latest.replace(batch)
        else:
            self.latest.release(batch.released)
            self.latest.take(batch)
        if batch.freshness:
            now_ms = self._clock.now_ms()
            self._pace.saw(now_ms, newest_per_source(self.latest.freshness.values()))
        if before != (self.latest.revision, None):
            self._changed.set()

    def take_alerts(self, known: KnownAlerts, *, ordered: bool = False) -> None:
        """Take all alerts, unless those held are of somebody who has heard more.

        `ordered`: whoever hands them on has seen to that already.
        """
        if not ordered and self.alerts is not None and known.version <= self.alerts.version:
            return
        self.alerts = known
        # Whoever looks is told of a change by these being others, so equal ones stay the same.
        if known.entries != self.entries:
            self.entries = known.entries
            self._changed.set()

    def cut_off(self, why: str) -> None:
        """Note that nothing new can come; what there is stays on show."""
        if self._outage is None:
            self._outage = Outage(why, self._clock.now_ms())
            self._changed.set()

    async def changed(self) -> None:
        """Return when something has changed since it last returned; for one waiter."""
        await self._changed.wait()
        self._changed.clear()

    def board(
        self,
        window: WindowName,
        *,
        team: str | None = None,
        rep: str | None = None,
        by: Filter = EVERYTHING,
        sort: str,
        least: Mapping[str, int] | None = None,
    ) -> Board:
        """The board now, made of all reps; raises SettingsError when `sort` names nothing.

        May run in a thread: it reads copies of what it shows.
        """
        held = list(self.latest.reps.values())
        return self.board_of(held, window, team=team, rep=rep, by=by, sort=sort, least=least)

    def board_of(
        self,
        reps: list[RepSnapshot],
        window: WindowName,
        *,
        team: str | None = None,
        rep: str | None = None,
        by: Filter = EVERYTHING,
        sort: str,
        least: Mapping[str, int] | None = None,
    ) -> Board:
        """The board now, made of these reps."""
        return board_rows(
            reps,
            window,
            self._clock.now_ms(),
            team=team,
            rep=rep,
            narrowed_to=by,
            sort=sort,
            least=least,
            team_names=self._team_names,
            freshness=list(self.latest.freshness.values()),
            status=list(self.latest.status.values()),
            partitions=self._partitions,
        )

    def now_ms(self) -> int:
        """The time that boards are made at."""
        return self._clock.now_ms()

    def choices(self) -> Choices:
        """What there is to choose from; of a large floor as it was some seconds ago at most."""
        now_ms, revision = self._clock.now_ms(), self.latest.revision
        many = len(self.latest.reps) > MANY_REPS and now_ms - self._choices_ms < CHOICES_MS
        if revision != self._choices_of and not (many and self._choices.teams):
            self._choices = choices_of(self.latest.reps.values(), self._team_names)
            self._choices_ms, self._choices_of = now_ms, revision
        return self._choices

    def pulse(self) -> Pulse:
        """How fresh the board is now."""
        loading, absent = self._count()
        return pulse(
            self._clock.now_ms(),
            self.latest.status.values(),
            self.latest.freshness.values(),
            partitions=self._partitions,
            outage=self._outage,
            pace=self._pace,
            loading=loading,
            absent=absent,
        )

    def _count(self) -> tuple[int, int]:
        """Reps whose earlier days are still being read, and reps that workers show beside them."""
        latest = self.latest
        if self._counted_of != latest.revision:
            self._counted_of = latest.revision
            loading = sum(one.loading for one in latest.reps.values())
            held = Counter(one.partition for one in latest.reps.values())
            absent = sum(max(0, one.reps - held[one.partition]) for one in latest.status.values())
            self._counted = loading, absent
        return self._counted


class WallboardSink:
    """Feeds the page in a worker's own process; it shows owned partitions only."""

    name = "wallboard"

    def __init__(self, model: BoardModel) -> None:
        self._model = model

    async def start(self) -> None:
        """Nothing to open."""

    async def write(self, batch: SnapshotBatch) -> None:
        """Take a batch; never raises."""
        self._model.take(batch)

    async def needs_resync(self) -> bool:
        """Never: the model lives as long as the process."""
        return False

    async def close(self) -> None:
        """Nothing to close."""


class WallboardAlerts:
    """Hands alerts to the page in a worker's own process."""

    name = "wallboard-alerts"

    def __init__(self, model: BoardModel) -> None:
        self._model = model

    async def start(self) -> None:
        """Nothing to open."""

    async def write(self, known: KnownAlerts) -> None:
        """Take all there is; never raises."""
        self._model.take_alerts(known)

    async def close(self) -> None:
        """Nothing to close."""


async def follow_alerts(reader: RedisAlertsReader, model: BoardModel) -> None:
    """Feed a model with the alerts in Redis until cancelled; while it is away the old ones stay."""
    task = asyncio.current_task()
    while True:
        try:
            known = await reader.changed()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError  # as in `follow`
            if known is not None:
                model.take_alerts(known, ordered=True)
        except SinkUnavailable as error:
            _log.warning("the page shows old alerts: %s", error)
        await asyncio.sleep(RETRY_S)


async def follow(reader: RedisReader, model: BoardModel) -> None:
    """Feed a model out of Redis until cancelled; while Redis is away the model says so."""
    task = asyncio.current_task()
    while True:
        try:
            async for update in reader.follow():
                if task is not None and task.cancelling():
                    # Redis' client may lose a cancellation that meets an answer; nobody repeats it.
                    raise asyncio.CancelledError
                model.take(update.batch, complete=update.complete)
        except SinkUnavailable as error:
            _log.warning("the page shows old numbers: %s", error)
            model.cut_off("Redis is away")
        await asyncio.sleep(RETRY_S)
