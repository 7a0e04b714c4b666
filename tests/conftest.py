"""Fixtures for every suite: real servers where they are installed, and a clean environment."""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.services.alertmanager import AlertmanagerServer
from tests.services.kafka import KafkaServer
from tests.services.programs import ServiceMissing, require
from tests.services.prometheus import PrometheusServer
from tests.services.redis import RedisServer

_IN_CI = os.environ.get("CI") == "true"
_REAL_DATA = os.environ.get("FLOORCAST_REAL_DATA", "")
_MARKED_FOLDERS = frozenset({"integration", "browser", "real", "bench"})

# A busy machine is slow, not wrong, so no example has a deadline. In CI every run tries the same
# examples; `--hypothesis-profile=thorough` tries many more.
hypothesis.settings.register_profile(
    "floorcast", deadline=None, derandomize=_IN_CI, print_blob=True
)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2_000, print_blob=True)
hypothesis.settings.load_profile("floorcast")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folder it is in."""
    for item in items:
        for folder in _MARKED_FOLDERS.intersection(item.path.parts):
            item.add_marker(folder)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, Any, Any]:
    """A test whose fixtures need a missing server is skipped, and fails in CI."""
    with _skipping_without_service():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, Any, Any]:
    """A test that starts a missing server itself is skipped, and fails in CI."""
    with _skipping_without_service():
        return (yield)


@contextmanager
def _skipping_without_service() -> Iterator[None]:
    try:
        yield
    except ServiceMissing as missing:
        if _IN_CI:
            raise
        pytest.skip(str(missing))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them or the processes they start."""
    for name in list(os.environ):
        if name.startswith("FLOORCAST_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A broker all tests share: use topics and groups of your own, and do not stop it."""
    server = KafkaServer(tmp_path_factory.mktemp("kafka"))
    server.start()
    yield server
    server.kill()  # nobody reads its data again


@pytest.fixture
def make_kafka(tmp_path: Path) -> Iterator[Callable[..., KafkaServer]]:
    """Starts brokers a test may kill or set up its own way; takes the options of KafkaServer."""
    with ExitStack() as stack:

        def make(**options: Any) -> KafkaServer:
            server = KafkaServer(tmp_path / f"kafka-{len(list(tmp_path.iterdir()))}", **options)
            stack.callback(server.kill)
            server.start()
            return server

        yield make


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis all tests share: use a prefix of your own, and do not stop it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def make_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts Redis servers a test may flush, stop or kill; takes the options of RedisServer."""
    with ExitStack() as stack:

        def make(**options: Any) -> RedisServer:
            server = RedisServer(tmp_path / f"redis-{len(list(tmp_path.iterdir()))}", **options)
            stack.callback(server.kill)
            server.start()
            return server

        yield make


@pytest.fixture
def prometheus_server(
    tmp_path: Path,
) -> Iterator[Callable[[str | Mapping[str, Any]], PrometheusServer]]:
    """Starts a Prometheus with the configuration it is given, YAML text or a mapping."""
    with ExitStack() as stack:

        def make(config: str | Mapping[str, Any]) -> PrometheusServer:
            server = PrometheusServer(tmp_path / f"prometheus-{len(list(tmp_path.iterdir()))}")
            stack.callback(server.kill)
            server.start(config)
            return server

        yield make


@pytest.fixture
def alertmanager_server(
    tmp_path: Path,
) -> Iterator[Callable[[str | Mapping[str, Any]], AlertmanagerServer]]:
    """Starts an Alertmanager with the configuration it is given, YAML text or a mapping."""
    with ExitStack() as stack:

        def make(config: str | Mapping[str, Any]) -> AlertmanagerServer:
            server = AlertmanagerServer(tmp_path / f"alertmanager-{len(list(tmp_path.iterdir()))}")
            stack.callback(server.kill)
            server.start(config)
            return server

        yield make


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser's executable; `tests.services.chromium.browser()` starts it."""
    return require("chromium")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the public data sets, named by FLOORCAST_REAL_DATA."""
    if not _REAL_DATA:
        pytest.skip("the public data sets are absent: set FLOORCAST_REAL_DATA to their folder")
    folder = Path(_REAL_DATA)
    if not folder.is_dir():
        pytest.fail(f"FLOORCAST_REAL_DATA names {folder}, which is not a folder")
    return folder
