"""Workers at work tell the Alertmanager, a webhook and Prometheus of what is on `rep-alerts`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sinks.push_loop import LOOK_S
from streams.core.alerts.told import RepAlert, encode_alert
from streams.core.clock import SystemClock
from streams.topics import REP_ALERTS
from tests.integration.floor import Floor, wait_until
from tests.integration.mixed_events import Sending
from tests.services.alertmanager import AlertmanagerServer
from tests.services.programs import REPOSITORY
from tests.unit.alert_entries import end_of, red

CONFIG = (REPOSITORY / "deploy/alertmanager/alertmanager.yml").read_text("utf-8")
TOLD_MS = SystemClock().now_ms() - 3_600_000
SECRET = "0123456789abcdef"
Posts = list[dict[str, Any]]


@contextmanager
def receiver() -> Iterator[tuple[str, Posts]]:
    """A webhook's address, and what came in there."""
    got: Posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/chat", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(floor: Floor, *told: RepAlert) -> None:
    """As the owner of the detectors would."""
    floor.send([Sending(REP_ALERTS, one.key, encode_alert(one)) for one in told])


def held(server: AlertmanagerServer) -> list[str]:
    """The reps whose alerts the server has; a rep twice when it has two."""
    return sorted(one["labels"]["rep"] for one in server.alerts())


def open_reps(floor: Floor, worker: str) -> set[str]:
    """The reps whose alerts a worker shows Prometheus."""
    found = floor.workers[worker].rep_samples("floorcast_rep_alert")
    return {labels["rep"] for labels, number in found if number == 1}


def shows(floor: Floor, worker: str, reps: set[str]) -> bool:
    """Whether a worker shows Prometheus the alerts of just these reps."""
    return open_reps(floor, worker) == reps


def test_a_red_is_told_once_by_two_workers_and_closed_when_it_is_over_or_in_hand(
    make_floor: Callable[..., Floor],
    alertmanager_server: Callable[[str], AlertmanagerServer],
) -> None:
    server = alertmanager_server(CONFIG)
    with receiver() as (url, got):
        floor = make_floor(
            alertmanager_url=server.url,
            page_url="https://boards.example.com",
            webhook_url=url,
            webhook_secret=SECRET,
        )
        ana, bo = red("ana", at_ms=TOLD_MS), red("bo", at_ms=TOLD_MS)
        amber = red("cy", at_ms=TOLD_MS, state="amber", level="amber")
        floor.worker("a")
        floor.worker("b")
        # The owner was killed after it had said it, and its successor says it again.
        say(floor, ana, amber, ana, bo)
        wait_until(lambda: held(server) == ["ana", "bo"])
        wait_until(lambda: len(got) == 2)
        assert {one["id"] for one in got} == {f"{ana.alert_id}:red", f"{bo.alert_id}:red"}
        for worker in ("a", "b"):
            wait_until(partial(shows, floor, worker, {"ana", "bo", "cy"}))

        # Who has not told of an alert does not tell of its end: that would come by itself, in five
        # minutes. So the other worker gets the time to look twice.
        time.sleep(2 * LOOK_S)
        floor.workers["a"].kill()
        say(floor, end_of(ana, at_ms=TOLD_MS + 60_000))
        wait_until(lambda: held(server) == ["bo"])
        done = floor.run("alerts", "ack", bo.alert_id, "--by", "sue")
        assert done.exit_code == 0, done.output
        wait_until(lambda: held(server) == [])
        wait_until(lambda: f"{ana.alert_id}:recovered" in {one["id"] for one in got}, 40)
        # In hand is not over.
        assert open_reps(floor, "b") == {"bo", "cy"}


def test_a_worker_goes_on_counting_while_nobody_can_be_told(
    make_floor: Callable[..., Floor],
    alertmanager_server: Callable[[str], AlertmanagerServer],
) -> None:
    server = alertmanager_server(CONFIG)
    server.stop()
    floor = make_floor(alertmanager_url=server.url)
    worker = floor.worker("a")
    say(floor, red("ana", at_ms=TOLD_MS))
    failures = "floorcast_alert_post_failures_total"
    wait_until(lambda: worker.metrics(failures) and worker.metrics(failures)[0][1] >= 2)
    assert worker.metrics(failures)[0][0] == {"to": "alertmanager"}
    floor.settle()
    server.start(CONFIG)
    wait_until(lambda: held(server) == ["ana"])
