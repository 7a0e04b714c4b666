"""One field's rule as written in the mapping: checked, and made into a `Field`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from producers.csv_import.fields import Field, Template
from producers.csv_import.moments import Moment
from producers.csv_import.units import Convert, unit_of

_Scalar = str | bool | int | float


class _PlusText(Struct, forbid_unknown_fields=True):
    column: str
    unit: str = "ms"


class _RuleText(Struct, forbid_unknown_fields=True):
    constant: _Scalar | None = None
    column: str = ""
    template: str = ""
    at: str | list[str] = []
    format: str = "iso"
    date: str = ""
    date_format: str = "%Y-%m-%d"
    time: str | list[str] = []
    time_format: str = "%H:%M:%S"
    zone: str = ""
    next_day_after: str = ""
    plus: list[_PlusText] = []
    unit: str = "text"
    values: dict[str, _Scalar] | None = None
    other: _Scalar | None = None
    empty: list[str] = []
    default: _Scalar | None = None
    at_least: int | float | None = None
    keyed_hash: str = ""


class Context:
    """What rules share: zone, decimal mark, environment, and the problems found so far."""

    def __init__(self, zone: str, decimal: str, environ: Mapping[str, str]) -> None:
        self.zone, self.decimal, self.environ = zone, decimal, environ
        self.problems: list[str] = []


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at the name that was probably meant."""
    close = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"


def field_of(name: str, raw: Any, kind: Any, where: str, context: Context) -> Field | None:
    """The rule of a field whose type is `kind`; None when there is a problem, which is noted."""
    at = f"{where}: {name}"
    if isinstance(raw, list):
        return _list_of(name, raw, kind, at, context)
    if not isinstance(raw, dict):
        return _constant_of(name, raw, kind, at, context)
    try:
        rule = msgspec.convert(raw, _RuleText)
    except msgspec.ValidationError as error:
        context.problems.append(f"{at}: {error}")
        return None
    made_of = [
        source
        for source, given in (
            ("constant", rule.constant is not None),
            ("column", rule.column),
            ("template", rule.template),
            ("at", rule.at),
            ("date and time", rule.date and rule.time),
        )
        if given
    ]
    if len(made_of) != 1:
        context.problems.append(
            f"{at}: needs exactly one of constant, column, template, at, or date and time"
        )
        return None
    if rule.constant is not None:
        return _constant_of(name, rule.constant, kind, at, context)
    if rule.at or rule.date:
        return _moment_of(name, rule, at, context)
    return Field(
        name,
        template=Template.of(rule.template)
        if rule.template
        else Template(("", ""), (rule.column,)),
        unit=_unit(rule.unit, at, context),
        values=dict(rule.values) if rule.values is not None else None,
        other=rule.other,
        empty=frozenset({"", *rule.empty}),
        default=rule.default,
        at_least=rule.at_least,
        hash_key=_key(rule.keyed_hash, at, context),
    )


def _constant_of(name: str, value: Any, kind: Any, at: str, context: Context) -> Field | None:
    """A field that is the same in every row, so it is proved once, here."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        context.problems.append(f"{at}: {value!r}: {error}")
        return None
    return Field(name, constant=value)


def _moment_of(name: str, rule: _RuleText, at: str, context: Context) -> Field | None:
    zone = rule.zone or context.zone
    if not zone:
        context.problems.append(f"{at}: needs a zone, here or at the top of the mapping")
        return None
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        context.problems.append(f"{at}: zone: {zone!r} is no IANA zone, like Europe/Berlin")
        return None
    moment = Moment(
        zone=info,
        at=_names(rule.at),
        format=rule.format,
        date=rule.date,
        date_format=rule.date_format,
        time=_names(rule.time),
        time_format=rule.time_format,
        empty=frozenset({"", *rule.empty}),
        next_day_after=rule.next_day_after,
        plus=tuple((plus.column, _unit(plus.unit, at, context)) for plus in rule.plus),
    )
    return Field(name, moment=moment)


def _list_of(name: str, raw: list[Any], kind: Any, at: str, context: Context) -> Field | None:
    """Rules of a list field (a deal's lines or credits): one table of rules per entry."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    struct = get_args(kind)[0] if get_origin(kind) is list else None
    if struct is None:
        context.problems.append(f"{at}: is no list")
        return None
    known = {field.name: field.type for field in msgspec.structs.fields(struct)}
    items = []
    for number, entry in enumerate(raw, 1):
        where = f"{at}, entry {number}"
        if not isinstance(entry, dict):
            context.problems.append(f"{where}: must be a table of rules")
            continue
        fields = []
        for part, rule in entry.items():
            if part not in known:
                context.problems.append(f"{where}: {part}: no such field{nearest(part, known)}")
            elif (field := field_of(part, rule, known[part], where, context)) is not None:
                fields.append(field)
        items.append(fields)
    return Field(name, items=items)


def _unit(name: str, at: str, context: Context) -> Convert:
    try:
        return unit_of(name, context.decimal)
    except ValueError as error:
        context.problems.append(f"{at}: unit: {error}")
        return str


def _key(variable: str, at: str, context: Context) -> bytes | None:
    if not variable:
        return None
    key = context.environ.get(variable, "")
    if not key:
        context.problems.append(
            f"{at}: keyed_hash: set the environment variable {variable} to a secret key"
        )
    return key.encode()


def _names(raw: str | list[str]) -> tuple[str, ...]:
    return (raw,) if isinstance(raw, str) else tuple(raw)
