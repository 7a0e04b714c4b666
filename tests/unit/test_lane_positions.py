"""What the lane believes of records that come from the log."""

from collections.abc import Sequence

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.lane.positions import Positions, Verdict
from streams.engine.lane.producer import Ack, advance

A, B = TP("calls", 0), TP("calls", 1)


def opened(**starts: int) -> Positions:
    positions = Positions()
    positions.open({TP("calls", int(name[1:])): at for name, at in starts.items()})
    return positions


def test_nothing_is_read_before_the_lane_is_open() -> None:
    assert Positions().judge(A, 0, 5) is Verdict.IGNORE


def test_records_that_go_on_where_the_last_ended_are_delivered() -> None:
    positions = opened(p0=10)
    assert positions.judge(A, 10, 19) is Verdict.DELIVER
    assert positions.judge(A, 3, 10) is Verdict.DELIVER, "the known part is cut off"


def test_a_hole_is_believed_only_after_a_second_look() -> None:
    positions = opened(p0=10)
    assert positions.judge(A, 12, 19) is Verdict.SEEK
    assert positions.judge(A, 12, 19) is Verdict.DELIVER
    assert (positions.seeks_back, positions.real_holes) == (1, 1)


def test_a_seek_that_did_not_happen_is_asked_for_again() -> None:
    positions = opened(p0=10)
    assert positions.judge(A, 12, 19) is Verdict.SEEK
    positions.unseek(A)
    assert positions.judge(A, 12, 19) is Verdict.SEEK


def test_delivering_again_from_the_same_position_needs_a_second_look_of_its_own() -> None:
    positions = opened(p0=10)
    assert positions.judge(A, 12, 19) is Verdict.SEEK
    positions.delivered[A] = 20  # the records came and went into a queue ...
    # ... which Faust emptied before they were applied; p1 has nothing in flight.
    assert positions.redeliver() == [A]
    assert positions.delivered[A] == 10
    assert positions.judge(A, 20, 29) is Verdict.SEEK, "20 is not where the log goes on after 10"


def test_records_wholly_below_the_position_are_another_log() -> None:
    positions = opened(p0=10)
    assert positions.judge(A, 0, 5) is Verdict.SEEK
    assert positions.judge(A, 0, 5) is Verdict.LOST


def test_positions_die_with_the_session_and_holds_too() -> None:
    positions = opened(p0=10, p1=5)
    positions.hold(B)
    before = positions.session
    positions.close()
    assert (positions.applied, positions.delivered, positions.held) == ({}, {}, set())
    assert positions.session == before + 1


def test_what_was_applied_can_be_committed_after_slices_became_void() -> None:
    positions = opened(p0=10, p1=5)
    positions.applied[A] = 12
    positions.void()
    assert positions.to_commit({A: 10, B: 5}) == {A: 12}
    assert positions.to_commit({}) == {A: 12, B: 5}


def test_opening_twice_in_a_session_keeps_what_was_applied() -> None:
    positions = opened(p0=10)
    positions.applied[A] = 15
    positions.open({A: 10})
    assert (positions.applied[A], positions.delivered[A]) == (15, 10)


def test_a_released_partition_goes_on_from_what_was_applied() -> None:
    positions = opened(p0=10)
    positions.delivered[A] = 40
    positions.hold(A)
    positions.release(A)
    assert (positions.delivered[A], positions.held) == (10, set())


def _runs(log: Sequence[int], cut: Sequence[int], start: int) -> list[list[int]]:
    """What a fetch from `start` would bring, in pieces."""
    rest = [offset for offset in log if offset >= start]
    runs = []
    for size in [*cut, len(rest)]:
        if rest:
            runs.append(rest[: max(1, size)])
            rest = rest[max(1, size) :]
    return runs


@given(
    log=st.sets(st.integers(0, 30), min_size=1).map(sorted),
    cuts=st.lists(st.lists(st.integers(1, 6), max_size=4), min_size=1, max_size=6),
    stale=st.integers(0, 30),
    emptied=st.lists(st.booleans(), max_size=6),
)
def test_every_record_is_applied_whatever_is_fetched_late_or_emptied_from_queues(
    log: list[int], cuts: list[list[int]], stale: int, emptied: list[bool]
) -> None:
    positions, applied = opened(p0=0), set[int]()
    at = stale  # where the fetcher stands: a fetch from before the session, of somewhere else
    for turn in range(60):
        runs = _runs(log, cuts[turn % len(cuts)], at)
        if not runs:
            if applied == set(log):
                break
            at = positions.delivered[A]  # nothing there: the fetcher waits at the end; go on
            continue
        run = runs[0]
        at = run[-1] + 1
        verdict = positions.judge(A, run[0], run[-1])
        if verdict is Verdict.SEEK:
            at = positions.delivered[A]
            # After a seek nothing older comes back: the next fetch begins there.
            run = _runs(log, cuts[turn % len(cuts)], at)[0] if log[-1] >= at else []
            if not run:
                continue
            at = run[-1] + 1
            verdict = positions.judge(A, run[0], run[-1])
        assert verdict is Verdict.DELIVER
        start = positions.delivered[A]
        positions.delivered[A] = run[-1] + 1
        if turn < len(emptied) and emptied[turn]:
            positions.redeliver()
        else:
            assert start <= positions.applied[A]
            applied |= {offset for offset in run if offset >= start}
            positions.applied[A] = max(positions.applied[A], run[-1] + 1)
    assert applied == set(log)


def test_a_store_moves_over_own_records_only_as_far_as_nobody_wrote_between() -> None:
    assert advance(9, [Ack(0, 10, 5), Ack(0, 15, 1)]) == 15
    assert advance(9, [Ack(0, 10, 5), Ack(0, 16, 1)]) == 14
    assert advance(9, [Ack(0, 11, 5)]) == 9
    assert advance(-1, []) == -1
