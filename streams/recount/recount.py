"""The recount itself: rep-days in the shape of `floorcast totals`, from raw events by SQL alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from msgspec import json

from streams.recount.load import LETTERS, script

Row = dict[str, Any]
"""A rep-day with the columns of `floorcast totals`."""

COUNTS = (
    "dials",
    "answered",
    "human_answered",
    "human_answered_outbound",
    "contacts",
    "contacts_outbound",
    "short_calls",
    "talk_ms",
    "hold_ms",
    "wrap_ms",
)
SURVEY_COUNTS = ("surveys", "csat_responses", "csat_satisfied")
NPS_COUNTS = ("nps_promoters", "nps_passives", "nps_detractors")


Cut = Mapping[tuple[str, int], int]
"""(input topic without any prefix, partition) to the offset from which on events are in flight."""

Entity = tuple[str, str, str]
"""(kind, source, id); kind is `call`, `deal`, `survey` or `visit`."""

KINDS = {"c": "call", "d": "deal", "s": "survey", "v": "visit"}


class LeftOut(NamedTuple):
    """An entity that is not counted: an event of it is in flight, or no longer retained.

    Calls, surveys and visits are one rep's on one local day (ISO text); a deal is whosever and
    whenever, so it has neither.
    """

    kind: str
    rep_id: str | None
    date: str | None
    source: str
    id: str


def recount(connection: duckdb.DuckDBPyConnection, cut: Cut | None = None) -> list[Row]:
    """Count what has been loaded; one row per rep and local day, sorted by date, then rep.

    Entities with an event at or behind the `cut` are left out with all their events; without a cut
    everything is counted. May be called again when more was loaded; it leaves its tables there for
    `in_flight`, `entities`, `behind` and `kept_from`.
    """
    connection.execute("DELETE FROM cut; DELETE FROM contributions")
    if places := [[LETTERS[topic], at, offset] for (topic, at), offset in (cut or {}).items()]:
        connection.executemany("INSERT INTO cut VALUES (?, ?, ?)", places)
    mode = _one(connection, "SELECT getvariable('reversals')")
    for name in (
        "in_flight",
        "calls",
        "surveys",
        "visits",
        "deals",
        f"deals_{mode}",
        "deal_parts",
        f"post_{mode}",
        "post_deals",
        "cells",
    ):
        connection.execute(script(name))
    money = _money(connection)
    rows = _rows(connection.execute("SELECT * FROM rep_days ORDER BY day, rep_id"))
    shaped = (_shape(row, money.get((row["rep_id"], row["day"]), {})) for row in rows)
    return [row for row in shaped if _holds_anything(row)]


def kept_from(connection: duckdb.DuckDBPyConnection) -> str:
    """The first date that a recount covers, as ISO text; empty when there is nothing."""
    query = "SELECT max(day) - CAST(getvariable('detail_days') AS INTEGER) + 1 FROM contributions"
    day = _one(connection, query)
    return "" if day is None else day.isoformat()[:10]


def keep_out(
    connection: duckdb.DuckDBPyConnection,
    entities: Iterable[LeftOut],
    removed_ms: int,
    spool: Path,
) -> int:
    """Leave these out from now on, and deals with events logged at `removed_ms` or before.

    A deal names the instants of its events, and none is logged more than five minutes before it
    occurred. `spool` is a folder for temporary files. Returns how many are left out.
    """
    connection.execute("DELETE FROM not_retained")
    path = spool / "not_retained.json"
    path.write_bytes(b"".join(json.encode(one._asdict()) + b"\n" for one in entities))
    connection.execute(script("keep_out"), {"file": str(path), "removed_ms": removed_ms})
    path.unlink()
    return int(_one(connection, "SELECT count(*) FROM not_retained"))


def in_flight(connection: duckdb.DuckDBPyConnection) -> list[LeftOut]:
    """The entities that the recount left out, those that are no longer retained among them."""
    found = connection.execute("SELECT kind, rep_id, day, source, id FROM in_flight").fetchall()
    return [
        LeftOut(KINDS[kind], rep, None if day is None else day.isoformat(), source, id_)
        for kind, rep, day, source, id_ in found
    ]


def entities(connection: duckdb.DuckDBPyConnection, rep_id: str, date: str) -> dict[Entity, Row]:
    """What each entity adds to a rep's local day, as the row of a day that has nothing else."""
    asked = {"rep": rep_id, "date": date}
    money: dict[tuple[str, str], Money] = {}
    for source, id_, currency, product, gross, back in connection.execute(
        """
        SELECT source, id, currency, product_id, sum(gross), sum(reversed) FROM postings
        WHERE rep_id = $rep AND day = CAST($date AS DATE)
        GROUP BY ALL ORDER BY currency, product_id
        """,
        asked,
    ).fetchall():
        money.setdefault((source, id_), {})[currency, product] = (int(gross), int(back))
    return {
        (KINDS[row["kind"]], row["source"], row["id"]): _shape(
            row, money.get((row["source"], row["id"]), {}) if row["kind"] == "d" else {}
        )
        for row in _rows(connection.execute(script("entities"), asked))
    }


