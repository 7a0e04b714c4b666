"""What a dead letter keeps, and when a partition is not read on."""

from __future__ import annotations

from streams.core.codec import Origin, origin_headers, origin_of
from streams.core.dead_letter import DeadLetterLimits, dead_letter
from streams.core.errors import MalformedEvent
from tests.unit.records import Record

ERROR = MalformedEvent("schema", "$.talk_ms", "`talk_ms` is -1: expected `int` >= 0")


def after(*runs: tuple[int, bool]) -> DeadLetterLimits:
    limits = DeadLetterLimits()
    for count, good in runs:
        for _ in range(count):
            limits.observe(good)
    return limits


def test_a_dead_letter_keeps_the_bytes_and_says_why_and_where_from() -> None:
    record = Record(b"\xff\x00", headers=[("traceparent", b"00-1")])
    letter = dead_letter(record, ERROR)
    assert (letter.topic, letter.key, letter.value) == (
        "call-ended.dead-letter",
        b"r-0001",
        b"\xff\x00",
    )
    assert letter.reason == "schema"
    assert list(letter.headers) == [
        ("floorcast-reason", b"schema"),
        ("floorcast-path", b"$.talk_ms"),
        ("floorcast-message", b"`talk_ms` is -1: expected `int` >= 0"),
        ("floorcast-origin-topic", b"call-ended"),
        ("floorcast-origin-partition", b"3"),
        ("floorcast-origin-offset", b"41"),
        ("floorcast-origin-timestamp", b"1772445600000"),
        ("traceparent", b"00-1"),
    ]


def test_a_dead_letter_of_a_dead_letter_has_one_reason_and_the_first_origin() -> None:
    first = Origin("call-ended", 7, 123, 1_772_000_000_000)
    record = Record(
        None, headers=[("floorcast-reason", b"scale"), *origin_headers(first), ("a", b"b")]
    )
    letter = dead_letter(record, ERROR)
    assert [name for name, _ in letter.headers].count("floorcast-reason") == 1
    assert dict(letter.headers)["a"] == b"b"
    assert origin_of(Record(None, headers=letter.headers)) == first


def test_a_long_message_is_cut_between_characters() -> None:
    error = MalformedEvent("schema", "$.x", "é" * 5_000 + "\ud800")
    message = dict(dead_letter(Record(b""), error).headers)["floorcast-message"]
    assert len(message) == 1_000
    assert message.decode() == "é" * 500


def test_fifty_bad_events_in_a_row_stop_and_forty_nine_do_not() -> None:
    assert after((10_000, True), (49, False)).stopped is None
    stopped = after((10_000, True), (50, False)).stopped
    assert stopped is not None
    assert stopped.rule == "in_a_row"
    assert str(stopped).startswith("50 events in a row are bad")


def test_a_good_event_ends_a_row() -> None:
    assert after((10_000, True), (49, False), (1, True), (1, False)).stopped is None


def test_five_percent_of_the_last_thousand_may_be_bad_and_not_one_more() -> None:
    limits = after((10_000, True), *[(1, False), (18, True)] * 50)
    assert limits.stopped is None
    stopped = limits.observe(False, 777)
    assert stopped is not None
    assert str(stopped) == ("51 of the last 1000 events are bad (more than 5 %), up to offset 777")


def test_bad_events_are_forgotten_once_a_thousand_came_after() -> None:
    limits = after((1_000, True), (49, False), (951, True))
    assert limits.observe(False) is None  # 50 of 1,000
    assert limits.observe(False) is None  # the first of the 49 left the window
    limits.observe_good(1_000)
    assert after((1_000, True), (49, False), (900, True), (2, False)).stopped is not None
    assert limits.observe(False) is None


def test_the_ratio_says_nothing_of_fewer_than_two_hundred_events() -> None:
    assert after((188, True), (11, False)).stopped is None


def test_the_two_hundredth_event_may_be_good_and_stop() -> None:
    limits = after((188, True), (11, False))
    stopped = limits.observe_good(1)
    assert stopped is not None
    assert (stopped.bad, stopped.of) == (11, 200)
    assert after((189, True), (10, False), (1, True)).stopped is None


def test_a_stop_stays_until_resume() -> None:
    limits = after((50, False))
    limits.observe_good(100_000)
    assert limits.stopped is not None
    limits.resume()
    assert limits.stopped is None


def test_after_resume_the_counters_start_afresh() -> None:
    limits = after((1_000, True), (50, False))
    limits.resume()
    for _ in range(49):
        assert limits.observe(False) is None
    assert limits.observe(False) is not None


def test_accepted_bad_events_do_not_stop_up_to_the_offset_and_do_from_there() -> None:
    limits = after((50, False))
    limits.resume(accept_until=1_000)
    for offset in range(100, 1_000):
        assert limits.observe_bad(offset) is None
    for offset in range(1_000, 1_049):
        assert limits.observe_bad(offset) is None
    stopped = limits.observe_bad(1_049)
    assert stopped is not None
    assert stopped.offset == 1_049
