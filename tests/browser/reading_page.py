"""A page that follows a Redis, without its server: what a board would show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sinks.redis_reader import RedisReader
from sinks.wallboard.model import BoardModel, follow
from streams.core.clock import Clock


@asynccontextmanager
async def page_of(url: str, clock: Clock, partitions: int) -> AsyncIterator[BoardModel]:
    """The model of a page that reads at `url`, of a floor with so many partitions."""
    model = BoardModel(clock, partitions=partitions)
    reader = RedisReader(url)
    following = asyncio.create_task(follow(reader, model))
    try:
        yield model
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await reader.close()
