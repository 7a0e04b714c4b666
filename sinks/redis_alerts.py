"""Alerts in Redis, all of them in one hash: written by every worker, read by boards."""

from __future__ import annotations

from importlib.resources import files

from msgspec import DecodeError
from redis.asyncio import Redis

from sinks.redis_client import connect, shown, text, unavailable
from sinks.redis_keys import TTL_S, RedisKeys
from streams.core.alerts.known import KnownAlerts, decode_entries, encode_entries
from streams.core.errors import SinkUnavailable


class RedisAlerts:
    """Writes to the Redis at `url` under `prefix`; raises SinkUnavailable while it is away."""

    name = "redis-alerts"

    def __init__(self, url: str, prefix: str = "floorcast", *, ttl_s: int = TTL_S) -> None:
        self._url = url
        self._key = RedisKeys(prefix).alerts
        self._ttl_s = ttl_s
        self._client: Redis | None = None
        self._script = files("sinks").joinpath("lua/put_alerts.lua").read_text("utf-8")

    async def start(self) -> None:
        """Make the client; it connects with the first write."""
        if self._client is None:
            self._client = connect(self._url)

    async def write(self, known: KnownAlerts) -> None:
        """Take all alerts, when nobody who has heard as much was first."""
        with unavailable(self._url):
            # Most of the time another worker has written the same, and few bytes tell that.
            if not await self._put(known):
                await self._put(known, encode_entries(known.entries))

    async def forget(self, rep_id: str) -> None:
        """Take out the alerts of a rep at once, though no worker may run."""
        with unavailable(self._url):
            held = await _held(self._opened(), self._key, self._url)
            if held is not None:
                left = tuple(one for one in held.entries if one.alert.rep_id != rep_id)
                await self._opened().hset(self._key, "entries", encode_entries(left).decode())

    async def close(self) -> None:
        """Close the connections; what was written stays."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _put(self, known: KnownAlerts, *entries: bytes) -> bool:
        told: list[int | bytes] = [known.position, known.moment_ms, self._ttl_s, *entries]
        return bool(await self._opened().eval(self._script, 1, self._key, *told))

    def _opened(self) -> Redis:
        if self._client is None:
            msg = "start() comes before anything else"
            raise RuntimeError(msg)
        return self._client


class RedisAlertsReader:
    """Reads what `RedisAlerts` writes; every method raises SinkUnavailable."""

    def __init__(self, url: str, prefix: str = "floorcast") -> None:
        self._url = url
        self._key = RedisKeys(prefix).alerts
        self._client: Redis = connect(url)
        self._version: bytes | str | None = None

    async def load(self) -> KnownAlerts | None:
        """All alerts; None when nothing was ever written."""
        with unavailable(self._url):
            return await _held(self._client, self._key, self._url)

    async def changed(self) -> KnownAlerts | None:
        """All alerts when they are not those of the last call; None: nothing has changed.

        What was there and is lost is no change: workers write it again.
        """
        with unavailable(self._url):
            version = await self._client.hget(self._key, "version")
        if version is None or version == self._version:
            return None
        self._version = version
        return await self.load()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


async def _held(client: Redis, key: str, url: str) -> KnownAlerts | None:
    version, entries = await client.hmget(key, ["version", "entries"])
    if version is None or entries is None:
        return None
    try:
        position, _, moment = text(version).partition(" ")
        return KnownAlerts(
            position=int(position), moment_ms=int(moment), entries=decode_entries(_bytes(entries))
        )
    except (ValueError, DecodeError) as error:
        msg = f"redis at {shown(url)} holds alerts that floorcast did not write: {error}"
        raise SinkUnavailable(msg) from error
