"""Posts JSON to one address: short time-outs, no redirects, the address masked in words."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout

from streams.core.errors import SinkUnavailable

TIMEOUT_S = 5.0
"""Seconds for one post with its answer; a server slower than that counts as away."""
SHOWN_CHARACTERS = 200
_OK, _REDIRECT, _REFUSED, _BROKEN = 200, 300, 400, 500
_LATER = frozenset({408, 425, 429})


class PostRefused(SinkUnavailable):
    """The server answers, and does not want this: others may fare better."""


class Poster:
    """Posts to `url`; whatever goes wrong is SinkUnavailable, in words without a secret."""

    def __init__(self, name: str, url: str) -> None:
        parts = urlsplit(url)
        self.where = f"{name} at {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._url = url
        self._session: ClientSession | None = None

    async def start(self) -> None:
        """Make the client; it connects with the first post."""
        self._session = ClientSession(timeout=ClientTimeout(total=TIMEOUT_S))

    async def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Post once; raises SinkUnavailable, and PostRefused when the server says no to this."""
        if self._session is None:
            msg = "start() comes before anything else"
            raise RuntimeError(msg)
        kind = {"Content-Type": "application/json"}
        try:
            async with self._session.post(
                self._url, data=body, headers={**kind, **(headers or {})}, allow_redirects=False
            ) as answer:
                if _OK <= answer.status < _REDIRECT:
                    return
                said = (await answer.content.read(SHOWN_CHARACTERS)).decode(errors="replace")
        except (ClientError, OSError, TimeoutError) as error:
            # Its text may hold the whole address.
            msg = f"{self.where}: {type(error).__name__}"
            raise SinkUnavailable(msg) from error
        msg = f"{self.where} answers {answer.status} {' '.join(said.split())}".rstrip()
        if _REFUSED <= answer.status < _BROKEN and answer.status not in _LATER:
            raise PostRefused(msg)
        raise SinkUnavailable(msg)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()
