"""How one field of an event comes out of a row."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from producers.csv_import.moments import Cells, Moment
from producers.csv_import.units import Convert, WrongText

_HASH_CHARS = 32
_COLUMN = re.compile(r"\{([^{}]+)\}")


class RowProblem(Exception):
    """A row gives no valid event: which field, the text it came from, and why."""

    def __init__(self, field: str, text: str, why: str) -> None:
        super().__init__(f"{field}: {why}, not {text!r}" if text else f"{field}: {why}")
        self.kind = f"{field}: {why}"


class Template(Struct, frozen=True):
    """Text with columns in it: `{line}-{call id}`; no text when a column of it is empty."""

    parts: tuple[str, ...]
    columns: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Template:
        """The template of a text with column names in braces."""
        pieces = _COLUMN.split(text)
        return cls(tuple(pieces[0::2]), tuple(pieces[1::2]))

    def fill(self, cells: Cells) -> str:
        """The text with the row's cells in it; "" when one of them is empty."""
        texts = [cells[column] for column in self.columns]
        if not all(texts):
            return ""
        return self.shown(cells)

    def shown(self, cells: Cells) -> str:
        """The text with the row's cells in it, empty ones included."""
        filled = [self.parts[0]]
        for column, part in zip(self.columns, self.parts[1:], strict=True):
            filled += (cells[column], part)
        return "".join(filled)


class Field(Struct, frozen=True):
    """One rule. Text is made by the template, looked up in `values`, then read in its unit.

    Nothing (the field is left out) comes of a text in `empty` without a `default`.
    """

    name: str
    template: Template | None = None
    moment: Moment | None = None
    constant: object = None
    unit: Convert = str
    values: dict[str, object] | None = None
    other: object = None
    empty: frozenset[str] = frozenset({""})
    default: object = None
    at_least: int | float | None = None
    hash_key: bytes | None = None
    items: Sequence[Sequence[Field]] | None = None

    def of(self, cells: Cells) -> object:
        """The field's value, None for absent; raises RowProblem."""
        if self.constant is not None:
            return self.constant
        if self.items is not None:
            return [item for fields in self.items if (item := _item(fields, cells)) is not None]
        if self.moment is not None:
            return self._checked(self.moment.of, cells, self.source_text(cells))
        if self.template is None:
            return None
        text = self.template.fill(cells)
        if text in self.empty:
            return self.default
        if self.values is not None:
            found = self.values.get(text, self.other)
            if found is None:
                raise RowProblem(self.name, text, "must be one of " + ", ".join(self.values))
            return found
        value = self._checked(self.unit, text, text)
        if self.at_least is not None and isinstance(value, int | float):
            value = max(value, self.at_least)
        if self.hash_key is not None:
            digest = hmac.new(self.hash_key, str(value).encode(), "sha256").hexdigest()
            return digest[:_HASH_CHARS]
        return value

    def source_text(self, cells: Cells) -> str:
        """The cells this field is made of, for a message."""
        if self.template is not None:
            return self.template.shown(cells)
        if self.moment is not None:
            names = [*self.moment.at, self.moment.date, *self.moment.time]
            return " ".join(cells[name] for name in names if name)
        return ""

    def columns(self) -> set[str]:
        """Every column this field reads."""
        if self.items is not None:
            return {column for fields in self.items for one in fields for column in one.columns()}
        if self.template is not None:
            return set(self.template.columns)
        if self.moment is not None:
            moment = self.moment
            names = {*moment.at, moment.date, *moment.time, moment.next_day_after}
            return (names | {column for column, _ in moment.plus}) - {""}
        return set()

    def _checked(self, read: Callable[..., object], given: object, text: str) -> object:
        try:
            return read(given)
        except WrongText as error:
            raise RowProblem(self.name, text, str(error)) from None


def _item(fields: Sequence[Field], cells: Cells) -> dict[str, object] | None:
    """One entry of a list, such as a deal's line; None when none of its columns has text."""
    read = [field for field in fields if field.columns()]
    if read and not any(field.of(cells) is not None for field in read):
        return None
    return {field.name: value for field in fields if (value := field.of(cells)) is not None}
