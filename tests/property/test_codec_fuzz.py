"""Whatever bytes a record holds, reading it gives an event or a MalformedEvent, nothing else."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.codec import LATEST_MS, TOO_OLD_MS, decode_event, to_ms
from streams.core.errors import REASON_CODES, MalformedEvent
from streams.core.events import EVENTS
from tests.unit.records import EVENT, Record, body

kinds = st.sampled_from(sorted(EVENTS))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
header_names = st.sampled_from(
    ["ce_specversion", "ce_id", "ce_source", "ce_time", "content-type", "Content-Type"]
    + [f"floorcast-origin-{what}" for what in ("topic", "partition", "offset", "timestamp")]
) | st.text(max_size=20)
header_values = st.sampled_from(
    [b"1.0", b"application/cloudevents+json", b"2026-01-01T00:00:00Z", b"7"]
) | st.binary(max_size=30)
headers = st.lists(st.tuples(header_names, header_values), max_size=8)


def read(kind: str, value: bytes | None, *given_headers: tuple[str, bytes]) -> str:
    """`ok` or the code; fails on anything that a record must never cause."""
    try:
        event = decode_event(kind, Record(value, given_headers))
    except MalformedEvent as error:
        assert error.code in REASON_CODES
        assert error.code != "internal", error
        assert error.path.startswith("$")
        assert 0 < len(error.message) < 1_000
        return error.code
    assert TOO_OLD_MS <= to_ms(event.occurred_at) < LATEST_MS
    msgspec.json.encode(event)
    return "ok"


@given(kinds, st.binary(max_size=300) | json_values.map(msgspec.json.encode), headers)
def test_any_bytes_and_any_headers(kind: str, value: bytes, some: list[tuple[str, bytes]]) -> None:
    read(kind, value, *some)


@given(kinds, st.data(), headers)
def test_an_event_with_any_json_in_any_fields(
    kind: str, data: st.DataObject, some: list[tuple[str, bytes]]
) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(EVENTS[kind])]
    changes = data.draw(st.dictionaries(st.sampled_from(names), json_values, max_size=4))
    read(kind, body(kind, **changes), *some)


@given(kinds, st.data())
def test_a_structured_cloudevent_with_any_json_in_it(kind: str, data: st.DataObject) -> None:
    attributes = ["specversion", "id", "source", "time", "data", "data_base64"]
    changes = data.draw(st.dictionaries(st.sampled_from(attributes), json_values, max_size=3))
    envelope: dict[str, Any] = {"specversion": "1.0", "id": "1", "data": EVENT[kind]} | changes
    read(kind, msgspec.json.encode(envelope))


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_twenty_five_thousand_broken_copies_of_an_event(kind: str) -> None:
    draw = random.Random(kind)
    splices = [
        b"\x00",
        b"\xff",
        b'"',
        b"{",
        b"}",
        b"[",
        b",",
        b"\\",
        b"null",
        b"1e999",
        b"-",
        b"\n",
    ]
    seen: dict[str, int] = {}
    for _ in range(25_000):
        value = bytearray(body(kind))
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(value))
            match draw.randrange(4):
                case 0:
                    value[at] ^= 1 << draw.randrange(8)
                case 1:
                    del value[at : at + draw.randint(1, 12)]
                case 2:
                    value[at:at] = draw.choice(splices)
                case _:
                    value[at : at + 4] = value[draw.randrange(len(value)) :][:4]
            value = value or bytearray(b"{")
        code = read(kind, bytes(value))
        seen[code] = seen.get(code, 0) + 1
    assert {"ok", "not_json", "schema"} <= seen.keys()
