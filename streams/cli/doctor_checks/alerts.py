"""Can alerts be told: has every partition come far enough in event time?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streams.cli.doctor_checks.finding import Finding, listed
from streams.cli.instant import shown
from streams.cli.kafka_read import read_topics
from streams.core.alerts.clocks import PartitionClock, decode_clock
from streams.core.calendar import MINUTE_MS
from streams.core.clock import SystemClock
from streams.core.malformed import DECODE_FAILURES
from streams.settings import Settings
from streams.topics import FLOOR_CLOCK

LATE_MS = 30 * MINUTE_MS
"""A partition speaks every five minutes of event time; from here on it holds everybody up."""


def alerts(settings: Settings) -> Iterator[Finding]:
    """The latest word of every partition in floor-clock."""
    told: dict[int, PartitionClock] = {}
    for record in read_topics(settings, [settings.topic(FLOOR_CLOCK)]):
        try:
            one = decode_clock(record.value or b"")
        except DECODE_FAILURES:
            continue
        told[one.partition] = one
    yield from judge_clocks(told, settings.partitions, SystemClock().now_ms())


def judge_clocks(
    told: Mapping[int, PartitionClock], partitions: int, now_ms: int
) -> Iterator[Finding]:
    """Partition to its latest word; `partitions` of them are waited for."""
    if not told:
        found = "no partition has told how far it is: no worker has counted yet"
        yield Finding("alerts", "warn", found, "start one: `floorcast worker`")
        return
    silent = [partition for partition in range(partitions) if partition not in told]
    if silent:
        names = listed(str(partition) for partition in silent)
        found = f"held up: partitions that have never told how far they are: {names}"
        yield Finding("alerts", "warn", found, "see `workers` and `lag` above")
        return
    until = {p: min(one.calls.until_ms, one.postings.until_ms) for p, one in told.items()}
    late = {p: at for p, at in sorted(until.items()) if now_ms - at > LATE_MS}
    if late:
        names = listed(f"{partition} ({shown(at)})" for partition, at in late.items())
        do = "see `workers`, `lag` and `stopped inputs` above; nothing is skipped meanwhile"
        yield Finding("alerts", "warn", f"held up by partitions that are at: {names}", do)
        return
    yield Finding(
        "alerts", "ok", f"all {partitions} partitions are past {shown(min(until.values()))}"
    )
