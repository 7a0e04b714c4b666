"""How fresh a board is, in one word and one reason: what stands in one place of every page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from msgspec import Struct

from streams.core.board_health import (
    SILENT_AFTER_MS,
    Freshness,
    Notice,
    newest_per_source,
    partition_notices,
    partition_states,
    silent_sources,
)
from streams.core.snapshot import PartitionStatus, SourceFreshness

State = Literal["live", "catching_up", "stale", "waiting"]

SILENT_WORKER_MS = 10_000
"""A partition of which nothing was heard for longer makes the board stale."""

_NAMED = 3


class Outage(NamedTuple):
    """Why nothing new can reach the board at all, and since when (UTC ms)."""

    why: str
    since_ms: int


class Pulse(Struct, frozen=True):
    """The state of a board at `now_ms`; times in UTC ms.

    live: all partitions spoke within `age_ms`. catching_up: `lag` events are not counted yet.
    stale: what is shown is as of `since_ms` (None: unknown), because of `why`. waiting: nothing
    was ever heard. `notices` is the banner, `sources` the newest event of each source.
    """

    state: State
    now_ms: int
    age_ms: int
    since_ms: int | None
    why: str
    lag: int
    sources: list[Freshness]
    notices: list[Notice]


def pulse(
    now_ms: int,
    status: Collection[PartitionStatus],
    sources: Collection[SourceFreshness],
    *,
    partitions: int | None = None,
    outage: Outage | None = None,
) -> Pulse:
    """Judge a board; `partitions` is how many there should be, None when that is not known."""
    newest = newest_per_source(sources)
    notices = partition_notices(partition_states(status), partitions)
    notices += silent_sources(newest, now_ms, SILENT_AFTER_MS)
    heard_ms = min((one.version[1] for one in status), default=None)
    state, since_ms, why = _verdict(now_ms, status, notices, heard_ms, outage)
    return Pulse(
        state=state,
        now_ms=now_ms,
        age_ms=0 if heard_ms is None else max(0, now_ms - heard_ms),
        since_ms=since_ms,
        why=why,
        lag=sum(one.lag for one in status),
        sources=newest,
        notices=notices,
    )


def _verdict(
    now_ms: int,
    status: Collection[PartitionStatus],
    notices: list[Notice],
    heard_ms: int | None,
    outage: Outage | None,
) -> tuple[State, int | None, str]:
    """(state, since, why): what is wrong with all of the board comes before what is with a part."""
    if outage is not None:
        return "stale", outage.since_ms, outage.why
    if heard_ms is None:
        return "waiting", None, "no worker has reported yet"
    if now_ms - heard_ms > SILENT_WORKER_MS:
        late = [one for one in status if now_ms - one.version[1] > SILENT_WORKER_MS]
        everyone = len(late) == len(status)
        return "stale", heard_ms, "no word from the workers" if everyone else _partitions(late)
    kinds: dict[str, list[Notice]] = {}
    for one in notices:
        kinds.setdefault(one.kind, []).append(one)
    for kind in ("missing", "stopped"):
        if kind in kinds:
            return "stale", None, kinds[kind][0].text
    if "recovering" in kinds or "catching_up" in kinds:
        return "catching_up", None, "recovering" if "recovering" in kinds else "catching up"
    if "silent" in kinds:
        silent = kinds["silent"]
        names = ", ".join(sorted({one.source or "" for one in silent}))
        return "stale", min(one.since_ms or 0 for one in silent), f"{names} silent"
    return "live", None, ""


def _partitions(late: list[PartitionStatus]) -> str:
    numbers = sorted(one.partition for one in late)
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return f"no word from partition {', '.join(map(str, numbers[:_NAMED]))}{more}"
