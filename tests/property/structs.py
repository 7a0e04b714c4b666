"""Any value of a msgspec struct, drawn from its own types and limits."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct, inspect

_ZONES = st.builds(timezone, st.integers(-14 * 60, 14 * 60).map(lambda m: timedelta(minutes=m)))
_INSTANTS = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30), timezones=_ZONES)  # noqa: DTZ001 # bounds must be naive
_TEXT = st.characters(codec="utf-8")


def structs(struct: type[Struct]) -> st.SearchStrategy[Any]:
    """Instances of `struct` that obey every constraint of its types."""
    return _values(inspect.type_info(struct))


def _values(of: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: PLR0911 # one return a type
    match of:
        case inspect.Metadata():
            return _values(of.type)
        case inspect.UnionType():
            return st.one_of(*map(_values, of.types))
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.LiteralType():
            return st.sampled_from(of.values)
        case inspect.IntType():
            return st.integers(
                -(2**53) if of.ge is None else of.ge, 2**53 if of.le is None else of.le
            )
        case inspect.FloatType():
            return st.floats(of.ge, of.le, allow_nan=False, allow_infinity=False)
        case inspect.DateTimeType():
            return _INSTANTS
        case inspect.StrType():
            if of.pattern is not None:
                return st.from_regex(of.pattern, fullmatch=True).filter(
                    lambda text: len(text) <= (of.max_length or 99) and "\n" not in text
                )
            return st.text(_TEXT, min_size=of.min_length or 0, max_size=of.max_length)
        case inspect.ListType() | inspect.VarTupleType():
            held = st.lists(_values(of.item_type), max_size=3)
            return held.map(tuple) if isinstance(of, inspect.VarTupleType) else held
        case inspect.TupleType():
            return st.tuples(*map(_values, of.item_types))
        case inspect.DictType():
            return st.dictionaries(_values(of.key_type), _values(of.value_type), max_size=3)
        case inspect.StructType():
            fields = {field.name: _values(field.type) for field in of.fields}
            return st.builds(of.cls, **fields)
    msg = f"no strategy for {of}"
    raise NotImplementedError(msg)
