"""What calls and surveys come to, straight from the definitions: slow, and plain to read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

from streams.core.lanes import SHIFT
from streams.core.tally import Total
from tests.builders import Record

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def local_day(event: dict[str, Any], zone: str) -> int:
    """Days from 1970-01-01 to the local date of the event."""
    at = datetime.fromisoformat(event["occurred_at"].replace("Z", "+00:00"))
    return (at.astimezone(ZoneInfo(zone)).date() - EPOCH.date()).days


Winner = tuple[tuple[str, int], str, dict[str, Any]]
"""((rep, local day), topic, event)."""


def winners(log: Iterable[Record], zone: str) -> list[Winner]:
    """Of each entity the event with the greatest (revision, record timestamp, offset)."""
    held: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for record in log:
        event = json.loads(record.value or b"")
        entity = event.get("call_id") if record.topic == "call-ended" else event["response_id"]
        day = local_day(event, zone)
        name = (event["rep_id"], day, record.topic, event["source"], entity)
        version = (event.get("revision", 0), record.timestamp, record.offset)
        if name not in held or version > held[name][0]:
            held[name] = (version, event)
    return [((rep, day), topic, event) for (rep, day, topic, *_), (_, event) in held.items()]


def counts_of(topic: str, event: dict[str, Any]) -> dict[str, int]:
    """What one winning event adds, leads apart."""
    if event.get("op") == "retract":
        return {"retracted": 1}
    return of_call(event) if topic == "call-ended" else of_survey(event)


def as_total(counts: dict[str, int]) -> Total:
    """Counts by name as a total."""
    return Total(sum(value << SHIFT[lane] for lane, value in counts.items()))


def recount(log: Iterable[Record], zone: str) -> dict[tuple[str, int], Total]:
    """(rep, local day) to what its winning calls and surveys add up to."""
    cells: dict[tuple[str, int], dict[str, int]] = {}
    leads: dict[tuple[str, int], set[str]] = {}
    for name, topic, event in winners(log, zone):
        add(cells.setdefault(name, {}), **counts_of(topic, event))
        if event.get("lead_id") and event.get("op") != "retract":
            leads.setdefault(name, set()).add(event["lead_id"])
    for name, some in leads.items():
        add(cells[name], leads=len(some))
    return {name: as_total(cell) for name, cell in cells.items()}


def add(cell: dict[str, int], **counts: int) -> None:
    """Add counts to a cell."""
    for name, count in counts.items():
        cell[name] = cell.get(name, 0) + count


def of_call(event: dict[str, Any]) -> dict[str, int]:
    """What one call adds, dispositions unmapped."""
    outbound = event["direction"] == "outbound"
    counts = {"dials": 1} if outbound else {"inbound": 1}
    if event.get("disposition") is not None:
        counts["unmapped_dispositions"] = 1
    if event["result"] in ("abandoned", "dropped"):
        counts[event["result"]] = 1
    if event["result"] != "answered":
        return counts
    counts["answered"] = 1
    if event["answered_by"] in ("machine", "fax"):
        return counts
    counts["human_answered"] = 1
    if outbound:
        counts["human_answered_outbound"] = 1
    if event["answered_by"] == "unknown":
        counts["human_unknown"] = 1
    for field in ("talk_ms", "hold_ms", "wrap_ms"):
        counts[field] = event.get(field, 0)
    if event.get("talk_ms", 0) < 10_000:
        counts["short_calls"] = 1
    else:
        counts["contacts"] = 1
        if outbound:
            counts["contacts_outbound"] = 1
    return counts


def of_survey(event: dict[str, Any]) -> dict[str, int]:
    """What one survey answer adds."""
    score, low, high = event["score"], event["scale_min"], event["scale_max"]
    counts = {"surveys": 1}
    if event["metric"] == "csat":
        counts["csat_responses"] = 1
        points = high - low + 1
        if score >= high - 1 if points >= 4 else score == high:
            counts["csat_satisfied"] = 1
        counts["csat_rating_e4"] = floor(10_000 * (1 + 4 * (score - low) / (high - low)) + 0.5)
    elif event["metric"] == "nps" and (low, high) == (0, 10):
        side = "promoters" if score >= 9 else "detractors" if score <= 6 else "passives"
        counts[f"nps_{side}"] = 1
    return counts
