"""The findings of an audit, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streams.cli.audit_run import Findings

SHOWN = 20
"""Differing cells that are printed; --json has all."""
ENTITIES_SHOWN = 10
"""Calls, deals, surveys and visits that are printed of each differing rep-day."""
VERSIONS_SHOWN = 5
"""Events that are printed of each of them, the last ones; --json has all of all."""


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
        "removed": findings.removed,
        "unreadable": [
            {"topic": u.topic, "partition": u.partition, "offset": u.offset}
            for u in findings.unreadable
        ],
        "events": findings.events,
    }


def in_words(findings: Findings) -> list[str]:
    """The findings for people, one line each; the last one is the summary."""
    lines = [
        f"{where} begins at offset {offset}: earlier events are no longer retained"
        for where, offset in findings.removed.items()
    ]
    lines += [
        f"lag: {where}: {events} events are not counted yet; is a worker running?"
        for where, events in findings.behind.items()
    ]
    lines += [
        f"unreadable: {topic}:{partition} offset {offset} is no dead letter, yet no event"
        for topic, partition, offset, _ in findings.unreadable
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
        lines += ["  " + line for line in _entities(events)]
    if findings.in_flight:
        lines.append(f"{findings.in_flight:,} calls, deals, surveys and visits left out: in flight")
    if findings.not_auditable:
        lines.append(
            f"{findings.not_auditable:,} calls, deals, surveys and visits left out: not auditable, "
            "for they rest on events that are no longer retained"
        )
    lines.append(
        f"{compared.cells:,} cells of {compared.rep_days:,} rep-days compared, "
        f"{len(differences):,} differ"
    )
    return lines


def _entities(events: list[dict[str, Any]]) -> Iterator[str]:
    """Each entity with what is wrong about it, and under it its events with their places."""
    of_entity: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for event in events:
        of_entity.setdefault((event["kind"], event["source"], event["id"]), []).append(event)
    for name, versions in list(of_entity.items())[:ENTITIES_SHOWN]:
        yield f"{' '.join(name)}: {'; '.join([versions[0]['where'], *_wrong(versions[0])])}"
        places = [event for event in versions if "offset" in event]
        if len(places) > VERSIONS_SHOWN:
            yield f"  {len(places) - VERSIONS_SHOWN} earlier events, and"
        for event in places[-VERSIONS_SHOWN:]:
            yield (
                f"  {event['topic']}:{event['partition']} offset {event['offset']}: "
                f"{event['op']}, revision {event['revision']}, {_time(event['at_ms'])}"
            )
    if len(of_entity) > ENTITIES_SHOWN:
        yield f"... and {len(of_entity) - ENTITIES_SHOWN} more"


def _wrong(event: dict[str, Any]) -> Iterator[str]:
    both = "held" in event and "offset" in event
    for column, (recounted, counted) in event["cells"].items():
        if both:
            yield f"{column}: recounted {recounted}, totals {counted}"
        else:
            yield f"{column} {recounted if counted is None else counted}"
    if event["cells"] and "held" in event:
        held = event["held"]
        yield (
            f"the state has revision {held['revision']}, "
            f"logged {_time(held['origin_ms'])} at offset {held['origin_offset']}"
        )


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
