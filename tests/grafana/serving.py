"""Exporters of workers and audits on their ports, while the test itself waits for servers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.grafana.small_audit import Audit
from tests.grafana.small_floor import Worker


@contextmanager
def serving(*exporters: Worker | Audit) -> Iterator[None]:
    """Serve their metrics from an event loop of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="exporters")
    thread.start()

    async def each(step: str) -> None:
        for one in exporters:
            await getattr(one.server, step)()

    try:
        asyncio.run_coroutine_threadsafe(each("start"), loop).result(10)
        yield
        asyncio.run_coroutine_threadsafe(each("stop"), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
