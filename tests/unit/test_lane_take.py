"""Which slices are applied, which are void, and which end the process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from streams.engine.lane.batch import Slice
from streams.engine.lane.lane import Lane, LaneApp
from tests.builders import record

A = TP("calls", 0)


class Died(Exception):
    """What the host of these tests does instead of ending the process."""


def die(reason: str) -> None:
    raise Died(reason)


def opened(at: int) -> Lane:
    host: Any = SimpleNamespace(die=die)
    lane = Lane(cast(LaneApp, SimpleNamespace()), host)
    lane.positions.open({A: at})
    return lane


def piece(lane: Lane, start: int, end: int) -> Slice:
    records = [record("calls", b"", offset) for offset in range(start, end)]
    positions = lane.positions
    return Slice(
        A,
        start,
        records,
        session=positions.session,
        generation=1,
        delivery=positions.deliveries,
    )


def nothing(_: Slice) -> None:
    return None


def test_slices_that_chain_move_the_position() -> None:
    lane = opened(20)
    assert lane.take(piece(lane, 20, 42), nothing)
    assert lane.take(piece(lane, 42, 43), nothing)
    assert lane.positions.applied[A] == 43


def test_a_hole_ends_the_process() -> None:
    lane = opened(20)
    with pytest.raises(Died, match="hole in calls:0: applied up to 20"):
        lane.take(piece(lane, 42, 43), nothing)


def test_a_slice_that_was_on_its_way_when_the_queues_were_emptied_is_void_and_no_hole() -> None:
    lane = opened(20)
    lost = piece(lane, 20, 42)  # in the queue
    late = piece(lane, 42, 43)  # on its way into it
    lane.positions.delivered[A] = 42
    assert lane.positions.redeliver() == [A], "both have to be sought again"
    for one in (late, lost):
        assert not lane.take(one, nothing)
    assert lane.positions.applied[A] == lane.positions.delivered[A] == 20
    assert lane.take(piece(lane, 20, 43), nothing)
