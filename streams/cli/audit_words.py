"""The findings of an audit, for people and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streams.cli.audit_run import Findings

SHOWN = 20
"""Differing cells that are printed; --json has all."""
EVENTS_SHOWN = 10
"""Events that are printed of each differing rep-day; --json has all."""


def as_object(findings: Findings) -> dict[str, Any]:
    """The findings for `--json`."""
    compared = findings.comparison
    return {
        "clean": findings.clean,
        "rep_days": compared.rep_days if compared else 0,
        "cells": compared.cells if compared else 0,
        "differing": len(compared.differences) if compared else 0,
        "differences": [d._asdict() for d in compared.differences] if compared else [],
        "in_flight": findings.in_flight,
        "lag": findings.behind,
        "not_auditable": findings.not_auditable,
        "unreadable": [u._asdict() for u in findings.unreadable],
        "events": findings.events,
    }


def in_words(findings: Findings) -> list[str]:
    """The findings for people, one line each; the last one is the summary."""
    lines = [
        f"not auditable: {where} begins at offset {offset}; earlier events are no longer retained"
        for where, offset in findings.not_auditable.items()
    ]
    lines += [
        f"lag: {where}: {events} events are not counted yet; is a worker running?"
        for where, events in findings.behind.items()
    ]
    lines += [
        f"unreadable: {topic}:{partition} offset {offset} is no dead letter, yet no event"
        for topic, partition, offset in findings.unreadable
    ]
    compared = findings.comparison
    if compared is None:
        return [*lines, "nothing compared"]
    differences = compared.differences
    lines += [
        f"differs: {d.rep_id} {d.date} {d.column}: recounted {d.recounted}, totals {d.counted}"
        for d in differences[:SHOWN]
    ]
    if len(differences) > SHOWN:
        lines.append(f"... and {len(differences) - SHOWN} more cells")
    for rep_day, events in findings.events.items():
        lines.append(f"look at, of {rep_day}:")
        lines += ["  " + _event(event) for event in events[:EVENTS_SHOWN]]
        if len(events) > EVENTS_SHOWN:
            lines.append(f"  ... and {len(events) - EVENTS_SHOWN} more")
    if findings.in_flight:
        lines.append(f"{findings.in_flight:,} calls, deals, surveys and visits left out: in flight")
    lines.append(
        f"{compared.cells:,} cells of {compared.rep_days:,} rep-days compared, "
        f"{len(differences):,} differ"
    )
    return lines


def _event(event: dict[str, Any]) -> str:
    what = f"{event['kind']} {event['source']} {event['id']} ({event['where']})"
    parts = []
    if "offset" in event:
        place = f"{event['topic']}:{event['partition']} offset {event['offset']}"
        parts.append(
            f"{event['op']}, revision {event['revision']}, {_time(event['at_ms'])}, {place}"
        )
    if event["cells"] and "held" in event:
        held = event["held"]
        parts.append(
            f"the state has revision {held['revision']} "
            f"from offset {held['origin_offset']} at {_time(held['origin_ms'])}"
        )
    if "held" in event:
        parts += [f"{name} {one} is {other}" for name, (one, other) in event["cells"].items()]
    return f"{what}: {'; '.join(parts)}"


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
