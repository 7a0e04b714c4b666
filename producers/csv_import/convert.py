"""Rows to events: each row gives all of its events, or is rejected with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from producers.csv_import.fields import RowProblem
from producers.csv_import.mapping import EventRule, Mapping
from producers.csv_import.rows import Row
from streams.core.codec import check_envelope, check_instant, check_scale, to_ms
from streams.core.deal_event import normalise
from streams.core.errors import MalformedEvent
from streams.core.events import DealClosed, Event, SurveySubmitted

_encode = msgspec.json.Encoder().encode
_NO_RULE = "no event of the mapping takes this row"


class Imported(Struct, frozen=True):
    """The events of one row: topic and value of each."""

    line: int
    events: tuple[tuple[str, dict[str, Any]], ...]


class Rejected(Struct, frozen=True):
    """A row that gives no event. `meant` when a `[[reject]]` rule left it out.

    `kind` is the reason without the row's own text, so that rows can be counted by it.
    """

    line: int
    cells: list[str]
    reason: str
    kind: str
    meant: bool = False


def convert_rows(mapping: Mapping, rows: Iterable[Row]) -> Iterator[Imported | Rejected]:
    """One outcome per row, in the rows' order. Every value that comes out is a valid event."""
    for row in rows:
        if row.fault:
            yield Rejected(row.line, row.cells, row.fault, row.fault)
            continue
        yield _meant(mapping, row) or _converted(mapping, row)


def _meant(mapping: Mapping, row: Row) -> Rejected | None:
    for reject in mapping.rejects:
        if reject.condition.holds(row.values):
            reason = reject.reason.shown(row.values)
            return Rejected(row.line, row.cells, reason, reason, meant=True)
    return None


def _converted(mapping: Mapping, row: Row) -> Imported | Rejected:
    try:
        events = tuple(
            (rule.topic, _event(rule, row))
            for rule in mapping.events
            if rule.condition.holds(row.values)
        )
    except RowProblem as problem:
        return Rejected(row.line, row.cells, str(problem), problem.kind)
    if not events:
        return Rejected(row.line, row.cells, _NO_RULE, _NO_RULE)
    return Imported(row.line, events)


def _event(rule: EventRule, row: Row) -> dict[str, Any]:
    """The value of one event, proved against its struct; raises RowProblem."""
    value = {
        field.name: found for field in rule.fields if (found := field.of(row.values)) is not None
    }
    if "event_id" not in value:
        # The same row makes the same id, so an import can be repeated.
        digest = blake2b(_encode([rule.topic, value]), digest_size=16).hexdigest()
        value = {"event_id": digest, **value}
    try:
        _check(msgspec.convert(value, rule.event))
    except msgspec.ValidationError as error:
        raise _problem(rule, row, str(error)) from None
    except MalformedEvent as error:
        raise _problem(rule, row, f"{error.message} - at `{error.path}`") from None
    return value


def _check(event: Event) -> None:
    """Raise MalformedEvent for what a worker would refuse although the types are right."""
    occurred_ms = to_ms(event.occurred_at)
    check_envelope(event, occurred_ms, -1)
    if isinstance(event, SurveySubmitted):
        check_scale(event)
    elif isinstance(event, DealClosed):
        closed_ms = to_ms(event.closed_at)
        check_instant(closed_ms, -1, "closed_at")
        normalise(event, occurred_ms, closed_ms, 0, 0)


def _problem(rule: EventRule, row: Row, message: str) -> RowProblem:
    """A validation message in terms of the mapping: which field, from which text.

    msgspec writes `Expected ... - at `$.field[0].part``, or names a missing field in the message.
    """
    why, _, path = message.partition(" - at `$")
    name = path.rstrip("`").lstrip(".")
    for field in rule.fields:
        if name.partition("[")[0].partition(".")[0] == field.name:
            return RowProblem(name, field.source_text(row.values), why)
        if f"required field `{field.name}`" in why:
            columns = ", ".join(sorted(field.columns()))
            return RowProblem(field.name, "", f"is required and column {columns} is empty")
    return RowProblem(name or rule.topic, "", why)
