"""Tells an Alertmanager of the red alerts, as Prometheus would: again and again while they fire.

Every worker does it. Their alerts have the same labels, so the Alertmanager has each once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sinks.alertmanager_round import Told, encode_alerts, round_of
from sinks.http_post import Poster
from sinks.push_loop import LOOK_S, PushLoop, Tried
from streams.core.alerts.book import Entry
from streams.core.clock import Clock
from streams.core.errors import SinkUnavailable

Firing = Callable[[], Sequence[Entry] | None]
"""What fires now; None while nobody can know, and then nothing is sent."""

PATH = "/api/v2/alerts"


class AlertmanagerPusher:
    """Sends what `firing` gives to the Alertmanager at `url`, looking every `look_s` seconds.

    An Alertmanager that is away is tried again, later each time; one that has lost everything has
    it again within a minute.
    """

    name = "alertmanager"

    def __init__(
        self,
        url: str,
        firing: Firing,
        clock: Clock,
        *,
        page_url: str | None = None,
        tried: Tried = lambda _: None,
        look_s: float = LOOK_S,
    ) -> None:
        self._poster = Poster(self.name, url.rstrip("/") + PATH)
        self._firing = firing
        self._clock = clock
        self._page_url = page_url
        self._tried = tried
        self._told = Told()
        self._loop = PushLoop(self.name, self._look, look_s)

    async def start(self) -> None:
        """Begin to look; never fails because the Alertmanager is away."""
        await self._poster.start()
        self._loop.start()

    async def stop(self) -> None:
        """Say no more: other workers go on, and without them alerts end by themselves."""
        await self._loop.stop()
        await self._poster.close()

    async def _look(self) -> None:
        firing = self._firing()
        if firing is None:
            return
        due = round_of(self._told, firing, self._clock.now_ms(), self._page_url)
        if due is None:
            return
        try:
            await self._poster.post(encode_alerts(due.alerts))
        except SinkUnavailable:
            self._tried(False)
            raise
        self._tried(True)
        self._told = due.told
