"""Takes out of Redis what an earlier generation of the state has left and nobody overwrites."""

from __future__ import annotations

from importlib.resources import files

from sinks.redis_client import connect, unavailable
from sinks.redis_keys import RedisKeys
from streams.core.snapshot import GENERATION_SHIFT


async def drop_older(url: str, prefix: str, generation: int) -> int:
    """Remove the partials of generations below this one; how many. Raises SinkUnavailable.

    A team that the new plan does not have would stand there for ever, with its old numbers.
    """
    keys = RedisKeys(prefix)
    script = files("sinks").joinpath("lua/drop_older.lua").read_text("utf-8")
    client = connect(url)
    try:
        with unavailable(url):
            named = keys.for_dropping()
            gone = await client.eval(
                script, len(named), *named, str(generation << GENERATION_SHIFT)
            )
    finally:
        await client.aclose()
    return int(gone)
