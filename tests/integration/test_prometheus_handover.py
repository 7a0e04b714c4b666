"""Reps that change workers, seen by a real Prometheus: on one worker at a time, counted once."""

from __future__ import annotations

import json
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby

import pytest

from streams.core.clock import SystemClock
from streams.core.events import CALL_ENDED
from tests.builders import call
from tests.grafana.quick_rules import quick_rules
from tests.integration.floor import Floor, FloorWorker, wait_until
from tests.integration.mixed_events import Sending
from tests.services.kafka import KafkaServer
from tests.services.prometheus import PrometheusServer

REPS, CALLS = 40, 5
CONTACTS = REPS * CALLS
TEAMS = ("north", "south")
SCRAPES = "1s"
RECORDED = "sum(team:floorcast_today_contacts:sum)"
REP_COUNT = "sum(team:floorcast_rep_info:count)"
MISSING = "floor:floorcast_partitions_missing:count"


class Watched:
    """A floor of two workers, both with reps, and the Prometheus that scrapes them."""

    def __init__(self, floor: Floor, prometheus: PrometheusServer) -> None:
        self.floor = floor
        self.prometheus = prometheus

    def ready(self) -> None:
        """Wait until both workers show reps and Prometheus has every contact once."""
        for name in ("a", "b"):
            worker = self.floor.workers[name]
            if not worker.running:
                self.floor.worker(name)
        wait_until(lambda: self._whole() and all(self.shown(name) for name in ("a", "b")), 60)
        # What is asked below is about what happens from a moment before here on.
        time.sleep(3)

    def shown(self, name: str) -> int:
        """How many reps Prometheus sees on a worker now."""
        target = self.floor.workers[name].url.removeprefix("http://")
        found = self.prometheus.query(f'count(floorcast_rep_info{{instance="{target}"}})')
        return int(found[0]["value"][1]) if found else 0

    def until(self, what: Callable[[], bool]) -> None:
        """Wait, with workers that ended by themselves started again."""

        def look() -> bool:
            self.floor.supervise()
            return what()

        wait_until(look, 60)

    def whole(self, name: str) -> bool:
        """Whether one worker shows everybody, and the recorded sum is right."""
        return self.shown(name) == REPS and self._whole()

    def holds(self, began_s: float, most_moves: int) -> None:
        """The laws: sums never too high, no rep on two workers in turns."""
        end_s = time.time()
        for expr, most in ((RECORDED, CONTACTS), (REP_COUNT, REPS)):
            (series,) = self.prometheus.samples(expr, began_s, end_s, 0.25)
            values = [float(value) for _, value in series["values"]]
            assert max(values) <= most, (expr, values)
            assert values[-1] == most
        # From a moment before, when everything stood still, so that the last word of a worker that
        # is killed is among them.
        self._low_only_when_said(began_s, end_s)
        window = f"floorcast_rep_info[{int(end_s - began_s) + 2}s]"
        seen: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for series in self.prometheus.query(window, at_s=end_s):
            at = series["metric"]
            seen[at["rep"]] += [(float(stamp), at["instance"]) for stamp, _ in series["values"]]
        assert len(seen) == REPS
        moved = 0
        for rep, samples in seen.items():
            turns = [instance for instance, _ in groupby(sorted(samples), key=lambda one: one[1])]
            # One worker after the other: had the old one shown it once more, there were more turns.
            assert len(turns) <= most_moves + 1, (rep, turns)
            moved += len(turns) > 1
        assert moved, "no rep changed workers"

    def _low_only_when_said(self, began_s: float, end_s: float) -> None:
        """A sum that is too low has partitions missing beside it, recorded at the same moment."""
        (sums,) = self.prometheus.samples(f"{RECORDED} < {CONTACTS}", began_s, end_s, 0.25) or [
            {"values": []}
        ]
        said = self.prometheus.samples(f"{MISSING} > 0", began_s, end_s, 0.25)
        missing = {stamp for series in said for stamp, _ in series["values"]}
        low = {stamp for stamp, _ in sums["values"]}
        assert low <= missing, sorted(low - missing)

    def _whole(self) -> bool:
        found = self.prometheus.query(RECORDED)
        return bool(found) and float(found[0]["value"][1]) == CONTACTS


@pytest.fixture(scope="module")
def watched(kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("handover")
    floor = Floor(kafka, folder, zone=_zone_at_noon())
    prometheus = PrometheusServer(folder / "prometheus")
    try:
        for name in ("a", "b"):
            floor.worker(name)
        now = SystemClock().now_ms()
        floor.send(list(_calls(now)))
        floor.settle()
        jobs = [
            {
                "job_name": name,
                "metrics_path": path,
                "static_configs": [
                    {"targets": [one.url.removeprefix("http://") for one in _workers(floor)]}
                ],
            }
            for name, path in (("floorcast", "/metrics"), ("floorcast-reps", "/metrics/reps"))
        ]
        prometheus.start(
            {
                "global": dict.fromkeys(("scrape_interval", "scrape_timeout"), SCRAPES),
                "rule_files": quick_rules(folder / "rules"),
                "scrape_configs": jobs,
            }
        )
        yield Watched(floor, prometheus)
    finally:
        prometheus.kill()
        floor.close()


def test_a_rep_is_gone_from_the_old_worker_in_a_rebalance(watched: Watched) -> None:
    watched.ready()
    began_s = time.time()
    watched.floor.workers["b"].leave()
    watched.until(lambda: watched.whole("a"))
    watched.floor.worker("b")
    watched.until(
        lambda: watched.shown("b") > 0 and watched.shown("a") + watched.shown("b") == REPS
    )
    time.sleep(2)
    watched.holds(began_s, most_moves=2)


def test_a_rep_is_gone_from_a_worker_that_was_killed(watched: Watched) -> None:
    watched.ready()
    began_s = time.time()
    watched.floor.workers["b"].kill()
    watched.until(lambda: watched.whole("a"))
    time.sleep(2)
    watched.holds(began_s, most_moves=1)


def test_a_rep_is_gone_from_a_worker_that_was_paused_and_goes_on(watched: Watched) -> None:
    watched.ready()
    began_s = time.time()
    paused = watched.floor.workers["b"]
    paused.signal(signal.SIGSTOP)
    try:
        watched.until(lambda: watched.whole("a"))
    finally:
        paused.signal(signal.SIGCONT)
    watched.until(
        lambda: watched.shown("b") > 0 and watched.shown("a") + watched.shown("b") == REPS
    )
    time.sleep(2)
    watched.holds(began_s, most_moves=2)


def _workers(floor: Floor) -> list[FloorWorker]:
    return list(floor.workers.values())


def _calls(now_ms: int) -> Iterator[Sending]:
    for number in range(CONTACTS):
        rep = f"r-{number % REPS:02}"
        event = call(
            at_ms=now_ms - 1_000 * (number // REPS),
            rep_id=rep,
            team_id=TEAMS[number % len(TEAMS)],
            call_id=f"c-{number}",
        )
        yield Sending(CALL_ENDED, rep, json.dumps(event).encode())


def _zone_at_noon() -> str:
    """A zone in which it is about noon: the day does not change while a test runs."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"
