"""The published JSON Schemas describe exactly what is written and read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from streams.core.codec import decode_event
from streams.core.errors import MalformedEvent
from streams.core.events import EVENTS
from streams.core.schema import PUBLISHED, schemas
from tests.property.structs import structs
from tests.property.test_alert_book_laws import actions
from tests.property.test_codec_fuzz import json_values
from tests.unit.records import Record, body

VALIDATORS = {name: Draft202012Validator(schema) for name, schema in schemas().items()}
ENCODER = msgspec.json.Encoder()
TOGETHER = {"alert-action": actions()}
"""Records whose fields must go together, which no type says."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_schema_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(schemas()[name])


@pytest.mark.parametrize("name", PUBLISHED)
@given(data=st.data())
@settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_what_the_structs_encode_is_valid(name: str, data: st.DataObject) -> None:
    own = TOGETHER.get(name)
    one = data.draw(structs(PUBLISHED[name].struct) if own is None else own)
    VALIDATORS[name].validate(msgspec.json.decode(ENCODER.encode(one)))


@given(st.sampled_from(sorted(EVENTS)), st.data())
@settings(deadline=None)
def test_what_is_counted_is_valid_whatever_else_is_in_it(kind: str, data: st.DataObject) -> None:
    names = [field.encode_name for field in msgspec.structs.fields(EVENTS[kind])]
    changes = data.draw(
        st.dictionaries(st.sampled_from(names) | st.text(max_size=5), json_values, max_size=3)
    )
    value = body(kind, **changes)
    try:
        decode_event(kind, Record(value))
    except MalformedEvent as error:
        # Two things no schema says: how a time is spelt, and that 0.0 is no integer.
        spelling = "RFC3339" in error.message or "got `float`" in error.message
        if error.code == "schema" and not spelling:
            assert not VALIDATORS[kind].is_valid(msgspec.json.decode(value)), error
    else:
        VALIDATORS[kind].validate(msgspec.json.decode(value))
