"""A way to a server that can be narrow, slow or dead."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK = 16 * 1024


class SlowLink:
    """Passes bytes on in both directions, as fast as it is told.

    `bytes_per_s` 0 is as fast as it goes; `delay_s` is added to every chunk, on its way back only.
    """

    def __init__(self, bytes_per_s: int, delay_s: float) -> None:
        self.bytes_per_s = bytes_per_s
        self.delay_s = delay_s
        self.passed = 0
        self.port = 0


@asynccontextmanager
async def slow_link(port: int, bytes_per_s: int = 0, delay_s: float = 0) -> AsyncIterator[SlowLink]:
    """A link to a loopback port; it listens on `port` of what it gives."""
    link = SlowLink(bytes_per_s, delay_s)
    tasks: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        ways = (_pass(link, reader, there[1], back=False), _pass(link, there[0], writer, back=True))
        tasks.update(asyncio.create_task(way) for way in ways)

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass(
    link: SlowLink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, back: bool
) -> None:
    try:
        while chunk := await reader.read(CHUNK):
            if back:
                await asyncio.sleep(link.delay_s)
            if link.bytes_per_s:
                await asyncio.sleep(len(chunk) / link.bytes_per_s)
            writer.write(chunk)
            await writer.drain()
            link.passed += len(chunk)
    except OSError:
        pass  # one side has hung up
    except asyncio.CancelledError:
        writer.transport.abort()  # nobody reads any more what is still on its way
        raise
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
