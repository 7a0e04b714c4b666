"""How far a board can be trusted: what each source sent last, how each partition fares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from streams.core.snapshot import PartitionStatus, SourceFreshness

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

SILENT_AFTER_MS = {"call-ended": 15 * MINUTE_MS}
"""Topic to how old its newest event may be before its source counts as silent; others a day."""

NoticeKind = Literal[
    "missing", "recovering", "catching_up", "stopped", "silent", "stale", "loading", "filling"
]


class Freshness(Struct, frozen=True):
    """The newest event of a source over all partitions, UTC ms; `seen_ms` is its Kafka time."""

    topic: str
    source: str
    newest_ms: int
    seen_ms: int


class PartitionState(Struct, frozen=True, omit_defaults=True):
    """How a partition fares; `lag` in events, `stopped` is input topic to why."""

    partition: int
    state: str
    lag: int = 0
    stopped: dict[str, str] = {}


class Notice(Struct, frozen=True, omit_defaults=True):
    """A line of the board's banner: `text` in English, the rest for whoever says it otherwise.

    `count` is a lag in events or a number of reps, `since_ms` the newest event time of a source.
    """

    kind: NoticeKind
    text: str
    partition: int | None = None
    topic: str | None = None
    source: str | None = None
    count: int | None = None
    since_ms: int | None = None


def newest_per_source(seen: Iterable[SourceFreshness]) -> list[Freshness]:
    """The newest of each (topic, source) over the partitions, sorted by both."""
    newest: dict[tuple[str, str], SourceFreshness] = {}
    for one in seen:
        held = newest.get((one.topic, one.source))
        if held is None or (one.newest_ms, one.seen_ms) > (held.newest_ms, held.seen_ms):
            newest[one.topic, one.source] = one
    return [
        Freshness(topic, source, one.newest_ms, one.seen_ms)
        for (topic, source), one in sorted(newest.items())
    ]


def partition_states(status: Iterable[PartitionStatus]) -> list[PartitionState]:
    """The latest status of each partition, by partition."""
    latest: dict[int, PartitionStatus] = {}
    for one in status:
        held = latest.get(one.partition)
        if held is None or one.version >= held.version:
            latest[one.partition] = one
    return [
        PartitionState(number, one.state, one.lag, one.stopped)
        for number, one in sorted(latest.items())
    ]


def partition_notices(states: Iterable[PartitionState], partitions: int | None) -> list[Notice]:
    """What keeps partitions from being live; with their number known, also those nobody has."""
    notices = []
    known = {one.partition: one for one in states}
    for number in sorted(known.keys() | set(range(partitions or 0))):
        one = known.get(number)
        name = f"partition {number}"
        if one is None:
            text = f"{name} has no worker: its reps are not shown or stand still"
            notices.append(Notice("missing", text, number))
            continue
        if one.state == "recovering":
            notices.append(
                Notice("recovering", f"{name} is recovering: its reps stand still", number)
            )
        elif one.state == "catching_up":
            text = f"{name} is catching up: {one.lag} events behind"
            notices.append(Notice("catching_up", text, number, count=one.lag))
        for topic, why in sorted(one.stopped.items()):
            text = f"{name} reads {topic} no more: {why}"
            notices.append(Notice("stopped", text, number, topic))
    return notices


def silent_sources(
    freshness: Iterable[Freshness], now_ms: int, silent_after_ms: Mapping[str, int]
) -> list[Notice]:
    """Sources whose newest event is older than their topic allows."""
    notices = []
    for one in freshness:
        age_ms = now_ms - one.newest_ms
        if age_ms > silent_after_ms.get(one.topic, DAY_MS):
            text = f"{one.source} is silent: newest {one.topic} event {in_words(age_ms)} ago"
            notices.append(
                Notice("silent", text, topic=one.topic, source=one.source, since_ms=one.newest_ms)
            )
    return notices


def in_words(duration_ms: int) -> str:
    """A duration in days, hours or minutes, the largest of which there is one, rounded down."""
    for name, length in (("d", DAY_MS), ("h", HOUR_MS)):
        if duration_ms >= length:
            return f"{duration_ms // length} {name}"
    return f"{duration_ms // MINUTE_MS} min"
