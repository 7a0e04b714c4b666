"""Pages of a list in a fixed order: a cursor is the place behind the last item, never a number."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from aiohttp import web
from msgspec import json

_T = TypeVar("_T")
_K = TypeVar("_K", bound=tuple[Any, ...])


class ById(NamedTuple):
    """The key of a list that is in the order of its ids."""

    id: str


class ByRank(NamedTuple):
    """The key of a leaderboard; the best `value` is the smallest."""

    unranked: bool
    value: float
    id: str


def page(
    items: Sequence[tuple[_K, _T]], kind: type[_K], limit: int, cursor: str | None
) -> tuple[list[_T], str | None]:
    """(at most `limit` items behind the cursor, the next cursor or None); items are sorted by key.

    An item that comes or goes between two pages moves no other to another page. Answers 400 to a
    cursor that is none.
    """
    start = 0
    if cursor is not None:
        after = _read(cursor, kind)
        start = bisect_right(items, after, key=lambda one: one[0])
    part = items[start : start + limit]
    more = start + limit < len(items)
    return [one for _, one in part], _write(part[-1][0]) if more else None


def _write(key: object) -> str:
    return urlsafe_b64encode(json.encode(key)).decode().rstrip("=")


def _read(cursor: str, kind: type[_K]) -> _K:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key: _K = json.decode(text, type=kind)
    except (ValueError, msgspec.DecodeError):
        problem = f"cursor = {cursor[:100]!r}: must be `next` of an earlier page of this list"
        raise web.HTTPBadRequest(text=problem) from None
    return key
