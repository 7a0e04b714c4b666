"""Steps of bounded time: slices cut to size, without a hole."""

from __future__ import annotations

import asyncio
import time

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.agents import take_in_steps
from streams.engine.lane.batch import Slice
from streams.engine.outbox import Outbox, Outgoing
from streams.engine.pace import FEWEST, MOST, STEP_S, Pace
from tests.builders import record


@given(
    st.integers(0, 50),
    st.lists(st.integers(1, 9), min_size=1, max_size=40),
    st.integers(1, 50),
)
def test_a_slice_cut_into_pieces_leaves_nothing_out(start: int, gaps: list[int], most: int) -> None:
    offsets = [start + sum(gaps[: i + 1]) for i in range(len(gaps))]
    whole = Slice(
        TP("calls", 3),
        start,
        [record("calls", b"", offset) for offset in offsets],
        session=7,
        generation=9,
    )
    pieces = list(whole.cut(most))
    assert [r.offset for piece in pieces for r in piece.records] == offsets
    assert all(len(piece.records) <= most for piece in pieces)
    assert [piece.start for piece in pieces] == [start, *(piece.end for piece in pieces[:-1])]
    assert pieces[-1].end == whole.end
    assert {(piece.session, piece.generation, piece.tp) for piece in pieces} == {
        (7, 9, TP("calls", 3))
    }


def test_slow_events_come_in_smaller_steps_and_fast_ones_in_full_ones() -> None:
    pace = Pace()
    pace.took(MOST, STEP_S * 20)
    assert pace.most == MOST // 20
    pace.took(pace.most, STEP_S * 100)
    assert pace.most == FEWEST
    for _ in range(10):
        pace.took(pace.most, STEP_S / 10)
    assert pace.most == MOST


def test_a_short_slice_says_nothing_about_larger_ones() -> None:
    pace = Pace()
    pace.took(MOST, STEP_S * 10)
    most = pace.most
    pace.took(1, STEP_S / 100)
    assert pace.most == most


@pytest.mark.parametrize("most", [1, MOST])
def test_what_is_slow_at_once_holds_nobody_up_longer_than_a_record(most: int) -> None:
    """Twenty records, each as slow as a whole step may be: others have a turn in between."""
    piece = Slice(TP("m", 0), 0, [record("m", b"", n) for n in range(20)], session=1, generation=1)
    turns: list[int] = []
    taken: list[int] = []

    def take(part: Slice) -> bool:
        until_s = time.perf_counter() + STEP_S * len(part.records)
        while time.perf_counter() < until_s:
            pass
        taken.extend(one.offset for one in part.records)
        return True

    async def others() -> None:
        while len(taken) < 20:
            turns.append(len(taken))
            await asyncio.sleep(0)

    async def both() -> None:
        async def send(_: Outgoing) -> asyncio.Future[object]:
            raise AssertionError

        watching = asyncio.create_task(others())
        await asyncio.sleep(0)
        await take_in_steps(piece, take, Outbox(send), Pace(), most)
        await watching

    asyncio.run(both())
    assert taken == list(range(20))
    assert len(set(turns)) == (20 if most == 1 else 1)
