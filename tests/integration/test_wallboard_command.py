"""`floorcast wallboard` as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from sinks.redis import RedisSink
from streams.core.board import decode_board
from tests.browser.floor import news, rep
from tests.services.redis import RedisServer

FLOORCAST = Path(sys.executable).parent / "floorcast"
NOW = 1_800_000_000_000
HERE = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
"""Where the code under test is found when it is not the installed one."""


def refused(*args: str, **environ: str) -> str:
    done = subprocess.run(
        [FLOORCAST, "wallboard", *args],
        env=HERE | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_without_redis_it_says_what_to_set() -> None:
    assert "redis_url" in refused()


def test_it_refuses_to_be_seen_from_other_machines() -> None:
    said = refused("--host", "0.0.0.0", FLOORCAST_REDIS_URL="redis://127.0.0.1:1")

    assert "page_host = '0.0.0.0'" in said
    assert "loopback" in said


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_what_workers_wrote_until_it_is_told_to_stop(
    redis_server: RedisServer, stop: signal.Signals
) -> None:
    prefix = f"wallboard-{stop.name}"
    asyncio.run(write(redis_server, prefix))
    environ = {"FLOORCAST_REDIS_URL": redis_server.url, "FLOORCAST_REDIS_PREFIX": prefix}
    with subprocess.Popen(
        [FLOORCAST, "wallboard", "--port", "0"],
        env=HERE | environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[0]
            deadline = time.monotonic() + 5
            while len(rows := board(url)) < 12 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert sorted(rows) == [f"r-{number:04}" for number in range(12)]
        finally:
            process.send_signal(stop)
        assert process.wait(5) == 0


async def write(server: RedisServer, prefix: str) -> None:
    sink = RedisSink(server.url, prefix)
    await sink.start()
    await sink.write(news(NOW, *(rep(number) for number in range(12))))
    await sink.close()


def board(url: str) -> list[str]:
    with urllib.request.urlopen(f"{url}api/board", timeout=5) as answer:
        return [row.rep_id for row in decode_board(answer.read()).rows]
