"""`floorcast explain`: the contributions behind a rep's local day."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import msgspec

from streams.cli.main import Context
from streams.cli.state import DATE, read_state
from streams.core.explain import Explained


@click.command()
@click.option("--rep", required=True, metavar="R", help="Whose day.")
@click.option("--date", "local_date", required=True, type=DATE, metavar="D", help="YYYY-MM-DD.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def command(context: Context, rep: str, local_date: datetime, as_json: bool) -> None:
    """List what a rep's day is made of: every call, deal, survey and visit, by time.

    Each is the version that holds, with its source, id and revision. Exit code 1 when nothing is
    stored of that day.

    \b
    Example:
      floorcast explain --rep r-0001 --date 2026-11-03
    """
    from streams.core.calendar import day_number
    from streams.core.explain import explain

    reader = read_state(context.live(), rep)
    rep_day = reader.rep_days.get((rep, day_number(local_date.date())))
    if rep_day is None:
        click.echo(f"nothing is stored of {rep} on {local_date.date()}", err=True)
        raise SystemExit(1)
    rows = explain(rep_day)
    if as_json:
        for row in rows:
            click.echo(msgspec.json.encode(row))
    else:
        _print_table(rows)


def _print_table(rows: list[Explained]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("time (UTC)", "kind", "source", "id", "revision", "adds", box=None)
    for row in rows:
        at = "–"  # a deal that left this day counts at no instant of it
        if row.at_ms:
            at = datetime.fromtimestamp(row.at_ms / 1000, UTC).isoformat(" ", "milliseconds")[:-6]
        revision = str(row.revision) + (f" of {row.events} events" if row.events > 1 else "")
        table.add_row(at, row.kind, row.source, row.id, revision, _adds(row))
    Console().print(table)


def _adds(row: Explained) -> str:
    parts = list(row.counts)
    if row.talk_ms or row.hold_ms or row.wrap_ms:
        parts.append(f"talk {row.talk_ms} hold {row.hold_ms} wrap {row.wrap_ms} ms")
    if row.rating_e4:
        parts.append(f"rating {row.rating_e4 / 10_000}")
    if row.deals_gross_bp or row.deals_reversed_bp:
        parts.append(
            f"deals {row.deals_gross_bp / 10_000} gross, {row.deals_reversed_bp / 10_000} reversed"
        )
    parts += [
        f"{product} {gross} gross, {back} reversed {currency}"
        for currency, products in row.money.items()
        for product, (gross, back) in products.items()
    ]
    return "; ".join(parts) or "nothing"
