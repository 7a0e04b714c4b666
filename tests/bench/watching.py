"""Viewers of the page in a process of their own: what each was told of the floor, and when.

`python -m tests.bench.watching URL COUNT` connects so many as browsers do, writes a line when all
have their first board, looks until its input ends, and writes what was seen as one JSON line.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from msgspec import Struct, json

from tests.soak.held import Message, Messages


class Seen(Struct):
    """Of all viewers: (clock in s, dials of the floor) of each change; bytes on the wire; CPU."""

    counts: list[list[tuple[float, float]]]
    wire_bytes: int
    messages: int
    cpu_s: float


class _Value(Struct):
    value: float = 0


class _Kpis(Struct):
    dials: _Value


class _Sum(Struct):
    kpis: _Kpis


class _Told(Struct):
    floor: _Sum | None = None


_told = json.Decoder(_Told).decode


@contextmanager
def watching(url: str, count: int) -> Iterator[Watch]:
    """So many viewers for the length of a `with` block, from their first board on."""
    command = [sys.executable, "-m", "tests.bench.watching", url, str(count)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    watch = Watch(process)
    try:
        watch.ready()
        yield watch
    finally:
        process.kill()
        process.wait()


class Watch:
    """The process of the viewers."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ready(self) -> None:
        """Wait until all have their first board."""
        if not _output(self._process).readline():
            msg = "the viewers could not connect; what they said stands above"
            raise ConnectionError(msg)

    def end(self) -> Seen:
        """Let them go; what they saw."""
        said, _ = self._process.communicate()
        return json.decode(said, type=Seen)


def _output(process: subprocess.Popen[bytes]) -> Any:
    return process.stdout


async def _main(url: str, count: int) -> None:
    counts: list[list[tuple[float, float]]] = [[] for _ in range(count)]
    seen = Seen(counts, 0, 0, 0.0)
    started = asyncio.Barrier(count + 1)
    looking = [asyncio.create_task(_look(url, seen, each, started)) for each in counts]
    async with asyncio.timeout(60):
        await started.wait()
    cpu_s, seen.wire_bytes, seen.messages = time.process_time(), 0, 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for task in looking:
        if task.done():
            task.result()  # one that was cut off must not pass for one that saw nothing
        task.cancel()
    seen.cpu_s = time.process_time() - cpu_s
    sys.stdout.buffer.write(json.encode(seen))


async def _look(
    url: str, seen: Seen, counts: list[tuple[float, float]], started: asyncio.Barrier
) -> None:
    timeout = aiohttp.ClientTimeout(total=None)
    headers = {"Accept-Encoding": "gzip"}
    async with (
        # Unpacked here, so that what comes over the wire can be counted.
        aiohttp.ClientSession(timeout=timeout, headers=headers, auto_decompress=False) as session,
        session.get(f"{url}events?window=today") as answer,
    ):
        answer.raise_for_status()
        unpack, messages, first = zlib.decompressobj(31), Messages(), True
        async for piece in answer.content.iter_any():
            seen.wire_bytes += len(piece)
            for message in messages.feed(unpack.decompress(piece)):
                seen.messages += 1
                _note(message, counts)
                if first:
                    first = False
                    await started.wait()
    msg = f"the page has ended a connection after {len(counts)} changes"
    raise ConnectionError(msg)


def _note(message: Message, counts: list[tuple[float, float]]) -> None:
    if message.event in ("board", "change"):
        told = _told(message.data)
        if told.floor is not None:
            counts.append((time.perf_counter(), told.floor.kpis.dials.value))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
