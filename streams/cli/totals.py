"""`floorcast totals`: every rep's local days as the state has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import click
import msgspec

from streams.cli.main import Context
from streams.cli.state import DATE, read_state
from streams.core.totals import TotalRow


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--rep", metavar="R", help="Only this rep.")
@click.option("--from", "first", type=DATE, metavar="D", help="Local dates from YYYY-MM-DD on.")
@click.option(
    "--to", "last", type=DATE, metavar="D", help="Local dates up to YYYY-MM-DD, included."
)
@click.pass_obj
def command(
    context: Context, as_json: bool, rep: str | None, first: datetime | None, last: datetime | None
) -> None:
    """Print the totals of every rep and local date, by date and then rep.

    Read from the state's changelog in Kafka; no worker need run. Days older than what all
    partitions keep (setting detail_days) are left out.

    \b
    Examples:
      floorcast totals --json --from 2026-11-01 --to 2026-11-30
      floorcast totals --rep r-0001
    """
    from streams.cli.plan_file import load_plan
    from streams.core.totals import total_rows

    settings = context.live()
    plan = load_plan(settings)
    reader = read_state(settings)  # of all reps: what is kept depends on the newest day of any
    days = {name: day for name, day in reader.rep_days.items() if rep in (None, name[0])}
    rows = (
        row
        for row in total_rows(days, plan, reader.kept_from(settings.detail_days))
        if (first is None or row.date >= first.date().isoformat())
        and (last is None or row.date <= last.date().isoformat())
    )
    if as_json:
        encode = msgspec.json.encode
        for row in rows:
            click.echo(encode(row))
    else:
        _print_table(rows)


def _print_table(rows: Iterable[TotalRow]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for name in ("date", "rep", "team"):
        table.add_column(name)
    for name in (
        "dials",
        "human",
        "contacts",
        "talk",
        "deals net",
        "revenue net",
        "csat",
        "taken back",
    ):
        table.add_column(name, justify="right")
    for row in rows:
        minutes, seconds = divmod(row.talk_ms // 1000, 60)
        table.add_row(
            row.date,
            row.rep_id,
            row.team_id,
            str(row.dials),
            str(row.human_answered),
            str(row.contacts),
            f"{minutes}:{seconds:02}",
            row.deals_net,
            ", ".join(f"{amount} {currency}" for currency, amount in row.revenue_net.items()),
            f"{row.csat_satisfied}/{row.csat_responses}",
            str(row.retracted),
        )
    console = Console()
    console.print(table)
    console.print(f"{table.row_count} rows; money in minor units; --json has every column")
