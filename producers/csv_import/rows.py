"""Rows out of CSV files: cells by column name, with the line they stand on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Literal

from msgspec import Struct

from streams.core.errors import PipelineError

if TYPE_CHECKING:
    import _csv  # names the type of `csv.reader`, which `csv` itself does not before 3.13

Newline = Literal["auto", "\n", "\r", "\r\n"]


class UnreadableFile(PipelineError):
    """A file as a whole is not what the mapping says: its header lacks columns, or it has none."""


class FileOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """How a file is written. `columns` name them where the file has no header line.

    `newline` "auto" takes LF, CR LF and CR alike; naming one leaves the others inside cells. An
    empty `quote` means that quotation marks are ordinary text. `decimal` is the mark in numbers.
    """

    delimiter: str = ","
    encoding: str = "utf-8-sig"
    newline: Newline = "auto"
    quote: str = '"'
    decimal: Literal[".", ","] = "."
    skip_lines: int = 0
    columns: list[str] | None = None


class Row(Struct):
    """One row: `cells` as they stand in the file, `values` trimmed and by column.

    `fault` says why the row cannot be used; `values` is empty then.
    """

    line: int
    cells: list[str]
    values: dict[str, str]
    fault: str = ""


def read_rows(file: BinaryIO, name: str, options: FileOptions, needed: set[str]) -> Iterator[Row]:
    """The rows after the header; empty lines are passed over.

    `line` is the row's last line in the file. Raises UnreadableFile when a column of `needed` is
    missing.
    """
    # Bytes that are not of the encoding become surrogates here and a row's own fault below.
    text = io.TextIOWrapper(
        file,
        options.encoding,
        errors="surrogateescape",
        newline="" if options.newline == "auto" else options.newline,
    )
    try:
        for _ in range(options.skip_lines):
            text.readline()
        reader = csv.reader(
            text,
            delimiter=options.delimiter,
            quotechar=options.quote or None,
            quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
        )
        columns = options.columns or _header(reader, name)
        _require(columns, needed, name)
        for line, cells, broken in _records(reader):
            at = line + options.skip_lines
            fault = broken or _fault(cells, columns, options.encoding)
            values = {} if fault else {c: v.strip() for c, v in zip(columns, cells, strict=True)}
            yield Row(at, cells, values, fault)
    finally:
        text.detach()  # the file is the caller's to close


def _header(reader: Iterator[list[str]], name: str) -> list[str]:
    header = next(reader, None)
    if header is None:
        msg = f"{name}: is empty, there is no header"
        raise UnreadableFile(msg)
    return [column.strip() for column in header]


def _require(columns: list[str], needed: set[str], name: str) -> None:
    missing = sorted(needed.difference(columns))
    if missing:
        msg = f"{name}: has no column {', '.join(missing)}; its columns are {', '.join(columns)}"
        raise UnreadableFile(msg)
    twice = sorted({column for column in needed if columns.count(column) > 1})
    if twice:
        msg = f"{name}: has more than one column {', '.join(twice)}"
        raise UnreadableFile(msg)


def _records(reader: _csv.Reader) -> Iterator[tuple[int, list[str], str]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, [], f"not CSV: {error}"
            continue
        if cells:
            yield reader.line_num, cells, ""


def _fault(cells: list[str], columns: list[str], encoding: str) -> str:
    if len(cells) != len(columns):
        return f"has {len(cells)} cells, the header has {len(columns)}"
    whole = "".join(cells)
    if not whole.isascii() and any("\ud800" <= char <= "\udfff" for char in whole):
        return f"has bytes that are not {encoding}"
    return ""
