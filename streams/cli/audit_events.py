"""Which events a difference comes from: entity by entity, with their places in Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import duckdb
import msgspec

from streams.core.calendar import day_number
from streams.core.changelog import ChangelogReader
from streams.core.contribution import parse_entity_key
from streams.core.explain import explain
from streams.core.plan import Plan
from streams.core.rep_day import RepDay
from streams.core.totals import total_row
from streams.recount.compare import compare_row
from streams.recount.recount import Entity, Row, behind, entities

ONLY_RAW = "not in the state"
ONLY_HELD = "only in the state"
OTHERWISE = "counted otherwise"
ALIKE = "counted alike"


def suspects(
    connection: duckdb.DuckDBPyConnection,
    state: ChangelogReader,
    plan: Plan,
    topics: Mapping[str, str],
    rep_day: tuple[str, str],
) -> list[Row]:
    """What the two sides do not have alike of a rep's local date; when they do, all of it.

    `topics` gives the Kafka topic of a kind of entity. Every raw event of such an entity is a row:
    `where` it is wrong, `topic`, `partition`, `offset`, and the differing `cells` as column to
    [recounted, totals]. `held` is the version that the state has: revision, and log time and offset
    of the record it came from (of a deal: of its posting). What only the state has is one row
    without a place.
    """
    rep, day = rep_day
    number = day_number(date.fromisoformat(day))
    held = _held(state.rep_days.get((rep, number)))
    counted = {
        entity: msgspec.to_builtins(total_row(rep, number, alone, plan))
        for entity, alone in held.items()
    }
    ours = entities(connection, rep, day)
    said = {
        entity: _verdict(ours.get(entity), counted.get(entity), held.get(entity))
        for entity in ours.keys() | held.keys()
    }
    rows: list[Row] = []
    for event in behind(connection, rep, day):
        entity = (event["kind"], event["source"], event["id"])
        rows.append({**event, "topic": topics[event["kind"]], **said.get(entity, {})})
    rows += [
        {
            "kind": kind,
            "source": source,
            "id": id_,
            "topic": topics[kind],
            **said[kind, source, id_],
        }
        for kind, source, id_ in sorted(held.keys() - ours.keys())
    ]
    return [row for row in rows if row["where"] != ALIKE] or rows


def _held(rep_day: RepDay | None) -> dict[Entity, RepDay]:
    """Every entity of a rep-day as a day of its own."""
    out: dict[Entity, RepDay] = {}
    for key, contribution in rep_day.entities.items() if rep_day else ():
        alone = out[parse_entity_key(key)] = RepDay()
        alone.put(key, contribution)
    return out


def _verdict(ours: Row | None, counted: Row | None, held: RepDay | None) -> dict[str, Any]:
    differing = compare_row(ours, counted)[1]
    if ours is None:
        where = ONLY_HELD
    elif held is None:
        where = ONLY_RAW
    else:
        where = OTHERWISE if differing else ALIKE
    out: dict[str, Any] = {
        "where": where,
        "cells": {column: [one, other] for column, one, other in differing},
    }
    if held is not None:
        (version,) = explain(held)
        out["held"] = {
            "revision": version.revision,
            "origin_ms": version.origin_ms,
            "origin_offset": version.origin_offset,
        }
    return out
