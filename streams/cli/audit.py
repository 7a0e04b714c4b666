"""`floorcast audit`: are the numbers right? A recount of the raw topics, cell by cell."""

from __future__ import annotations

import importlib.util
from contextlib import closing, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec

from streams.cli.main import Context


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
@click.option("--watch", is_flag=True, help="Audit again and again; serve /metrics; log findings.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(1),
    metavar="S",
    help="With --watch: seconds between the starts of two audits. Default: 600.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="With --watch: port of /metrics. Default: the setting metrics_port; 0: a free one.",
)
@click.pass_obj
def command(
    context: Context,
    *,
    as_json: bool,
    wait_s: float,
    watch: bool,
    every_s: float | None,
    port: int | None,
) -> None:
    """Recount the raw topics in SQL and compare every cell with the totals.

    The recount shares no code with what it checks. A floor at work is audited too: calls, deals,
    surveys and visits of which an event arrives meanwhile are left out on both sides and counted as
    in flight. So is what rests on raw events that are no longer retained: not auditable. Exit code
    1 when a cell differs or when events wait to be counted.

    \b
    Examples:
      floorcast audit && echo every cell is right
      floorcast audit --watch --every 300 --port 9465
    """
    if importlib.util.find_spec("duckdb") is None:
        msg = "audit needs DuckDB: install floorcast[audit]"
        raise click.ClickException(msg)
    settings = context.settings()
    if watch:
        from streams.cli.audit_watch import watch as keep_watching

        if as_json:
            msg = "--json: is for a single audit; with --watch findings are logged and on /metrics"
            raise click.UsageError(msg)
        keep_watching(
            context.live(),
            wait_s,
            600.0 if every_s is None else every_s,
            settings.metrics_port if port is None else port,
        )
    for name, value in (("--every", every_s), ("--port", port)):
        if value is not None:
            msg = f"{name}: goes with --watch only"
            raise click.UsageError(msg)

    from rich.console import Console

    from streams.cli.audit_run import Auditor
    from streams.cli.audit_words import as_object, in_words

    console = Console(stderr=True)
    status = console.status("") if console.is_terminal else None
    # On disk, because a year of events may be more than fits in memory.
    with TemporaryDirectory(prefix="floorcast-audit-") as folder, status or nullcontext():
        auditor = Auditor(context.live(), Path(folder), status.update if status else lambda _: None)
        with closing(auditor):
            findings = auditor.round(wait_s)
    if as_json:
        click.echo(msgspec.json.encode(as_object(findings), enc_hook=str))
    else:
        for line in in_words(findings):
            click.echo(line)
    if not findings.clean:
        raise SystemExit(1)
