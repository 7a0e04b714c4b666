"""`floorcast audit`: are the numbers right? A recount of the raw topics, cell by cell."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
import msgspec

from streams.cli.main import Context

if TYPE_CHECKING:
    from streams.cli.audit_run import Findings

SHOWN = 20
"""Differing cells that are printed; --json has all."""
EVENTS_SHOWN = 10
"""Events that are printed of each differing rep-day; --json has all."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON object.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=30.0,
    show_default=True,
    metavar="S",
    help="Seconds to wait for workers to count what is in Kafka now.",
)
@click.pass_obj
def command(context: Context, as_json: bool, wait_s: float) -> None:
    """Recount the raw topics in SQL and compare every cell with the totals.

    The recount shares no code with what it checks. Exit code 1 when a cell differs, when events
    wait to be counted, or when raw events are no longer retained.

    \b
    Example:
      floorcast audit && echo every cell is right
    """
    if importlib.util.find_spec("duckdb") is None:
        msg = "audit needs DuckDB: install floorcast[audit]"
        raise click.ClickException(msg)
    from streams.cli.audit_run import audit

    # On disk, because a year of events may be more than fits in memory.
    with TemporaryDirectory(prefix="floorcast-audit-") as folder:
        findings = audit(context.settings(), wait_s, Path(folder))
    if as_json:
        click.echo(msgspec.json.encode(as_object(findings), enc_hook=str))
    else:
        for line in in_words(findings):
            click.echo(line)
    if not findings.clean:
        raise SystemExit(1)


def as_object(findings: Findings) -> dict[str, Any]:
    """The findings for `--json`."""
    compared = findings.comparison
    return {
        "clean": findings.clean,
        "rep_days": compared.rep_days if compared else 0,
        "cells": compared.cells if compared else 0,
        "differing": len(compared.differences) if compared else 0,
        "differences": [d._asdict() for d in compared.differences] if compared else [],
        "passed_over": compared.passed_over if compared else 0,
        "lag": findings.behind,
        "not_auditable": findings.not_auditable,
        "unreadable": [u._asdict() for u in findings.unreadable],
        "events": findings.events,
    }


def in_words(findings: Findings) -> list[str]:
    """The findings for people, one line each."""
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
    if compared.passed_over:
        lines.append(f"{compared.passed_over} rep-days passed over: they changed meanwhile")
    lines.append(
        f"{compared.cells:,} cells of {compared.rep_days:,} rep-days compared, "
        f"{len(differences):,} differ"
    )
    return lines


def _event(event: dict[str, Any]) -> str:
    what = f"{event['kind']} {event['source']} {event['id']} ({event['where']})"
    if "offset" not in event:
        return what
    at = datetime.fromtimestamp(event["at_ms"] / 1000, UTC).isoformat(timespec="milliseconds")
    where = f"partition {event['partition']} offset {event['offset']}"
    return f"{what}: {event['op']}, revision {event['revision']}, {at}, {where}"
