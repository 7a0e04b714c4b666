"""How far the floor has come: who may be believed, and when."""

from __future__ import annotations

from streams.core.alerts.clocks import (
    BEHIND_MS,
    NEVER_MS,
    QUIET_MS,
    FloorClock,
    InputAge,
    PartitionClock,
    StageClock,
    decode_clock,
    encode_clock,
    input_clock,
)

NOW = 1_800_000_000_000


def word(partition: int, until_ms: int, *ends: int) -> PartitionClock:
    """A partition that says the same of all its stages."""
    stage = StageClock(until_ms, list(ends))
    return PartitionClock(partition, stage, stage, stage)


LONG_AGO = NOW - QUIET_MS


def test_an_input_that_is_behind_says_how_late_it_is() -> None:
    inputs = [InputAge(500, NOW, False), InputAge(900, NOW, False), InputAge(100, LONG_AGO, True)]
    assert input_clock(inputs, NOW) == 500


def test_inputs_that_are_quiet_are_a_little_behind_the_wall_clock() -> None:
    quiet = [InputAge(500, LONG_AGO, True), InputAge(None, None, True)]
    assert input_clock(quiet, NOW) == NOW - BEHIND_MS


def test_a_history_that_is_read_as_fast_as_it_comes_is_not_done() -> None:
    assert input_clock([InputAge(500, LONG_AGO + 1, True)], NOW) == 500


def test_an_input_of_which_nothing_was_read_yet_holds_everything() -> None:
    assert input_clock([InputAge(500, NOW, True), InputAge(None, None, False)], NOW) == NEVER_MS


def test_the_slowest_partition_decides_and_one_that_never_spoke_holds_all() -> None:
    floor = FloorClock(2)
    floor.hear(word(0, 700, 0, 0))
    assert floor.lowest_ms("postings", 0, 10) == NEVER_MS
    assert floor.behind("postings", 0, 10) == [1]
    floor.hear(word(1, 600, 0, 0))
    assert floor.lowest_ms("postings", 0, 10) == 600
    assert floor.behind("postings", 0, 10) == [1]


def test_a_word_is_believed_when_its_log_was_read_to_the_end_it_had() -> None:
    floor = FloorClock(1)
    floor.hear(word(0, 600, 10))
    floor.hear(word(0, 900, 25))
    assert floor.lowest_ms("calls", 0, 9) == NEVER_MS
    assert floor.lowest_ms("calls", 0, 10) == 600
    assert floor.lowest_ms("calls", 0, 24) == 600
    assert floor.lowest_ms("calls", 0, 25) == 900


def test_a_word_that_was_believed_holds_until_the_partition_is_dealt_anew() -> None:
    floor = FloorClock(1)
    floor.hear(word(0, 600, 10))
    assert floor.lowest_ms("calls", 0, 10) == 600
    assert floor.lowest_ms("calls", 0, 3) == 600
    floor.forget()
    assert floor.lowest_ms("calls", 0, 3) == NEVER_MS


def test_older_words_and_those_of_nobody_change_nothing() -> None:
    floor = FloorClock(1)
    floor.hear(word(0, 900, 5))
    floor.hear(word(0, 600, 1))
    floor.hear(word(7, 100, 1))
    floor.hear(word(0, 950, 1, 1))  # of another number of partitions
    assert floor.lowest_ms("deals", 0, 4) == NEVER_MS
    assert floor.lowest_ms("deals", 0, 5) == 900


def test_what_is_told_is_read_back() -> None:
    told = word(3, 600, 1, 2, 3, 4)
    key, value = encode_clock(told)
    assert (key, decode_clock(value)) == (b"3", told)
