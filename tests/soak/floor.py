"""A simulated floor that is live: Kafka, Redis, a worker with its page, `floorcast wallboard`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from producers.simulator import FloorProfile, floor_profile, plan_text
from streams.core.clock import SystemClock
from streams.demo.floor import LIVELY, LiveFloor
from streams.settings_reader import load_settings
from tests.bench import proc
from tests.bench.floor import FLOORCAST, BenchFloor, bench_floor
from tests.services.http import is_ready
from tests.services.ports import free_port
from tests.services.process import ChildProcess
from tests.services.redis import RedisServer

TEAMS = 8


class SoakFloor:
    """The running floor. `pages` are the addresses of both pages: the worker's own, and Redis'."""

    def __init__(self, floor: BenchFloor, wallboard: ChildProcess, pages: tuple[str, str]) -> None:
        self.pages = pages
        self._floor = floor
        self._wallboard = wallboard

    def events(self) -> float:
        """Events the worker has read so far."""
        return self._floor.worker.metric("floorcast_events_consumed_total")

    def rss_mb(self) -> tuple[float, float]:
        """Resident memory of the worker and of the page's process, MiB."""
        return self._floor.worker.rss_mb(), proc.rss_mb(self._wallboard.pid)

    def cpu_s(self) -> tuple[float, float]:
        """CPU time of both so far."""
        return self._floor.worker.cpu_s(), proc.cpu_s(self._wallboard.pid)


@contextmanager
def soak_floor(reps: int, seed: int) -> Iterator[tuple[SoakFloor, FloorProfile, LiveFloor]]:
    """The floor for the length of a `with` block; its events begin with `LiveFloor.start`."""
    clock = SystemClock()
    profile = floor_profile(reps, min(TEAMS, reps), seed, lively=LIVELY, around_ms=clock.now_ms())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="floorcast-soak-")))
        plan = folder / "plan.toml"
        plan.write_text(plan_text(profile), encoding="utf-8")
        redis = RedisServer(folder / "redis")
        redis.start()
        stack.callback(redis.kill)
        ports = free_port(), free_port()
        floor, _ = stack.enter_context(
            bench_floor(plan=str(plan), page="yes", page_port=str(ports[0]), redis_url=redis.url)
        )
        floor.worker.start()
        pages = (f"http://127.0.0.1:{ports[0]}/", f"http://127.0.0.1:{ports[1]}/")
        wallboard = ChildProcess("wallboard", folder / "wallboard.log")
        wallboard.start(
            [FLOORCAST, "wallboard", "--port", str(ports[1])],
            ready=lambda: is_ready(f"{pages[1]}healthz"),
            env=floor.environ,
        )
        stack.callback(wallboard.stop)
        events = LiveFloor(load_settings(floor.environ), profile, clock)
        stack.callback(events.stop)
        yield SoakFloor(floor, wallboard, pages), profile, events
