"""Too many bad events stop their input exactly there, until a person says otherwise."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from streams.cli.kafka_read import committed
from streams.core.events import CALL_ENDED, SURVEY_SUBMITTED
from streams.core.partition import partition_of
from streams.topics import dead_letter
from tests.builders import call, survey
from tests.integration.floor import Floor, wait_until
from tests.integration.mixed_events import Sending
from tests.services.kafka import KafkaServer

PARTITIONS = 2
STOPPED = (CALL_ENDED, 0)
AT = "2025-03-07T10:00:00Z"
REP, OTHER = (
    next(f"rep-{n}" for n in range(99) if partition_of(b"rep-%d" % n, PARTITIONS) == partition)
    for partition in range(PARTITIONS)
)
LOOK_S = 2.0
"""How long an input that must stand still is watched; a worker reads on within milliseconds."""


class OneFloor:
    """A floor with one worker, and calls of two reps in different partitions."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self._number = 0
        self.worker = floor.worker("a")

    def good(self, count: int, rep: str = REP) -> list[Sending]:
        """So many calls of a rep, none like another."""
        return [self._call(rep) for _ in range(count)]

    def bad(self, count: int) -> list[Sending]:
        """As many events that cannot be counted."""
        return [Sending(CALL_ENDED, REP, b"{") for _ in range(count)]

    def _call(self, rep: str) -> Sending:
        self._number += 1
        value = call(rep_id=rep, call_id=f"c{self._number}", occurred_at=AT)
        return Sending(CALL_ENDED, rep, json.dumps(value).encode())

    def send(self, *events: Sequence[Sending], stopped: bool = False) -> None:
        """Send events and wait until all is counted but what waits in the stopped input."""
        self.floor.send([event for some in events for event in some])
        self.floor.settle(stopped=[STOPPED] if stopped else ())

    def dead(self) -> int:
        """Dead letters of the calls."""
        return len(self.floor.read(dead_letter(CALL_ENDED)))

    def position(self) -> int:
        """Up to where the calls of the partition that is stopped are counted."""
        topic = self.floor.settings.topic(CALL_ENDED)
        return committed(self.floor.settings, [topic])[topic, 0]

    def dials(self) -> dict[str, int]:
        """Rep to calls counted."""
        return {row["rep_id"]: row["dials"] for row in self.floor.totals()}

    def is_stopped(self) -> bool:
        """What the worker says of that input."""
        return (self.floor.settings.topic(CALL_ENDED), 0) in self.worker.stopped_inputs()

    def resume(self, *options: str) -> None:
        """`floorcast resume` of that input; it must succeed."""
        done = self.floor.run("resume", f"{CALL_ENDED}:0", *options)
        assert done.exit_code == 0, done.output


@pytest.fixture
def one(kafka: KafkaServer, tmp_path: Path) -> Iterator[OneFloor]:
    floor = Floor(kafka, tmp_path, partitions=str(PARTITIONS))
    yield OneFloor(floor)
    floor.close()


def test_fifty_bad_events_in_a_row_stop_their_input_there_and_all_others_go_on(
    one: OneFloor,
) -> None:
    rating = survey(rep_id=REP, occurred_at=AT)
    survey_event = Sending(SURVEY_SUBMITTED, REP, json.dumps(rating).encode())
    one.send(
        one.good(30), one.bad(60), one.good(20), one.good(7, OTHER), [survey_event], stopped=True
    )
    assert (one.dead(), one.position()) == (50, 80)
    assert one.dials() == {REP: 30, OTHER: 7}
    assert one.is_stopped()

    one.worker.kill()
    one.worker.start()
    one.send(one.good(5, OTHER), stopped=True)  # it counts again, but not there
    time.sleep(LOOK_S)
    assert (one.dead(), one.position()) == (50, 80)
    assert one.dials() == {REP: 30, OTHER: 12}
    wait_until(one.is_stopped)

    assert one.floor.run("resume", f"{CALL_ENDED}:1").exit_code == 1
    one.resume()
    one.floor.settle()
    assert one.dead() == 60
    assert one.dials() == {REP: 50, OTHER: 12}
    assert not one.is_stopped()
    assert one.floor.run("resume", f"{CALL_ENDED}:0").exit_code == 1
    one.floor.audit()


def test_bad_events_that_come_one_by_one_stop_their_input_at_the_fiftieth_too(
    one: OneFloor,
) -> None:
    one.send(one.bad(50))
    wait_until(one.is_stopped)
    one.send(one.good(5), one.bad(5), one.good(3, OTHER), stopped=True)
    time.sleep(LOOK_S)
    assert (one.dead(), one.position()) == (50, 50)
    assert one.dials() == {OTHER: 3}

    one.worker.leave()  # nobody is there to hear it: the next worker does
    one.resume()
    one.worker.start()
    one.floor.settle()
    assert one.dead() == 55
    assert one.dials() == {REP: 5, OTHER: 3}


def test_accept_bad_passes_what_is_there_and_holds_the_limits_from_then_on(
    one: OneFloor,
) -> None:
    one.send(one.bad(170), one.good(4), stopped=True)
    assert one.dead() == 50
    one.resume()
    wait_until(lambda: one.dead() == 100)  # as bad as before
    one.floor.settle(stopped=[STOPPED])
    wait_until(one.is_stopped)
    one.resume("--accept-bad")
    one.floor.settle()
    assert one.dead() == 170
    assert one.dials() == {REP: 4}

    one.send(one.bad(60), stopped=True)
    assert (one.dead(), one.position()) == (220, 224)
    assert one.is_stopped()
