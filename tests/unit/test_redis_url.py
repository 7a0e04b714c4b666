"""The redis_* settings become one URL, or a line each that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.redis_client import connect
from streams.core.errors import SettingsError
from streams.settings import Settings
from streams.settings_reader import load_settings


def settings(**values: str) -> Settings:
    return load_settings({f"FLOORCAST_{name.upper()}": value for name, value in values.items()})


def test_without_a_url_there_is_no_redis() -> None:
    assert settings().redis() is None


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis",
        "redis://:p%40ss@redis:6380/2",
        "rediss://writer:pass@[::1]:6379/0?ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=3",
    ],
)
def test_a_url_alone_stays_as_it_is(url: str) -> None:
    assert settings(redis_url=url).redis() == url


@pytest.mark.parametrize("password", ["p@ss", "a/b?c#d", "100%25", "ü: [x]"])
def test_a_password_of_its_own_may_hold_any_character(password: str) -> None:
    found = settings(
        redis_url="redis://redis:6380/2", redis_user="wri:ter", redis_password=password
    )

    assert _client(found) == {
        "host": "redis",
        "port": 6380,
        "db": 2,
        "username": "wri:ter",
        "password": password,
    }
    assert password not in repr(found)


def test_user_and_password_may_come_from_different_places() -> None:
    one = settings(redis_url="redis://writer@redis", redis_password="pass")
    other = settings(redis_url="redis://:pass@redis", redis_user="writer")

    assert one.redis() == other.redis() == "redis://writer:pass@redis"


def test_certificates_are_options_of_the_url(tmp_path: Path) -> None:
    files = {
        f"redis_{name}": str(tmp_path / f"{name} &.pem") for name in ("ca", "certificate", "key")
    }
    for path in files.values():
        Path(path).touch()

    found = _client(settings(redis_url="rediss://redis?ssl_check_hostname=no", **files))

    assert found["ssl_ca_certs"] == files["redis_ca"]
    assert found["ssl_certfile"] == files["redis_certificate"]
    assert found["ssl_keyfile"] == files["redis_key"]
    assert found["ssl_check_hostname"] is False


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"redis_url": "http://redis"}, "redis_url: must start with"),
        ({"redis_url": "redis://:se/cret@redis:6379"}, "redis_password"),
        ({"redis_url": "redis://:secr#et@redis:6379"}, "redis_password"),
        ({"redis_url": "redis://redis:70000"}, "redis_url: host or port"),
        ({"redis_url": "redis:///0"}, "redis_url: must name a host"),
        ({"redis_url": "redis://redis/first"}, "redis_url: the database must be a number"),
        ({"redis_url": "unix://"}, "redis_url: unix:// must name a socket"),
        ({"redis_url": "unix:///s?db=x"}, "redis_url: db = 'x'"),
        ({"redis_url": "redis://redis?decode_responses=true"}, "no such option 'decode_responses'"),
        ({"redis_url": "rediss://redis?ssl_ca_cert=/ca.pem"}, "ssl_ca_certs"),
        ({"redis_url": "rediss://redis?ssl_cert_reqs=never"}, "must be one of required"),
        ({"redis_url": "redis://redis?ssl_cert_reqs=none"}, "goes with rediss://"),
        ({"redis_user": "writer"}, "redis_user: goes with redis_url"),
        ({"redis_url": "redis://redis", "redis_user": "writer"}, "redis_password: must be set"),
        (
            {"redis_url": "redis://a:secret@redis", "redis_user": "b", "redis_password": "secret"},
            "redis_user: redis_url has one too",
        ),
        ({"redis_url": "redis://redis", "redis_ca": "/ca.pem"}, "redis_ca: goes with"),
        ({"redis_url": "rediss://redis", "redis_ca": "/nowhere/ca.pem"}, "no such file"),
        ({"redis_url": "rediss://redis", "redis_key": "/nowhere/key.pem"}, "both or none"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(values: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**values)

    assert said in str(refused.value)
    assert "secr" not in str(refused.value)


def _client(found: Settings) -> dict[str, object]:
    """What the client makes of the URL."""
    url = found.redis()
    assert url is not None
    options = connect(url).connection_pool.connection_kwargs
    ours = ("host", "port", "db", "username", "password")
    return {name: value for name, value in options.items() if name in ours or name[:4] == "ssl_"}
