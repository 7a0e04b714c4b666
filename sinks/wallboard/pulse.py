"""How fresh a board is, in one word and one reason: what stands in one place of every page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from msgspec import Struct

from sinks.wallboard.pace import GRACE_MS, Pace
from streams.core.board_health import (
    DAY_MS,
    SILENT_AFTER_MS,
    Freshness,
    Notice,
    newest_per_source,
    partition_notices,
    partition_states,
    silent_sources,
)
from streams.core.snapshot import PartitionStatus, SourceFreshness

Reason = Literal[
    "",
    "cut_off",
    "nobody_yet",
    "no_word",
    "no_word_of",
    "missing",
    "stopped",
    "filling",
    "recovering",
    "catching_up",
    "silent",
]
"""Why a board is not live, for pages that say it in another language than `why` does."""

State = Literal["live", "catching_up", "stale", "waiting"]

SILENT_WORKER_MS = 10_000
"""A partition of which nothing was heard for longer makes the board stale."""

_NAMED = 3


class Outage(NamedTuple):
    """Why nothing new can reach the board at all, and since when (UTC ms)."""

    why: str
    since_ms: int


class Source(Struct, frozen=True):
    """The newest event of a source, UTC ms; `stale`: it is later than usual by more than 10 s.

    `usual_ms` is the age it may usually reach, None while that is not known.
    """

    topic: str
    source: str
    newest_ms: int
    usual_ms: int | None
    stale: bool


class Pulse(Struct, frozen=True):
    """The state of a board at `now_ms`; times in UTC ms.

    live: all partitions spoke within `age_ms`. catching_up: `lag` events are not counted yet.
    stale: what is shown is as of `since_ms` (None: unknown), because of `why`. waiting: nothing
    was ever heard. `reason` is `why` for machines, `about` the partitions or sources it names.
    `notices` is the banner, `sources` the newest event of each source, `loading` how many reps
    have no earlier days yet.
    """

    state: State
    now_ms: int
    age_ms: int
    since_ms: int | None
    why: str
    lag: int
    sources: list[Source]
    notices: list[Notice]
    reason: Reason = ""
    about: list[str] = []
    loading: int = 0


def pulse(
    now_ms: int,
    status: Collection[PartitionStatus],
    sources: Collection[SourceFreshness],
    *,
    partitions: int | None = None,
    outage: Outage | None = None,
    pace: Pace | None = None,
    loading: int = 0,
    absent: int = 0,
) -> Pulse:
    """Judge a board; `partitions` is how many there should be, None when that is not known.

    `absent` is how many reps workers show and the board does not have (yet).
    """
    newest = newest_per_source(sources)
    notices = partition_notices(partition_states(status), partitions)
    notices += silent_sources(newest, now_ms, SILENT_AFTER_MS)
    heard_ms = min((one.version[0] for one in status), default=None)
    if absent:
        notices.append(Notice("filling", f"{absent} reps are not there yet", count=absent))
    state, since_ms, why, reason, about = _verdict(now_ms, status, notices, heard_ms, outage)
    if loading:
        text = f"earlier days are still being read, after a start, for {loading} reps"
        notices.append(Notice("loading", text, count=loading))
    return Pulse(
        state=state,
        now_ms=now_ms,
        age_ms=0 if heard_ms is None else max(0, now_ms - heard_ms),
        since_ms=since_ms,
        why=why,
        lag=sum(one.lag for one in status),
        sources=[_source(one, now_ms, pace) for one in newest],
        notices=notices,
        reason=reason,
        about=about,
        loading=loading,
    )


def _source(one: Freshness, now_ms: int, pace: Pace | None) -> Source:
    usual = None if pace is None else pace.usual_ms(one.topic, one.source)
    most = SILENT_AFTER_MS.get(one.topic, DAY_MS)
    most = most if usual is None else min(most, usual + GRACE_MS)
    return Source(one.topic, one.source, one.newest_ms, usual, now_ms - one.newest_ms > most)


_Verdict = tuple[State, int | None, str, Reason, list[str]]


def _verdict(
    now_ms: int,
    status: Collection[PartitionStatus],
    notices: list[Notice],
    heard_ms: int | None,
    outage: Outage | None,
) -> _Verdict:
    """The state and its reason: what is wrong with all comes before what is with a part."""
    if outage is not None:
        return "stale", outage.since_ms, outage.why, "cut_off", []
    if heard_ms is None:
        return "waiting", None, "no worker has reported yet", "nobody_yet", []
    if now_ms - heard_ms > SILENT_WORKER_MS:
        late = [one for one in status if now_ms - one.version[0] > SILENT_WORKER_MS]
        if len(late) == len(status):
            return "stale", heard_ms, "no word from the workers", "no_word", []
        text = _partitions(late)
        return "stale", heard_ms, f"no word from partition {text}", "no_word_of", [text]
    kinds: dict[str, list[Notice]] = {}
    for one in notices:
        kinds.setdefault(one.kind, []).append(one)
    # filling: of a Redis that was emptied, say. Every sum is too low.
    stopping: tuple[Reason, ...] = ("missing", "stopped", "filling")
    for kind in stopping:
        if kind in kinds:
            first = kinds[kind][0]
            named = [str(first.partition), first.topic or ""]
            about = [str(first.count)] if kind == "filling" else named
            return "stale", None, first.text, kind, about
    behind: tuple[Reason, Reason] = ("recovering", "catching_up")
    for kind in behind:
        if kind in kinds:
            return "catching_up", None, kind.replace("_", " "), kind, []
    if "silent" in kinds:
        silent = kinds["silent"]
        names = sorted({one.source or "" for one in silent})
        since_ms = min(one.since_ms or 0 for one in silent)
        return "stale", since_ms, f"{', '.join(names)} silent", "silent", names
    return "live", None, "", "", []


def _partitions(late: list[PartitionStatus]) -> str:
    numbers = sorted(one.partition for one in late)
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return f"{', '.join(map(str, numbers[:_NAMED]))}{more}"
