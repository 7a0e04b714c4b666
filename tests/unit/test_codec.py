"""What a record must be to count, and what is said of one that does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from streams.core.codec import (
    DECODERS,
    FUTURE_MS,
    TOO_OLD_MS,
    Origin,
    check_instant,
    decode_event,
    origin_headers,
    origin_of,
    to_ms,
)
from streams.core.errors import REASON_CODES, MalformedEvent
from streams.core.events import (
    CALL_ENDED,
    DEAL_CLOSED,
    EVENTS,
    SURVEY_SUBMITTED,
    CallEnded,
)
from tests.unit.records import AT_MS, Record, body


def fault(
    kind: str,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]] = (),
    timestamp: int = AT_MS,
) -> MalformedEvent:
    with pytest.raises(MalformedEvent) as caught:
        decode_event(kind, Record(value, headers, timestamp))
    assert caught.value.code in REASON_CODES
    return caught.value


@pytest.mark.parametrize("kind", EVENTS)
def test_the_smallest_event_of_every_kind_counts(kind: str) -> None:
    event = decode_event(kind, Record(body(kind)))
    assert type(event) is EVENTS[kind]
    assert to_ms(event.occurred_at) == AT_MS
    assert DECODERS[kind].decode(body(kind)) == event


def test_unknown_fields_are_ignored_whatever_is_in_them() -> None:
    value = body(CALL_ENDED)[:-1] + b',"later":1e999,"more":{"deep":[[[null]]]}}'
    assert decode_event(CALL_ENDED, Record(value)) == decode_event(
        CALL_ENDED, Record(body(CALL_ENDED))
    )


def test_of_a_field_sent_twice_the_last_one_holds() -> None:
    value = body(CALL_ENDED)[:-1] + b',"rep_id":"r-2"}'
    assert decode_event(CALL_ENDED, Record(value)).rep_id == "r-2"


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"talk_ms": 1.5}, "$.talk_ms", "`talk_ms` is 1.5: expected `int | null`, got `float`"),
        ({"talk_ms": -1}, "$.talk_ms", "`talk_ms` is -1: expected `int` >= 0"),
        ({"talk_ms": 86_400_001}, "$.talk_ms", "is 86400001: expected `int` <= 86400000"),
        ({"result": "lost"}, "$.result", '`result` is "lost": allowed are abandoned, answered,'),
        ({"rep_id": ...}, "$.rep_id", "required field `rep_id` is missing"),
        ({"rep_id": ""}, "$.rep_id", '`rep_id` is "": expected `str` of length >= 1'),
        ({"rep_id": "r" * 129}, "$.rep_id", "…: expected `str` of length <= 128"),
        ({"rep_id": None}, "$.rep_id", "`rep_id` is null: expected `str`, got `null`"),
        ({"source": "pbx 1"}, "$.source", '`source` is "pbx 1": expected `str` matching regex'),
        ({"occurred_at": "2026-03-02T10:00:00"}, "$.occurred_at", "with a timezone component"),
        ({"occurred_at": "yesterday"}, "$.occurred_at", '"yesterday": invalid RFC3339'),
        ({"occurred_at": 1_772_445_600}, "$.occurred_at", "expected `datetime`, got `int`"),
        ({"revision": 2**63}, "$.revision", "expected `int` <= 9223372036854775807"),
    ],
)
def test_a_fault_of_the_schema_names_field_value_and_what_is_allowed(
    changes: dict[str, object], path: str, says: str
) -> None:
    error = fault(CALL_ENDED, body(CALL_ENDED, **changes))
    assert (error.code, error.path) == ("schema", path)
    assert says in error.message


def test_a_fault_inside_a_list_is_named_with_its_index() -> None:
    lines = [{"product_id": "a", "amount_minor": 1}, {"product_id": "b", "amount_minor": 1.5}]
    error = fault(DEAL_CLOSED, body(DEAL_CLOSED, lines=lines))
    assert (error.code, error.path) == ("schema", "$.lines[1].amount_minor")
    assert error.message == "`amount_minor` is 1.5: expected `int`, got `float`"
    error = fault(DEAL_CLOSED, body(DEAL_CLOSED, credits=[{"rep_id": "r-1"}]))
    assert error.path == "$.credits[0].share"


def test_the_allowed_members_of_an_optional_set_are_named() -> None:
    error = fault(SURVEY_SUBMITTED, body(SURVEY_SUBMITTED, channel="fax"))
    assert error.message == '`channel` is "fax": allowed are email, follow_up_call, ivr, sms, web'


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "no value (a tombstone)"),
        (b"", "the value is not JSON: Input data was truncated"),
        (b"{", "truncated"),
        (body(CALL_ENDED) + b" {}", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"\x00\x00\x00\x00\x01{}", "not JSON"),
        (body(CALL_ENDED)[:-1] + b',"talk_ms":NaN}', "not JSON"),
        (body(CALL_ENDED)[:-1] + b',"talk_ms":Infinity}', "not JSON"),
        (body(CALL_ENDED)[:-1] + b',"lead_id":"\xff"}', "not UTF-8"),
        (body(CALL_ENDED)[:-1] + b',"lead_id":"\xed\xa0\x80"}', "not UTF-8"),
        (body(CALL_ENDED)[:-1] + rb',"lead_id":"\udc00"}', "surrogate"),
        (body(CALL_ENDED)[:-1] + rb',"lead_id":"\ud800a"}', "not JSON"),
        (body(CALL_ENDED)[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deep"),
        (b'{"a":' * 1_000_000, "too deep"),
    ],
)
def test_what_is_no_json_is_said_to_be_none(value: bytes | None, says: str) -> None:
    error = fault(CALL_ENDED, value)
    assert (error.code, error.path) == ("not_json", "$")
    assert says in error.message


@pytest.mark.parametrize("value", [b"null", b"[]", b"7", b'"' + b"a" * 10_000_000 + b'"'])
def test_json_that_is_no_object_is_a_fault_of_the_schema(value: bytes) -> None:
    error = fault(CALL_ENDED, value)
    assert (error.code, error.path) == ("schema", "$")
    assert error.message.startswith("Expected `object`")


@pytest.mark.parametrize("number", [b"1e400", b"9" * 400, b"-1e400"])
def test_a_number_out_of_range_is_a_fault_of_its_field(number: bytes) -> None:
    error = fault(SURVEY_SUBMITTED, body(SURVEY_SUBMITTED)[:-1] + b',"score":' + number + b"}")
    assert error.path == "$.score"
    assert len(error.message) < 200


def test_ten_megabytes_are_read_and_their_fault_told_in_a_short_line() -> None:
    error = fault(CALL_ENDED, body(CALL_ENDED, lead_id="x" * 10_000_000))
    assert (error.code, error.path) == ("schema", "$.lead_id")
    assert len(error.message) < 200


@pytest.mark.parametrize("version", [0, 2, -1, 99])
def test_another_schema_version_is_named_as_such_even_when_its_fields_differ(version: int) -> None:
    for changes in ({}, {"result": "teleported"}):
        error = fault(CALL_ENDED, body(CALL_ENDED, schema_version=version, **changes))
        if version < 0 and changes:
            continue  # a version that never was: any of its faults may be told
        assert (error.code, error.path) == ("unknown_schema_version", "$.schema_version")
        assert f"is {version}: this floorcast reads 1" in error.message


def test_an_event_may_be_five_minutes_ahead_of_its_record_and_no_more() -> None:
    record = Record(body(CALL_ENDED), timestamp=AT_MS - FUTURE_MS)
    assert decode_event(CALL_ENDED, record).event_id == "e-1"
    error = fault(CALL_ENDED, body(CALL_ENDED), timestamp=AT_MS - FUTURE_MS - 1)
    assert (error.code, error.path) == ("from_the_future", "$.occurred_at")
    assert "2026-03-02T10:00:00.000Z" in error.message
    assert "2026-03-02T09:54:59.999Z" in error.message


def test_a_record_without_a_timestamp_does_not_judge_its_event() -> None:
    assert decode_event(CALL_ENDED, Record(body(CALL_ENDED), timestamp=-1)).event_id == "e-1"


def test_a_wild_record_timestamp_does_not_let_a_wild_event_in() -> None:
    value = body(CALL_ENDED, occurred_at="9999-12-31T23:59:59-14:00")
    for timestamp in (-1, 2**62):
        error = fault(CALL_ENDED, value, timestamp=timestamp)
        assert error.code == "from_the_future"
        assert "before 2100" in error.message


def test_nothing_is_older_than_1990() -> None:
    check_instant(TOO_OLD_MS, AT_MS)
    error = fault(CALL_ENDED, body(CALL_ENDED, occurred_at="1989-12-31T23:59:59.999Z"))
    assert (error.code, error.path) == ("too_old", "$.occurred_at")
    assert "1989-12-31T23:59:59.999Z" in error.message
    assert fault(CALL_ENDED, body(CALL_ENDED, occurred_at="0001-01-01T00:00:00+14:00")).code == (
        "too_old"
    )


def test_the_close_of_a_deal_obeys_the_same_limits() -> None:
    error = fault(DEAL_CLOSED, body(DEAL_CLOSED, closed_at="1970-01-01T00:00:00Z"))
    assert (error.code, error.path) == ("too_old", "$.closed_at")
    error = fault(DEAL_CLOSED, body(DEAL_CLOSED, closed_at="2026-03-02T10:06:00Z"))
    assert (error.code, error.path) == ("from_the_future", "$.closed_at")


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"score": 5.5}, "$.score", "`score` is 5.5: it must be from 1.0 to 5.0"),
        ({"score": 0}, "$.score", "`score` is 0.0"),
        ({"scale_max": 1}, "$.scale_max", "must be greater than `scale_min`, which is 1.0"),
        ({"scale_max": 1.0001, "score": 1}, "$.scale_max", "by 0.01 at least"),
        ({"scale_max": 1e300}, "$.scale_max", "from -1,000,000 to 1,000,000"),
        ({"scale_min": -1e308, "scale_max": 1e308}, "$.scale_min", "from -1,000,000"),
    ],
)
def test_a_score_lies_on_its_scale(changes: dict[str, object], path: str, says: str) -> None:
    error = fault(SURVEY_SUBMITTED, body(SURVEY_SUBMITTED, **changes))
    assert (error.code, error.path) == ("scale", path)
    assert says in error.message


def test_both_ends_of_a_scale_are_scores() -> None:
    for score in (1, 5):
        decode_event(SURVEY_SUBMITTED, Record(body(SURVEY_SUBMITTED, score=score)))


def test_milliseconds_are_rounded_down_on_both_sides_of_1970() -> None:
    assert to_ms(datetime(1970, 1, 1, 0, 0, 0, 1999, UTC)) == 1
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)) == -1
    assert to_ms(datetime(2026, 3, 2, 15, 30, tzinfo=timezone(timedelta(hours=5.5)))) == AT_MS


def test_a_re_produced_record_says_where_it_was_first_written() -> None:
    first = Origin("call-ended", 7, 123, 1_772_000_000_000)
    again = Record(
        b"", headers=[*origin_headers(first), ("traceparent", b"00-1")], topic="misrouted"
    )
    assert origin_of(again) == first


@pytest.mark.parametrize(
    "broken",
    [
        {"floorcast-origin-offset": b"many"},
        {"floorcast-origin-offset": b"9" * 30},
        {"floorcast-origin-partition": b"-1"},
        {"floorcast-origin-topic": b"\xff"},
        {"floorcast-origin-timestamp": None},
    ],
)
def test_origin_headers_that_are_not_whole_are_not_believed(broken: dict[str, bytes]) -> None:
    headers = {**dict(origin_headers(Origin("call-ended", 7, 123, AT_MS))), **broken}
    record = Record(b"", headers=list(headers.items()))
    assert origin_of(record) == Origin("call-ended", 3, 41, AT_MS)


def test_an_event_that_took_a_detour_is_judged_by_its_first_record() -> None:
    first = Origin("call-ended", 7, 123, AT_MS - FUTURE_MS - 1)
    error = fault(CALL_ENDED, body(CALL_ENDED), headers=origin_headers(first))
    assert error.code == "from_the_future"


def test_an_encoded_event_is_read_back_as_it_was() -> None:
    event = DECODERS[CALL_ENDED].decode(body(CALL_ENDED, talk_ms=90_000, team_id="north"))
    assert isinstance(event, CallEnded)
    assert decode_event(CALL_ENDED, Record(msgspec.json.encode(event))) == event
