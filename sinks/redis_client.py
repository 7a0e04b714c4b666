"""Redis clients as sinks and boards use them: short time-outs, masked URLs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, OutOfMemoryError, RedisError
from redis.exceptions import ConnectionError as ConnectionLost

from streams.core.errors import SinkUnavailable

TIMEOUT_S = 2.0
"""Seconds for a connection or one answer; a server slower than that counts as away."""


def connect(url: str) -> Redis:
    """A client of the server at `url`; nothing is opened before it is used.

    redis://, rediss:// (TLS) or unix://, with `user:password@` for ACLs and redis-py's options in
    the query, such as `?ssl_ca_certs=/etc/ssl/redis.pem`. Raises ValueError when the URL is none.
    """
    return Redis.from_url(
        url,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        # Once and at once: a connection from before a restart is dead, a new one may do. Everything
        # sent may be repeated. Time-outs are not repeated; callers come again on their own.
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
        client_name="floorcast",
    )


def shown(url: str) -> str:
    """The URL fit for logs: neither user nor password nor options."""
    parts = urlsplit(url)
    place = parts.netloc.rsplit("@", 1)[-1]
    return f"{parts.scheme}://{place}{parts.path}"


@contextmanager
def unavailable(url: str) -> Iterator[None]:
    """Turns whatever Redis or the network says inside into SinkUnavailable."""
    try:
        yield
    except (RedisError, OSError) as error:
        msg = f"redis at {shown(url)}: {in_words(error)}"
        raise SinkUnavailable(msg) from error


def in_words(error: Exception) -> str:
    """What Redis or the network says, with what to do where that is known."""
    if isinstance(error, OutOfMemoryError):
        return "its memory is full: raise maxmemory"
    if isinstance(error, NoPermissionError):
        return f"{error}; the rights that are needed are in sinks/REDIS.md"
    if isinstance(error, AuthenticationError):
        # To whoever comes without a password it explains its protocol.
        why = "it asks for a password" if "HELLO" in str(error) else str(error)
        return f"{why}: set redis_user and redis_password"
    return str(error) or type(error).__name__


def text(value: bytes | str) -> str:
    """An answer of Redis as text; redis-py types it as either."""
    return value.decode() if isinstance(value, bytes) else value
