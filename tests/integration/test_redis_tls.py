"""Redis behind TLS and a password, with the settings of sinks/REDIS.md."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from sinks.redis import RedisSink
from sinks.redis_reader import RedisReader
from streams.core.board import decode_board
from streams.core.errors import SinkUnavailable
from streams.settings_reader import load_settings
from tests.browser.floor import news, rep
from tests.services.certificates import Authority
from tests.services.redis import RedisServer

MakeRedis = Callable[..., RedisServer]
NOW = 1_800_000_000_000


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def url(**settings: str) -> str:
    named = {f"FLOORCAST_REDIS_{name.upper()}": value for name, value in settings.items()}
    found = load_settings(named).redis()
    assert found is not None
    return found


async def written(where: str) -> int:
    """How many reps come back of those that were written there."""
    sink, reader = RedisSink(where), RedisReader(where)
    await sink.start()
    try:
        await sink.write(news(NOW, *(rep(number) for number in range(12))))
        return len((await reader.load()).reps)
    finally:
        await sink.close()
        await reader.close()


async def test_numbers_go_through_tls(make_redis: MakeRedis, authority: Authority) -> None:
    server = make_redis(authority=authority, password="pa/s@s")

    where = url(
        url=f"rediss://127.0.0.1:{server.port}/0",
        ca=str(authority.certificate),
        password="pa/s@s",
    )

    assert await written(where) == 12


async def test_a_server_that_nobody_vouches_for_is_refused(
    make_redis: MakeRedis, authority: Authority, tmp_path: Path
) -> None:
    place = f"127.0.0.1:{make_redis(authority=authority).port}/0"
    another = str(Authority(tmp_path / "another").certificate)

    for where in (url(url=f"rediss://{place}"), url(url=f"rediss://{place}", ca=another)):
        with pytest.raises(SinkUnavailable, match="certificate verify failed"):
            await written(where)
    assert await written(url(url=f"rediss://{place}?ssl_cert_reqs=none")) == 12


async def test_a_certificate_for_another_host_is_refused(
    make_redis: MakeRedis, authority: Authority
) -> None:
    place = f"localhost:{make_redis(authority=authority).port}/0"
    own = str(authority.certificate)

    with pytest.raises(SinkUnavailable, match="localhost"):
        await written(url(url=f"rediss://{place}", ca=own))
    assert await written(url(url=f"rediss://{place}?ssl_check_hostname=no", ca=own)) == 12


async def test_a_server_may_ask_who_its_clients_are(
    make_redis: MakeRedis, authority: Authority
) -> None:
    server = make_redis(authority=authority, known_clients=True)
    client = authority.pair("worker-1")
    base = {"url": f"rediss://127.0.0.1:{server.port}/0", "ca": str(authority.certificate)}

    with pytest.raises(SinkUnavailable):
        await written(url(**base))
    own = {"certificate": str(client.certificate), "key": str(client.key)}
    assert await written(url(**base, **own)) == 12


async def test_without_tls_a_tls_server_is_away(
    make_redis: MakeRedis, authority: Authority
) -> None:
    server = make_redis(authority=authority)

    with pytest.raises(SinkUnavailable):
        await written(url(url=f"redis://127.0.0.1:{server.port}/0"))


@pytest.mark.parametrize(
    ("password", "said"),
    [("wrong", "set redis_user and redis_password"), (None, "asks for a password: set redis_user")],
)
async def test_a_wrong_password_is_said_and_never_shown(
    make_redis: MakeRedis, password: str | None, said: str
) -> None:
    server = make_redis(password="right")
    own = {} if password is None else {"password": password}

    with pytest.raises(SinkUnavailable) as refused:
        await written(url(url=f"redis://127.0.0.1:{server.port}/0", **own))

    assert said.lower() in str(refused.value).lower()
    assert "wrong" not in str(refused.value)


def test_the_page_is_served_out_of_a_redis_with_tls_and_a_user(
    make_redis: MakeRedis, authority: Authority
) -> None:
    server = make_redis(authority=authority, password="admin")
    asyncio.run(written(server.url))
    environ = {
        "FLOORCAST_REDIS_URL": f"rediss://127.0.0.1:{server.port}/0",
        "FLOORCAST_REDIS_USER": "default",
        "FLOORCAST_REDIS_PASSWORD": "admin",
        "FLOORCAST_REDIS_CA": str(authority.certificate),
        "FLOORCAST_REDIS_PREFIX": "floorcast",
    }
    floorcast = Path(sys.executable).with_name("floorcast")
    with subprocess.Popen(
        [floorcast, "wallboard", "--port", "0"],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "admin" not in line
            asyncio.run(_all_there(line.split()[0]))
        finally:
            process.terminate()


async def _all_there(page: str) -> None:
    async with asyncio.timeout(10):
        while await asyncio.to_thread(_rows, page) < 12:
            await asyncio.sleep(0.05)


def _rows(page: str) -> int:
    with urlopen(f"{page}api/board", timeout=5) as answer:
        return len(decode_board(answer.read()).rows)
