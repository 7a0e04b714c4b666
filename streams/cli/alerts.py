"""`floorcast alerts list | show`: whose conversion really dropped, and by what evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from streams.cli.alerts_explain import command as explain_command
from streams.cli.alerts_simulate import command as simulate_command
from streams.cli.instant import Instant, shown
from streams.cli.main import Context

if TYPE_CHECKING:
    from streams.core.alerts.told import RepAlert
    from streams.settings import Settings

LISTED = 50
STATES = ("red", "amber", "held_back", "cleared")


@click.group()
def command() -> None:
    """Look at the alerts that workers have written to rep-alerts, and at what they rest on.

    \b
    Examples:
      floorcast alerts list --since 7d
      floorcast alerts simulate --red 4000
    """


command.add_command(explain_command)
command.add_command(simulate_command)


@command.command("list")
@click.option("--rep", help="Only of this rep.")
@click.option("--team", help="Only of this team.")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these.")
@click.option("--since", type=Instant(), help="Only of contacts from then on.")
@click.option(
    "--limit", type=click.IntRange(0), default=LISTED, show_default=True, help="Alerts shown."
)
@click.option("--json", "as_json", is_flag=True, help="All of them, one JSON object a line.")
@click.pass_obj
def list_(
    context: Context,
    *,
    rep: str | None,
    team: str | None,
    states: tuple[str, ...],
    since: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """The newest alerts, each once, however often it was sent.

    red: a drop that was told; amber: a colour, perhaps on the way to red; held_back: a red that
    waits, with the reason; cleared: the evidence has gone again.

    \b
    Examples:
      floorcast alerts list --team north --state red
      floorcast alerts list --rep ana --since 2026-11-02T09:00:00+08:00 --json
    """
    found = [
        one
        for one in _alerts(context.live())
        if (rep is None or one.rep_id == rep)
        and (team is None or one.team_id == team)
        and (not states or one.state in states)
        and (since is None or one.at_ms >= since)
    ]
    if as_json:
        for one in found:
            click.echo(msgspec.json.encode(one))
    elif found:
        _print_list(found, limit)
    else:
        chosen = rep or team or states or since is not None
        click.echo("no alerts" + (" of this choice" if chosen else ""))


@command.command()
@click.argument("alert_id", metavar="ID")
@click.option("--language", type=click.Choice(("en", "zh")), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_obj
def show(context: Context, alert_id: str, language: str, as_json: bool) -> None:
    """One alert in words. ID is what `list` shows, or its beginning.

    Exit code 1 when there is none, or more than one.

    \b
    Example:
      floorcast alerts show 4f1c09ab --language zh
    """
    named = [one for one in _alerts(context.live()) if one.alert_id.startswith(alert_id)]
    # Of a red that was held back and told later the last word.
    found = list({one.alert_id: one for one in named}.values())
    if len(found) != 1:
        count = f"{len(found)} alerts begin" if found else "no alert begins"
        msg = f"{count} with {alert_id!r}: `floorcast alerts list` shows what there is"
        raise click.ClickException(msg)
    (one,) = found
    if as_json:
        click.echo(msgspec.json.encode(one))
        return
    held = f", held back by: {', '.join(one.held_by)}" if one.held_by else ""
    click.echo(f"{one.state}{held}, {shown(one.at_ms)}, team {one.team_id}, site {one.site_id}")
    click.echo(one.text.get(language) or f"{one.rep_id}: the evidence has gone again ({one.level})")


def _alerts(settings: Settings) -> list[RepAlert]:
    """Everything on rep-alerts by time, each alert once; what nobody understands is left out."""
    from msgspec import DecodeError, ValidationError

    from streams.cli.kafka_read import read_topics
    from streams.core.alerts.told import decode_alert
    from streams.topics import REP_ALERTS

    found: dict[tuple[str, str], RepAlert] = {}
    for record in read_topics(settings, [settings.topic(REP_ALERTS)]):
        try:
            one = decode_alert(record.value or b"")
        except (DecodeError, ValidationError):
            continue
        found[one.alert_id, one.state] = one
    return sorted(found.values(), key=lambda one: (one.at_ms, one.alert_id, one.state))


def _print_list(found: list[RepAlert], limit: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=10_000)  # a name cut by a table could not be copied
    table = Table("id", "contact", "state", "rep", "team", "seen", "expected", "evidence", box=None)
    for one in found[-limit:] if limit else ():
        run = bool(one.contacts)
        table.add_row(
            one.alert_id[:8],
            shown(one.at_ms),
            one.state,
            Text(one.rep_id),
            Text(one.team_id),
            f"{one.sales} of {one.contacts}" if run else "",
            f"{one.expected:.1f}" if run else "",
            f"1 in {one.evidence:,.0f}" if run else "",
        )
    console.print(table)
    if len(found) > limit:
        console.print(f"... and {len(found) - limit:,} older ones (--limit shows more)")
