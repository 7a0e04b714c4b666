"""What a page holds, and when it says that it does not hold all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import cast

from msgspec import structs

from sinks.redis_reader import RedisReader, Update
from sinks.wallboard.model import BoardModel, follow
from streams.core.clock import ManualClock
from streams.core.snapshot import SnapshotBatch
from tests.browser.floor import news, rep

NOW = 1_800_000_000_000
REPS = [rep(number) for number in range(12)]  # six in each of two partitions


def told(*there: int, of: int = 6) -> BoardModel:
    """A page that has these reps, of partitions that show `of` each."""
    batch = news(NOW, *(REPS[number] for number in there))
    batch.status = [structs.replace(one, reps=of) for one in batch.status]
    model = BoardModel(ManualClock(NOW))
    model.take(batch)
    return model


def test_a_page_that_has_every_rep_is_live() -> None:
    assert told(*range(12)).pulse().state == "live"


def test_a_page_counts_the_reps_that_it_lacks_by_partition() -> None:
    model = told(*range(0, 12, 2), 1)  # all of partition 0, one of partition 1

    assert (model.pulse().state, model.pulse().about) == ("stale", ["5"])

    model.take(SnapshotBatch(reps=REPS))
    assert model.pulse().state == "live"


def test_more_reps_than_workers_know_of_are_no_fault() -> None:
    assert told(*range(12), of=3).pulse().state == "live"  # those of an earlier plan, for a day


def test_a_worker_that_does_not_count_its_reps_is_believed() -> None:
    assert told(3, of=0).pulse().state == "live"


class Forgetful:
    """A reader whose client loses a cancellation, as Redis' does when it meets an answer."""

    async def follow(self) -> AsyncGenerator[Update, None]:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        yield Update(SnapshotBatch(), complete=False)
        await asyncio.sleep(3600)


async def test_a_page_stops_though_its_client_loses_the_cancellation() -> None:
    model = BoardModel(ManualClock(NOW))
    following = asyncio.create_task(follow(cast(RedisReader, Forgetful()), model))
    await asyncio.sleep(0)
    following.cancel()
    await asyncio.wait([following], timeout=5)
    assert following.cancelled()
