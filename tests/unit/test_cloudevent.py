"""CloudEvents 1.0 in binary and structured mode give the events they carry."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec
import pytest

from streams.core.codec import decode_event, to_ms
from streams.core.errors import MalformedEvent
from streams.core.events import CALL_ENDED, SURVEY_SUBMITTED, CallEnded
from tests.unit.records import AT, AT_MS, Record, body

BINARY = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"ce-9"),
    ("ce_source", b"/pbx/leeds"),
    ("ce_type", b"com.example.call.ended"),
    ("ce_time", b"2026-03-02T09:59:00Z"),
    ("ce_subject", b"r-0001"),
    ("content-type", b"application/json"),
]
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
BARE = body(CALL_ENDED, event_id=..., source=..., occurred_at=...)
PLAIN = decode_event(CALL_ENDED, Record(body(CALL_ENDED)))


def structured(data: object = msgspec.Raw(BARE), **changes: object) -> bytes:
    envelope: dict[str, object] = {
        "specversion": "1.0",
        "id": "ce-9",
        "source": "/pbx/leeds",
        "type": "com.example.call.ended",
        "time": "2026-03-02T09:59:00Z",
        "subject": "r-0001",
        "partitionkey": "r-0001",
        "data": data,
    } | changes
    return msgspec.json.encode({name: what for name, what in envelope.items() if what is not ...})


def read(value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> CallEnded:
    event = decode_event(CALL_ENDED, Record(value, headers))
    assert isinstance(event, CallEnded)
    return event


def fault(value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> MalformedEvent:
    with pytest.raises(MalformedEvent) as caught:
        read(value, headers)
    return caught.value


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (BARE, BINARY),
        (structured(), STRUCTURED),
        (structured(), ()),
        (structured(data=..., data_base64=base64.b64encode(BARE).decode()), STRUCTURED),
        (structured(data=..., data_base64=base64.b64encode(BARE).decode()), ()),
    ],
)
def test_attributes_stand_for_what_the_event_does_not_repeat(
    value: bytes, headers: Sequence[tuple[str, bytes]]
) -> None:
    event = read(value, headers)
    assert (event.event_id, event.source) == ("ce-9", "/pbx/leeds")
    assert to_ms(event.occurred_at) == AT_MS - 60_000
    assert (event.call_id, event.rep_id) == ("c-1", "r-0001")


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (body(CALL_ENDED), BINARY),
        (structured(data=msgspec.Raw(body(CALL_ENDED))), STRUCTURED),
        (structured(data=msgspec.Raw(body(CALL_ENDED))), ()),
    ],
)
def test_what_the_event_says_itself_holds(
    value: bytes, headers: Sequence[tuple[str, bytes]]
) -> None:
    assert read(value, headers) == PLAIN


def test_a_null_member_of_an_envelope_counts_as_absent() -> None:
    coded = base64.b64encode(BARE).decode()
    for changes in (
        {"data_base64": None},
        {"data": None, "data_base64": coded},
        {"dataschema": None},
    ):
        assert read(structured(**changes), STRUCTURED).event_id == "ce-9"


def test_header_names_may_be_written_in_capitals() -> None:
    assert read(BARE, [(name.upper(), content) for name, content in BINARY]).event_id == "ce-9"


def test_headers_of_others_leave_a_plain_event_plain() -> None:
    assert read(body(CALL_ENDED), [("traceparent", b"00-1-2-01"), ("empty", b"")]) == PLAIN
    assert read(body(CALL_ENDED), [("Content-Type", b"application/json")]) == PLAIN


def test_blanks_and_other_letters_in_a_source_are_percent_encoded() -> None:
    headers = [*BINARY[:2], ("ce_source", "/pbx/Köln 1".encode()), *BINARY[3:]]
    assert read(BARE, headers).source == "/pbx/K%C3%B6ln%201"
    assert read(structured(source="/pbx/Köln 1"), STRUCTURED).source == "/pbx/K%C3%B6ln%201"


def test_unknown_fields_of_the_event_survive_a_filled_attribute() -> None:
    value = BARE[:-1] + b',"later":1e999}'
    assert read(value, BINARY).event_id == "ce-9"


@pytest.mark.parametrize(
    ("value", "headers", "code", "path", "says"),
    [
        (BARE, [("ce_specversion", b"0.3")], "cloudevent", "$", "`ce_specversion` is '0.3'"),
        (BARE, [("ce_specversion", b"\xff")], "cloudevent", "$", "not UTF-8"),
        (BARE, [("ce_specversion", b"1.0")], "schema", "$.event_id", "`event_id` is missing"),
        (None, BINARY, "not_json", "$", "no value"),
        (b"{", BINARY, "not_json", "$", "truncated"),
        (b"[]", BINARY, "schema", "$", "object"),
        (structured(specversion="2.0"), STRUCTURED, "cloudevent", "$.specversion", "'2.0'"),
        (structured(specversion=...), STRUCTURED, "cloudevent", "$.specversion", "is missing"),
        (structured(specversion=1.0), (), "cloudevent", "$.specversion", "must be a string"),
        (structured(id=9), STRUCTURED, "cloudevent", "$.id", "`id` must be a string"),
        (structured(data=...), STRUCTURED, "cloudevent", "$.data", "`data` is missing"),
        (structured(data_base64=""), STRUCTURED, "cloudevent", "$.data", "exclude each other"),
        (structured(data=..., data_base64="%"), (), "cloudevent", "$.data_base64", "base64"),
        (structured(data=..., data_base64="e3s="), (), "not_json", "$.data_base64", "not JSON"),
        (structured(data=None), STRUCTURED, "cloudevent", "$.data", "`data` is missing"),
        (structured(data="{}"), STRUCTURED, "schema", "$.data", "object"),
        (b"[]", STRUCTURED, "schema", "$", "object"),
        (None, STRUCTURED, "not_json", "$", "no value"),
    ],
)
def test_a_broken_cloudevent_is_told_apart_from_a_broken_event(
    value: bytes | None, headers: Sequence[tuple[str, bytes]], code: str, path: str, says: str
) -> None:
    error = fault(value, headers)
    assert (error.code, error.path) == (code, path)
    assert says in error.message


def test_a_fault_in_a_structured_event_is_found_by_its_path_in_the_record() -> None:
    data = msgspec.json.decode(BARE)
    error = fault(structured(data | {"talk_ms": 1.5}), STRUCTURED)
    assert (error.code, error.path) == ("schema", "$.data.talk_ms")
    error = fault(structured(time="noon"), STRUCTURED)
    assert (error.code, error.path) == ("schema", "$.time")
    error = fault(structured(time="1980-01-01T00:00:00Z"), STRUCTURED)
    assert (error.code, error.path) == ("too_old", "$.time")
    error = fault(structured(data | {"schema_version": 2}), ())
    assert (error.code, error.path) == ("unknown_schema_version", "$.data.schema_version")


def test_the_rules_of_an_event_hold_inside_a_cloudevent() -> None:
    survey = body(SURVEY_SUBMITTED, score=9, source=..., occurred_at=AT)
    with pytest.raises(MalformedEvent) as caught:
        decode_event(SURVEY_SUBMITTED, Record(structured(msgspec.Raw(survey)), STRUCTURED))
    assert (caught.value.code, caught.value.path) == ("scale", "$.data.score")
