"""One viewer's life: real connections to the event stream, and its manners."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

import aiohttp

from tests.soak.held import Held, Messages

RETRY_S = 1.0
"""A browser comes back after so long, as the stream's `retry` tells it."""
SMALL = 16 * 1024
"""Bytes that wait for a slow viewer on its own side of the connection."""


class Manner(StrEnum):
    """What a viewer does beside looking."""

    STAYS = "stays"
    COMES_AND_GOES = "comes and goes"
    RESUMES = "disconnects and resumes"
    SLOW = "is slow"


SHARES = {Manner.STAYS: 4, Manner.COMES_AND_GOES: 2, Manner.RESUMES: 2, Manner.SLOW: 2}
"""Of ten viewers."""


class Asked(NamedTuple):
    """What a viewer looks at: a page's address and the query of its board."""

    url: str
    query: Mapping[str, str]


class Viewer:
    """Looks until it is cancelled; once `calm` is set it stays and keeps up.

    `counts` is shared by all: what happened to them, by name.
    """

    def __init__(self, asked: Asked, manner: Manner, seed: int, counts: Counter[str]) -> None:
        self.asked = asked
        self.manner = manner
        self.held = Held()
        self.connected = False
        self.packed = seed % 4 != 0
        """Three of four take gzip, as browsers do; the others cost the page more."""
        self._random = random.Random(seed)
        self._counts = counts
        self._last_id = ""

    async def live(self, calm: asyncio.Event) -> None:
        """Connect, look, go, come back."""
        while True:
            try:
                async with asyncio.timeout(None if calm.is_set() else self._stay_s()):
                    await self._look(calm)
                self._counts["ended by the page"] += 1
            except TimeoutError:
                self._counts["gone"] += 1
            except (aiohttp.ClientError, ConnectionError):
                self._counts["dropped by the page"] += 1
            if self.manner is Manner.COMES_AND_GOES and not calm.is_set():
                self.held, self._last_id = Held(), ""
            with suppress(TimeoutError):
                async with asyncio.timeout(self._away_s()):
                    await calm.wait()
                    await asyncio.sleep(self._random.uniform(0, RETRY_S))

    def _stay_s(self) -> float | None:
        if self.manner in (Manner.COMES_AND_GOES, Manner.RESUMES):
            return self._random.uniform(2, 60)
        return None

    def _away_s(self) -> float:
        if self.manner is Manner.COMES_AND_GOES:
            return self._random.uniform(1, 30)
        if self.manner is Manner.RESUMES:  # some so soon that they are sent what they missed
            return self._random.choice((RETRY_S, 3.0, 20.0))
        return RETRY_S

    def _pause_s(self) -> float:
        """Before it takes more: some fall behind, some let the page wait for too long."""
        return self._random.choice((1.0, 3.0, 3.0, 40.0))

    async def _look(self, calm: asyncio.Event) -> None:
        resumes = bool(self._last_id)
        headers = {"Accept-Encoding": "gzip" if self.packed else "identity"}
        if resumes:
            headers["Last-Event-ID"] = self._last_id
        slow = self.manner is Manner.SLOW
        connector = aiohttp.TCPConnector(socket_factory=_small_socket if slow else None)
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None),
                read_bufsize=SMALL if slow else 4 * SMALL,
            ) as session,
            session.get(
                f"{self.asked.url}events", params=dict(self.asked.query), headers=headers
            ) as answer,
        ):
            answer.raise_for_status()
            self._counts["connections"] += 1
            self.connected = True
            try:
                await self._read(answer, calm, resumes=resumes)
            finally:
                self.connected = False
                answer.close()

    async def _read(
        self, answer: aiohttp.ClientResponse, calm: asyncio.Event, *, resumes: bool
    ) -> None:
        messages, first = Messages(), True
        async for piece in answer.content.iter_any():
            for message in messages.feed(piece):
                self._counts["messages"] += 1
                if message.event not in ("board", "change"):
                    continue
                if not first and message.event == "board":
                    self._counts["started over, for being slow"] += 1
                if first and resumes:
                    how = "whole" if message.event == "board" else "what was missed"
                    self._counts[f"resumed with {how}"] += 1
                first = False
                self.held.take(message)
                self._last_id = message.last_id
            if self.manner is Manner.SLOW and not calm.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause_s()):
                        await calm.wait()


def _small_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """With little room before the page has to wait, as over a bad line."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    made.setblocking(False)
    return made
