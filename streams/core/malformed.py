"""Makes a MalformedEvent, naming field, value and what is allowed, of what a decoder raises."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from msgspec import DecodeError, Raw, ValidationError, inspect, json

from streams.core.errors import MalformedEvent
from streams.core.events import SCHEMA_VERSION

DECODE_FAILURES = (ValueError, TypeError, RecursionError)
"""All that a msgspec decoder raises for any input: DecodeError and UnicodeDecodeError are
ValueErrors, a missing value is a TypeError, brackets nested without end are a RecursionError."""

_SHOWN = 60
"""Characters of a faulty value that a message repeats; the dead letter has all of it."""
_DUG = 1_000_000
"""Bytes up to which a value is read again to find what stands at the fault."""

_AT = re.compile(r"^(.*) - at `(\$.*)`$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_fields = json.Decoder(dict[str, Raw]).decode
_items = json.Decoder(list[Raw]).decode


def malformed_from(
    exc: Exception, event_type: type | None = None, value: bytes | None = None
) -> MalformedEvent:
    """The MalformedEvent for what a decoder raised.

    With the struct and the bytes that were read, the message also shows the value found and, for
    one of a fixed set, the set. Anything that is not one of `DECODE_FAILURES` becomes `internal`.
    """
    if isinstance(exc, ValidationError):
        return _invalid(str(exc), event_type, value)
    if isinstance(exc, UnicodeDecodeError):
        return MalformedEvent("not_json", "$", f"a string in it is not UTF-8 ({exc.reason})")
    if isinstance(exc, DecodeError):
        return MalformedEvent("not_json", "$", f"the value is not JSON: {exc}")
    if isinstance(exc, RecursionError):
        return MalformedEvent("not_json", "$", "nested too deep to be read")
    if isinstance(exc, TypeError) and value is None:
        return MalformedEvent("not_json", "$", "no value (a tombstone): send a JSON object")
    return MalformedEvent("internal", "$", f"{type(exc).__name__}: {exc}")


def found_at(value: bytes | None, path: str) -> str | None:
    """The JSON text at a JSON path, cut to `_SHOWN` characters; None when nothing stands there."""
    if value is None or len(value) > _DUG:
        return None
    here: bytes | Raw = value
    try:
        for name, index in _STEP.findall(path):
            here = _fields(here)[name] if name else _items(here)[int(index)]
        text = str(bytes(here), "utf-8", "replace")
    except (*DECODE_FAILURES, LookupError):
        return None
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _invalid(text: str, event_type: type | None, value: bytes | None) -> MalformedEvent:
    at = _AT.match(text)
    fault, path = at.groups() if at else (text, "$")
    if event_type is not None:
        version = found_at(value, "$.schema_version")
        if version is not None and version.isdigit() and int(version) != SCHEMA_VERSION:
            return unknown_version(version)
    missing = _MISSING.match(fault)
    if missing:
        field = missing[1]
        return MalformedEvent("schema", f"{path}.{field}", f"required field `{field}` is missing")
    if fault.startswith("Invalid enum value") and event_type is not None:
        allowed = _allowed(event_type, re.sub(r"\[\d+\]", "[]", path))
        if allowed:
            fault = f"allowed are {', '.join(map(str, allowed))}"
    found = found_at(value, path) if path != "$" else None
    field = path.rpartition(".")[2]
    message = fault if found is None else f"`{field}` is {found}: {fault[0].lower()}{fault[1:]}"
    return MalformedEvent("schema", path, message)


def unknown_version(version: object) -> MalformedEvent:
    """The MalformedEvent for a `schema_version` this release does not read."""
    message = f"`schema_version` is {version}: this floorcast reads {SCHEMA_VERSION}"
    return MalformedEvent("unknown_schema_version", "$.schema_version", message)


@cache
def _allowed(event_type: type, path: str) -> tuple[Any, ...]:
    """The members of the set of literals at a path, without indices; empty when there is none."""
    here: list[inspect.Type] = [inspect.type_info(event_type)]
    for step in re.findall(r"\.[^.\[\]]+|\[\]", path):
        here = [inner for one in here for inner in _inside(one, step)]
    members = (one.values for one in here if isinstance(one, inspect.LiteralType))
    return tuple(value for values in members for value in values)


def _inside(one: inspect.Type, step: str) -> list[inspect.Type]:
    inner: list[inspect.Type] = []
    if isinstance(one, inspect.StructType):
        inner = [field.type for field in one.fields if f".{field.encode_name}" == step]
    elif isinstance(one, inspect.ListType) and step == "[]":
        inner = [one.item_type]
    plain = [t.type if isinstance(t, inspect.Metadata) else t for t in inner]
    return [
        member for t in plain for member in (t.types if isinstance(t, inspect.UnionType) else (t,))
    ]
