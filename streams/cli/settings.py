"""`floorcast settings`: every setting, its variable, its default and what it means."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from streams.cli.main import Context
from streams.settings import describe


@click.command()
@click.option("--markdown", is_flag=True, help="As a Markdown table, as the README has it.")
@click.option("--now", is_flag=True, help="What holds here and now, secrets masked.")
@click.pass_obj
def command(context: Context, markdown: bool, now: bool) -> None:
    """List the settings.

    \b
    Example:
      floorcast settings --now
    """
    values = context.settings().shown() if now else {}
    if markdown:
        click.echo(settings_table())
        return
    table = Table("setting", "variable", "now" if now else "default", "meaning", box=None)
    for name, variable, default, meaning in describe():
        table.add_row(name, variable, str(values[name]) if now else default, meaning)
    Console().print(table)


def settings_table() -> str:
    """The Markdown table of the settings."""
    rows = ["| setting | variable | default | meaning |", "|---|---|---|---|"]
    rows += [f"| `{n}` | `{v}` | {f'`{d}`' if d else ''} | {m} |" for n, v, d, m in describe()]
    return "\n".join(rows)