def behind(connection: duckdb.DuckDBPyConnection, rep_id: str, date: str) -> list[Row]:
    """The raw events that a recounted rep-day is made of, by time: what to look at first.

    Calls, surveys and visits of that day, every version; deals by all their events.
    """
    return _rows(connection.execute(script("behind"), {"rep": rep_id, "date": date}))


Money = dict[tuple[str, str], tuple[int, int]]


def _money(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, Any], Money]:
    """(rep, day) to (currency, product) to (gross, reversed)."""
    out: dict[tuple[str, Any], Money] = {}
    for rep, day, currency, product, gross, back in connection.execute(
        """
        SELECT rep_id, day, currency, product_id, sum(gross), sum(reversed)
        FROM postings GROUP BY ALL ORDER BY currency, product_id
        """
    ).fetchall():
        out.setdefault((rep, day), {})[currency, product] = (int(gross), int(back))
    return out


def _shape(row: Row, money: Money) -> Row:
    gross: dict[str, int] = {}
    back: dict[str, int] = {}
    products: dict[str, dict[str, int]] = {}
    for (currency, product), (up, down) in money.items():
        gross[currency] = gross.get(currency, 0) + up
        back[currency] = back.get(currency, 0) + down
        products.setdefault(product, {})[currency] = up - down
    return {
        "rep_id": row["rep_id"],
        "team_id": row["team_id"],
        "date": row["day"].isoformat(),
        **{name: int(row[name]) for name in COUNTS},
        "deals_gross": four_decimals(row["deals_gross_bp"]),
        "deals_reversed": four_decimals(row["deals_reversed_bp"]),
        "deals_net": four_decimals(row["deals_gross_bp"] - row["deals_reversed_bp"]),
        "revenue_gross": gross,
        "revenue_reversed": back,
        "revenue_net": {currency: gross[currency] - back[currency] for currency in gross},
        "products": dict(sorted(products.items())),
        "new_customers": four_decimals(row["new_customers_bp"]),
        **{name: int(row[name]) for name in SURVEY_COUNTS},
        "csat_rating_sum": four_decimals(row["csat_rating_e4"]),
        **{name: int(row[name]) for name in NPS_COUNTS},
        "retracted": int(row["retracted"]),
    }


def four_decimals(parts: int) -> str:
    """Whole 1/10,000 as a decimal number, exactly."""
    whole, rest = divmod(abs(int(parts)), 10_000)
    return f"{'-' if parts < 0 else ''}{whole}.{rest:04d}"


def _holds_anything(row: Row) -> bool:
    # Money counts even where gross and reversed leave nothing.
    return any(
        value not in (0, "0.0000", {})
        for name, value in row.items()
        if name not in ("rep_id", "team_id", "date")
    )


def _rows(found: duckdb.DuckDBPyConnection) -> list[Row]:
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    found = connection.execute(query).fetchone()
    return found[0] if found else None
