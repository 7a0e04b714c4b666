"""Instants as RFC 3339 text: some sources write UTC, others their local time with its offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_MS = 60_000


def utc(at_ms: int) -> str:
    """UTC with milliseconds: `2026-11-23T08:15:00.250Z`."""
    minute, rest = divmod(at_ms, _MINUTE_MS)
    second, ms = divmod(rest, 1000)
    return f"{_minute(minute)}:{second:02}.{ms:03}Z"


def local(at_ms: int, zone: str) -> str:
    """Local time with milliseconds and offset: `2026-11-23T16:15:00.250+08:00`."""
    at = _EPOCH + timedelta(milliseconds=at_ms)
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")


# Three of four stamps fall into a minute that another rep's call has just named.
@lru_cache(maxsize=512)
def _minute(minute: int) -> str:
    return (_EPOCH + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M")
