"""The mapping file: TOML to checked rules, every problem named at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Environment
from typing import Any

import msgspec
from msgspec import Struct

from producers.csv_import.fields import Field, Template
from producers.csv_import.moments import Cells
from producers.csv_import.rows import FileOptions
from producers.csv_import.rules import Context, field_of, nearest
from streams.core.errors import SettingsError
from streams.core.events import EVENTS, Event

_MADE_BY_US = {"event_id"}
"""Required fields that a mapping may leave out, because the import can make them."""

_Wanted = dict[str, str | list[str]]


class MappingError(SettingsError):
    """The mapping file is wrong; `problems` holds every problem found, one line each.

    Operator action: mend each named place; nothing was read or written.
    """


class Condition(Struct, frozen=True):
    """Holds when every column of `when` has one of its texts, and not every one of `unless`."""

    when: tuple[tuple[str, frozenset[str]], ...]
    unless: tuple[tuple[str, frozenset[str]], ...]

    def holds(self, cells: Cells) -> bool:
        """Whether a row meets it."""
        for column, texts in self.when:
            if cells[column] not in texts:
                return False
        return not self.unless or any(cells[column] not in texts for column, texts in self.unless)

    def columns(self) -> set[str]:
        """The columns it reads."""
        return {column for column, _ in (*self.when, *self.unless)}


class Reject(Struct, frozen=True):
    """Rows that are meant to be left out, and why."""

    condition: Condition
    reason: Template


class EventRule(Struct, frozen=True):
    """Which rows make an event of which topic, and its fields."""

    topic: str
    event: type[Event]
    condition: Condition
    fields: tuple[Field, ...]


class Mapping(Struct, frozen=True):
    """How rows become events."""

    file: FileOptions
    rejects: tuple[Reject, ...]
    events: tuple[EventRule, ...]

    def columns(self) -> set[str]:
        """Every column the mapping reads."""
        found: set[str] = set()
        for reject in self.rejects:
            found |= reject.condition.columns() | set(reject.reason.columns)
        for rule in self.events:
            found |= rule.condition.columns()
            found = found.union(*(field.columns() for field in rule.fields))
        return found


class _RejectText(Struct, forbid_unknown_fields=True):
    reason: str
    when: _Wanted = {}
    unless: _Wanted = {}


class _EventText(Struct, forbid_unknown_fields=True):
    topic: str
    fields: dict[str, Any]
    when: _Wanted = {}
    unless: _Wanted = {}


class _MappingText(Struct, forbid_unknown_fields=True):
    event: list[_EventText]
    file: FileOptions = FileOptions()
    zone: str = ""
    reject: list[_RejectText] = []


def parse_mapping(text: str, environ: Environment[str, str], name: str = "mapping") -> Mapping:
    """The mapping of a TOML text; `environ` holds the keys that `keyed_hash` rules name.

    Raises MappingError with every problem found; each begins with `name`.
    """
    try:
        raw = msgspec.convert(tomllib.loads(text), _MappingText)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise MappingError([f"{name}: {error}"]) from error
    context = Context(raw.zone, raw.file.decimal, environ)
    if len(raw.file.delimiter) != 1 or len(raw.file.quote) > 1:
        context.problems.append("file: delimiter and quote are one character each")
    if not raw.event:
        context.problems.append("event: there must be at least one")
    events = tuple(
        rule
        for number, event in enumerate(raw.event, 1)
        if (rule := _event(event, f"event {number} ({event.topic})", context))
    )
    rejects = tuple(
        Reject(_condition(reject.when, reject.unless), Template.of(reject.reason))
        for reject in raw.reject
    )
    if context.problems:
        raise MappingError([f"{name}: {problem}" for problem in context.problems])
    return Mapping(raw.file, rejects, events)


def _event(raw: _EventText, where: str, context: Context) -> EventRule | None:
    event = EVENTS.get(raw.topic)
    if event is None:
        context.problems.append(f"{where}: no such topic{nearest(raw.topic, EVENTS)}")
        return None
    known = {field.name: field for field in msgspec.structs.fields(event)}
    fields = []
    for name, rule in raw.fields.items():
        if name not in known:
            context.problems.append(f"{where}: {name}: no such field{nearest(name, known)}")
        elif (field := field_of(name, rule, known[name].type, where, context)) is not None:
            fields.append(field)
    for name, field_info in known.items():
        if field_info.required and name not in raw.fields and name not in _MADE_BY_US:
            context.problems.append(f"{where}: {name}: is required and has no rule")
    return EventRule(raw.topic, event, _condition(raw.when, raw.unless), tuple(fields))


def _condition(when: _Wanted, unless: _Wanted) -> Condition:
    return Condition(_wanted(when), _wanted(unless))


def _wanted(raw: _Wanted) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(
        (column, frozenset([texts] if isinstance(texts, str) else texts))
        for column, texts in raw.items()
    )
