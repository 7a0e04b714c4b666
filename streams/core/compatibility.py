"""Says what a change of a schema breaks: for old events and senders, and for old readers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import json

from streams.core.schema import Schema


class _Why(NamedTuple):
    """Why a narrower schema hurts, in the words of who is hurt."""

    required: str
    removed: str
    narrower: str


_SENDERS = _Why(
    "an old producer does not send it",
    "what an old producer sends in it would be lost",
    "an old producer may send what was allowed",
)
_READERS = _Why(
    "an old reader relies on it",
    "an old reader relies on it",
    "an old reader does not expect it",
)
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_EXACT = ("pattern", "format", "multipleOf")


def compatible(name: str, old: Schema, new: Schema, *, written: bool = False) -> list[str]:
    """What in `new` an event or a sender of `old` would not survive, one line a problem.

    Compatible are new optional fields, wider ranges, new members of a set. With `written` the
    schema is of something floorcast writes: then readers of `old` must also survive what is new,
    and only new optional fields are compatible.
    """
    problems = list(_Comparison(old, new, _SENDERS).narrowed(old, new, ""))
    if written:
        problems += _Comparison(new, old, _READERS).narrowed(new, old, "")
    return [f"{name}: {problem}" for problem in dict.fromkeys(problems)]


class _Comparison:
    """Finds what of the schema `wide` the schema `narrow` does not take."""

    def __init__(self, wide: Schema, narrow: Schema, why: _Why) -> None:
        self.wide_root, self.narrow_root = wide, narrow
        self.why = why

    def narrowed(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        """Problems of everything `wide` takes at the field path `at`."""
        takers = list(_variants(narrow, self.narrow_root))
        for variant in _variants(wide, self.wide_root):
            found = [
                list(self._variant(variant, taker, at))
                for taker in takers
                if _takes(taker, variant)
            ]
            if found:
                yield from min(found, key=len)
            else:
                yield f"{_field(at)} {self._type(variant, takers)}: {self.why.narrower}"
        if self.why is _SENDERS and "default" in wide and "default" in narrow:
            was, now = (json.encode(schema["default"]).decode() for schema in (wide, narrow))
            if was != now:
                yield f"{_field(at)} has default {now}, was {was}: old events without it change"

    def _type(self, gone: Schema, takers: list[Schema]) -> str:
        if self.why is _READERS:
            return f"may now be {_kind(gone)}"
        return f"is now {' or '.join(map(_kind, takers))}, no more {_kind(gone)}"

    def _variant(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        if "enum" in wide:
            gone = [v for v in wide["enum"] if "enum" in narrow and v not in narrow["enum"]]
            if gone:
                values = ", ".join(json.encode(value).decode() for value in gone)
                verb = "takes no more" if self.why is _SENDERS else "may now be"
                yield f"{_field(at)} {verb} {values}: {self.why.narrower}"
        else:
            yield from self._limits(wide, narrow, at)
        if wide.get("type") == "object":
            yield from self._object(wide, narrow, at)
        elif wide.get("type") == "array":
            yield from self._array(wide, narrow, at)

    def _limits(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        for word in (*_LOWER, *_UPPER, *_EXACT):
            was, now = wide.get(word), narrow.get(word)
            if now is None or was == now:
                continue
            if was is None or word in _EXACT or (now > was if word in _LOWER else now < was):
                if self.why is _READERS:
                    was, now = now, was
                change = f"has {word} {_shown(now)}, was {_shown(was)}"
                yield f"{_field(at)} {change}: {self.why.narrower}"

    def _object(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        had, has = wide.get("properties", {}), narrow.get("properties", {})
        for field in narrow.get("required", ()):
            if field not in wide.get("required", ()):
                new = "became" if field in had else "is new and"
                if self.why is _READERS:
                    new = "is no more"
                yield f"{_field(_join(at, field))} {new} required: {self.why.required}"
        for field, schema in had.items():
            if field in has:
                yield from self.narrowed(schema, has[field], _join(at, field))
            elif self.why is _SENDERS:
                yield f"{_field(_join(at, field))} was removed: {self.why.removed}"
        was, now = wide.get("additionalProperties", True), narrow.get("additionalProperties", True)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from self.narrowed(was, now, _join(at, "*"))
        elif now is not True and was != now:
            yield f"{_field(at)} limits its further fields: {self.why.narrower}"

    def _array(self, wide: Schema, narrow: Schema, at: str) -> Iterator[str]:
        had, has = wide.get("prefixItems", []), narrow.get("prefixItems", [])
        for index, schema in enumerate(had):
            if index < len(has):
                yield from self.narrowed(schema, has[index], f"{at}[{index}]")
            elif self.why is _SENDERS:
                yield f"{_field(f'{at}[{index}]')} was removed: {self.why.removed}"
        was, now = wide.get("items", True), narrow.get("items", True)
        if isinstance(was, dict) and isinstance(now, dict):
            yield from self.narrowed(was, now, f"{at}[]")


def _variants(schema: Schema, root: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        here: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            here = here[step]
        yield from _variants(here, root)
    elif "anyOf" in schema:
        for inner in schema["anyOf"]:
            yield from _variants(inner, root)
    else:
        yield schema


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(json.encode(value).decode() for value in schema["enum"])
    return str(schema.get("type", "anything"))


def _shown(limit: object) -> str:
    return "none" if limit is None else f"`{limit}`"


def _takes(narrow: Schema, wide: Schema) -> bool:
    """True when a value of the type of `wide` may be one of `narrow`, limits aside."""
    types = narrow.get("type"), wide.get("type")
    if "enum" in wide:
        limited = any(word in narrow for word in (*_LOWER, *_UPPER, *_EXACT))
        return "enum" in narrow or (types[0] in {"string", None} and not limited)
    if "enum" in narrow:
        return False
    return types[0] in {types[1], None} or types == ("number", "integer")


def _join(at: str, field: str) -> str:
    return f"{at}.{field}" if at else field


def _field(at: str) -> str:
    return f"field `{at}`" if at else "the value"
