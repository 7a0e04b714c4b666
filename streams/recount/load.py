"""Raw records and the plan into DuckDB.

Records are spooled to files of newline-delimited JSON that DuckDB reads with typed columns: the
values go in as they came, nothing is decoded in Python, and a million take a few seconds.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import duckdb

from streams.recount.cloudevent import plain_event
from streams.recount.origin import First, Sending, first_place

TABLES = {
    "call-ended": "calls",
    "deal-closed": "deals",
    "survey-submitted": "surveys",
    "visit-logged": "visits",
}
"""Input topic (its name without any prefix) to the kind of table it is read into."""

LETTERS = {"call-ended": "c", "deal-closed": "d", "survey-submitted": "s", "visit-logged": "v"}
"""Input topic to the letter that its entities have in SQL."""

SPOOL_RECORDS = 100_000
"""Records in a spool file: some 50 MB of disk, deleted once read."""

_MAKES_CONTACT = {"contact", "positive", "negative"}


class RawRecord(Protocol):
    """A record of an input topic; `timestamp` in milliseconds."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Unreadable(NamedTuple):
    """A record that is no dead letter, yet cannot be recounted; `sending` as a letter names it."""

    topic: str
    partition: int
    offset: int
    sending: Sending


def script(name: str) -> str:
    """The text of one of this package's SQL files."""
    return files("streams.recount").joinpath(f"{name}.sql").read_text("utf-8")


def connect(database: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An empty recount; with `database` on disk, so that it may be larger than memory."""
    connection = duckdb.connect(":memory:" if database is None else str(database))
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(script("schema"))
    return connection


def load_plan(
    connection: duckdb.DuckDBPyConnection, text: str | None, zone: str, detail_days: int
) -> None:
    """The parts of the plan that a recount needs, instead of those loaded before, if any.

    `text` is TOML, None for no plan.

    `zone` is the IANA zone of whoever the plan does not place, `detail_days` how many days up to
    the newest are covered. Whoever reads the plan for work has checked it: here a missing field is
    a KeyError.
    """
    plan: dict[str, Any] = tomllib.loads(text) if text else {}
    connection.execute("DELETE FROM roster; DELETE FROM dispositions")
    connection.execute("SET VARIABLE default_zone = $zone", {"zone": zone})
    connection.execute("SET VARIABLE detail_days = $days", {"days": detail_days})
    reversals = plan.get("deals", {}).get("reversals", "restate")
    connection.execute("SET VARIABLE reversals = $mode", {"mode": reversals})
    teams, sites = plan.get("teams", {}), plan.get("sites", {})
    entries = [
        {
            "rep": entry["rep"],
            "team": entry["team"],
            "zone": sites[teams[entry["team"]]["site"]].get("zone", zone),
            "first": str(entry.get("from", "-infinity")),
            "until": str(entry.get("until", "infinity")),
        }
        for entry in plan.get("roster", [])
    ]
    connection.execute(script("roster"), {"entries": json.dumps(entries)})
    for code, flags in plan.get("dispositions", {}).items():
        connection.execute(
            "INSERT INTO dispositions VALUES ($code, $contact)",
            {"code": code, "contact": not _MAKES_CONTACT.isdisjoint(flags)},
        )


def load_events(
    connection: duckdb.DuckDBPyConnection,
    topic: str,
    records: Iterable[RawRecord],
    dead: Collection[Sending],
    spool: Path,
    *,
    reached: dict[int, int] | None = None,
) -> list[Unreadable]:
    """Read the records of an input topic, except those that became dead letters.

    `topic` without any prefix; `dead` names sendings by their first place; `spool` is an empty
    folder for temporary files. Records go in under their first place. What was loaded before stays:
    a record must not be given twice. `reached` is kept up, chunk by chunk: partition to the offset
    behind its last record that is in. Returns the records that are neither dead letters nor
    readable.
    """
    kind = TABLES[topic]
    query = script(f"read_{kind}")
    unreadable: list[Unreadable] = []
    rest = iter(records)
    path = spool / f"{kind}.json"
    while taken := list(islice(rest, SPOOL_RECORDS)):
        placed = ((record, _first(record)) for record in taken)
        chunk = [(record, first) for record, first in placed if first.sending not in dead]
        path.write_bytes(b"".join([_line(*each) for each in chunk]))
        try:
            connection.execute(query, {"file": str(path), "lenient": False})
        except duckdb.InvalidInputException:
            # A repeated name in an object is enough: JSON allows it, the strict reader does not.
            path.write_bytes(b"".join(_rewritten(topic, chunk, unreadable)))
            connection.execute(query, {"file": str(path), "lenient": True})
        path.unlink()
        if reached is not None:
            reached |= {record.partition: record.offset + 1 for record in taken}
    found = connection.execute(
        f"""
        DELETE FROM raw_{kind}
        WHERE source IS NULL OR id IS NULL OR rep_id IS NULL OR revision IS NULL OR at_ms IS NULL
        RETURNING at_partition, at_offset, "partition", "offset", mark
        """
    ).fetchall()
    return unreadable + [
        Unreadable(topic, partition, offset, (*first, bytes.fromhex(mark)))
        for partition, offset, *first, mark in found
    ]


def _first(record: RawRecord) -> First:
    if not record.headers:
        return First(record.partition, record.offset, record.timestamp, b"")
    return first_place(record)


def bury(connection: duckdb.DuckDBPyConnection, topic: str, dead: Iterable[Sending]) -> None:
    """Take sendings out again of which it turned out that they became dead letters."""
    query = f"""
        DELETE FROM raw_{TABLES[topic]} WHERE "partition" = ? AND "offset" = ? AND mark = ?
    """
    if rows := [[partition, offset, mark.hex()] for partition, offset, mark in dead]:
        connection.executemany(query, rows)


_LINE = (
    b'{"partition":%d,"offset":%d,"logged_ms":%d,"at_partition":%d,"at_offset":%d,"mark":"%b",'
    b'"event":%b}\n'
)


def _line(record: RawRecord, first: First) -> bytes:
    value = record.value or b"null"
    if record.headers or b'"specversion"' in value:
        value = plain_event(value, record.headers)
    if b"\n" in value:
        value = value.replace(b"\n", b" ")  # only ever between tokens: inside a string it is \n
    place = (first.partition, first.offset, max(first.timestamp, 0))
    mark = first.mark.hex().encode() if first.mark else b""
    return _LINE % (*place, record.partition, record.offset, mark, value)


def _rewritten(
    topic: str, chunk: Iterable[tuple[RawRecord, First]], unreadable: list[Unreadable]
) -> Iterable[bytes]:
    """The lines of `chunk` with every value read and written again; what is no JSON is noted."""
    for record, first in chunk:
        try:
            yield json.dumps(json.loads(_line(record, first))).encode() + b"\n"
        except ValueError:
            at = (topic, record.partition, record.offset)
            unreadable.append(Unreadable(*at, first.sending))
