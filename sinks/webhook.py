"""Posts each new red alert, and each recovery, to one address: for chats and tickets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec import Struct, json

from sinks.alert_links import link_of
from sinks.http_post import Poster, PostRefused
from sinks.push_loop import LOOK_S, PushLoop, Tried
from sinks.webhook_queue import Mine, WebhookQueue
from sinks.webhook_signature import HEADER, ID_HEADER, signature
from streams.core.alerts.book import Entry
from streams.core.alerts.notices import Event, Notice
from streams.core.alerts.told import RepAlert
from streams.core.clock import Clock
from streams.core.errors import SinkUnavailable

log = logging.getLogger(__name__)

Entries = Callable[[], Sequence[Entry] | None]
"""All alerts; None while nobody can know, and then nothing is sent."""


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a post. `text` alone is what chats such as Slack or Mattermost show.

    `id`: what a receiver tells repeats by. `at_ms`: the contact that brought it about, UTC ms.
    `why`: why a red has ended. `alert`: the red as on the topic `rep-alerts`.
    """

    id: str
    event: Event
    at_ms: int
    text: str
    text_zh: str
    alert: RepAlert
    why: str = ""
    link: str = ""


class WebhookPusher:
    """Posts what `entries` has to tell to `url`, signed with `secret`; `mine`: this worker's part.

    `grace_ms`: how old a contact is when it is scored.
    A receiver that is away is tried again, later each time and for a day.
    """

    name = "webhook"

    def __init__(
        self,
        url: str,
        secret: str,
        entries: Entries,
        clock: Clock,
        *,
        mine: Mine = lambda _: True,
        grace_ms: int = 0,
        page_url: str | None = None,
        tried: Tried = lambda _: None,
        look_s: float = LOOK_S,
    ) -> None:
        self._poster = Poster(self.name, url)
        self._secret = secret
        self._entries = entries
        self._clock = clock
        self._queue = WebhookQueue(mine, grace_ms)
        self._page_url = page_url
        self._tried = tried
        self._loop = PushLoop(self.name, self._look, look_s)

    async def start(self) -> None:
        """Begin to look; never fails because the receiver is away."""
        await self._poster.start()
        self._loop.start()

    async def stop(self) -> None:
        """Post no more."""
        await self._loop.stop()
        await self._poster.close()

    async def _look(self) -> None:
        entries = self._entries()
        if entries is None:
            return
        refused: PostRefused | None = None
        due = self._queue.due(entries, self._clock.now_ms())
        for notice_id in self._queue.given_up:
            log.error("%s: nobody has taken %s for a day; given up", self.name, notice_id)
        self._queue.given_up.clear()
        for notice in due:
            try:
                await self._post(notice)
            except PostRefused as error:
                refused = error  # the next one may be wanted all the same
        if refused is not None:
            raise refused

    async def _post(self, notice: Notice) -> None:
        body = json.encode(message_of(notice, self._page_url))
        signed = signature(self._secret, body, self._clock.now_ms() // 1000)
        try:
            await self._poster.post(body, {HEADER: signed, ID_HEADER: notice.id})
        except SinkUnavailable:
            self._tried(False)
            raise
        self._tried(True)
        self._queue.done(notice.id)


def message_of(notice: Notice, page_url: str | None) -> Message:
    """What is posted of a message."""
    return Message(
        id=notice.id,
        event=notice.event,
        at_ms=notice.at_ms,
        text=notice.text.get("en", ""),
        text_zh=notice.text.get("zh", ""),
        alert=notice.alert,
        why=notice.why,
        link=link_of(notice.alert, page_url) or "",
    )
