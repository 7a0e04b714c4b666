"""Raw records and the plan into DuckDB.

Records are spooled to files of newline-delimited JSON that DuckDB reads with typed columns: the
values go in as they came, nothing is decoded in Python, and a million take a few seconds.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Iterator, Sequence
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
    """A record that is no dead letter, yet cannot be recounted."""

    topic: str
    partition: int
    offset: int


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
    """The parts of the plan that a recount needs; `text` is TOML, None for no plan.

    `zone` is the IANA zone of whoever the plan does not place, `detail_days` how many days up to
    the newest are covered. Whoever reads the plan for work has checked it: here a missing field is
    a KeyError.
    """
    plan: dict[str, Any] = tomllib.loads(text) if text else {}
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
) -> list[Unreadable]:
    """Read the records of an input topic, except those that became dead letters.

    `topic` without any prefix; `dead` names sendings by their first place; `spool` is an empty
    folder for temporary files. Records go in under their first place. Returns the records that are
    neither dead letters nor readable.
    """
    kind = TABLES[topic]
    query = script(f"read_{kind}")
    unreadable: list[Unreadable] = []
    moved: dict[tuple[int, int], tuple[int, int]] = {}
    living = _living(records, dead, moved)
    path = spool / f"{kind}.json"
    while chunk := list(islice(living, SPOOL_RECORDS)):
        path.write_bytes(b"".join([_line(*each) for each in chunk]))
        try:
            connection.execute(query, {"file": str(path), "lenient": False})
        except duckdb.InvalidInputException:
            # A repeated name in an object is enough: JSON allows it, the strict reader does not.
            path.write_bytes(b"".join(_rewritten(topic, chunk, unreadable)))
            connection.execute(query, {"file": str(path), "lenient": True})
        path.unlink()
    found = connection.execute(
        f"""
        DELETE FROM raw_{kind}
        WHERE source IS NULL OR id IS NULL OR rep_id IS NULL OR revision IS NULL OR at_ms IS NULL
        RETURNING "partition", "offset"
        """
    ).fetchall()
    return unreadable + [Unreadable(topic, *moved.get(place, place)) for place in found]


def _living(
    records: Iterable[RawRecord],
    dead: Collection[Sending],
    moved: dict[tuple[int, int], tuple[int, int]],
) -> Iterator[tuple[RawRecord, First]]:
    """The records that are no dead letters; `moved` gets the place of those that came again."""
    for record in records:
        if not record.headers:
            first = First(record.partition, record.offset, record.timestamp, b"")
        else:
            first = first_place(record)
            if (first.partition, first.offset) != (record.partition, record.offset):
                moved[first.partition, first.offset] = (record.partition, record.offset)
        if first.sending not in dead:
            yield record, first


_LINE = b'{"partition":%d,"offset":%d,"logged_ms":%d,"event":%b}\n'


def _line(record: RawRecord, first: First) -> bytes:
    value = record.value or b"null"
    if record.headers or b'"specversion"' in value:
        value = plain_event(value, record.headers)
    if b"\n" in value:
        value = value.replace(b"\n", b" ")  # only ever between tokens: inside a string it is \n
    return _LINE % (first.partition, first.offset, max(first.timestamp, 0), value)


def _rewritten(
    topic: str, chunk: Iterable[tuple[RawRecord, First]], unreadable: list[Unreadable]
) -> Iterable[bytes]:
    """The lines of `chunk` with every value read and written again; what is no JSON is noted."""
    for record, first in chunk:
        try:
            yield json.dumps(json.loads(_line(record, first))).encode() + b"\n"
        except ValueError:
            unreadable.append(Unreadable(topic, record.partition, record.offset))
