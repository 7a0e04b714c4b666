"""What a commit writes: changelogs, and when they are acknowledged the local stores."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.core.alerts.part import AlertPart
from streams.core.deal_desk import DealDesk
from streams.core.expiry import Expiry
from streams.core.scoreboard import Scoreboard
from streams.engine.lane.producer import Producer, Record, advance
from streams.engine.outbox import Outbox
from streams.engine.telemetry import Telemetry

REMOVED_A_COMMIT = 500
"""Rep-days of a partition that are removed with one commit, when they are no longer kept."""

Part = Scoreboard | DealDesk | AlertPart
"""What a table keeps of one partition."""
Items = list[tuple[bytes, bytes | None]]


class News(NamedTuple):
    """What a part of a partition has to write: to changelog and store, and to the store only."""

    topic: str
    table: str
    partition: int
    part: Part
    segments: Items
    totals: Items


async def write(
    news: Sequence[News], producer: Producer, outbox: Outbox, telemetry: Telemetry
) -> None:
    """Write changelogs, wait for every acknowledgement, the outbox's too, then write the stores.

    Raises whatever the producer raises; then no store was written.
    """
    topics = sorted({one.topic for one in news})
    writes = [
        producer.send_batches(
            topic,
            {
                one.partition: [(key, value, []) for key, value in one.segments]
                for one in news
                if one.topic == topic
            },
        )
        for topic in topics
    ]
    acknowledged, _ = await asyncio.gather(asyncio.gather(*writes), outbox.acknowledged())
    acks = dict(zip(topics, acknowledged, strict=True))
    for one in news:
        mine = [ack for ack in acks[one.topic] if ack.partition == one.partition]
        store = one.part.store
        store.write([*one.segments, *one.totals], advance(store.offset(), mine))
        one.part.evict()
        telemetry.changelog_records.labels(one.table).inc(len(one.segments))
        size = sum(len(key) + len(value or b"") for key, value in one.segments)
        telemetry.changelog_bytes.labels(one.table).inc(size)
        await asyncio.sleep(0)


async def remove_expired(
    topic: str,
    boards: Mapping[int, Scoreboard],
    expiries: Mapping[int, Expiry],
    today: int,
    producer: Producer,
) -> int:
    """Take days that are no longer kept out of changelog, totals and store, in that order.

    `today` is a day since 1970. Returns how many rep-days went.
    """
    removed = 0
    for partition, board in list(boards.items()):
        found = expiries[partition].find(today, REMOVED_A_COMMIT)
        if not found:
            continue
        tombstones: list[Record] = [(key, None, []) for one in found for key in one.segments]
        acks = await producer.send_batches(topic, {partition: tombstones})
        deletes = expiries[partition].forget(found)
        board.store.write(deletes, advance(board.store.offset(), acks))
        removed += len(found)
    return removed
