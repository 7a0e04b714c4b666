"""`floorcast alerts list | show`: whose conversion really dropped, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from streams.cli.alerts_act import ack, comment, mute, unmute
from streams.cli.alerts_explain import command as explain_command
from streams.cli.alerts_simulate import command as simulate_command
from streams.cli.instant import Instant, shown
from streams.cli.main import Context

if TYPE_CHECKING:
    from streams.core.alerts.book import Entry, Happened

LISTED = 50
MUTED = "muted"
STATES = ("red", "amber", "acknowledged", "recovered", "cleared", MUTED)


@click.group()
def command() -> None:
    """Look at the alerts that workers tell, at what they rest on, and say what is done about them.

    \b
    Examples:
      floorcast alerts list --since 7d
      floorcast alerts ack 4f1c09ab --comment "I will listen to some calls"
      floorcast alerts simulate --red 4000
    """


for one in (ack, comment, mute, unmute, explain_command, simulate_command):
    command.add_command(one)


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
    """The newest alerts, each once, with what became of it.

    red: a drop that was told; amber: a colour, perhaps on the way to red; acknowledged: somebody
    has it in hand; recovered: a red that is over; cleared: an amber that is none any more. A muted
    one is told to nobody until the mute ends.

    \b
    Examples:
      floorcast alerts list --team north --state red
      floorcast alerts list --rep ana --since 2026-11-02T09:00:00+08:00 --json
    """
    from streams.cli.alert_book import read_entries

    found = [
        one
        for one in reversed(read_entries(context.live()))
        if (rep is None or one.alert.rep_id == rep)
        and (team is None or one.alert.team_id == team)
        and (not states or one.state in states or (MUTED in states and one.muted_until_ms > 0))
        and (since is None or one.alert.at_ms >= since)
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
    """One alert in words, and its whole life. ID is what `list` shows, or its beginning.

    Exit code 1 when there is none, or more than one.

    \b
    Example:
      floorcast alerts show 4f1c09ab --language zh
    """
    from streams.cli.alert_book import one_of, read_entries

    entry = one_of(read_entries(context.live()), alert_id)
    if as_json:
        click.echo(msgspec.json.encode(entry))
        return
    alert = entry.alert
    named = (("rep", alert.rep_id), ("team", alert.team_id), ("site", alert.site_id))
    whose = ", ".join(f"{kind} {name}" for kind, name in named if name)
    click.echo(f"{_state(entry)}: {whose}")
    click.echo(alert.text.get(language) or f"no words in {language!r}")
    if language in entry.end_text:
        click.echo(entry.end_text[language])
    for happened in entry.life:
        click.echo(f"  {shown(happened.at_ms)}  {_in_words(happened)}")


_WORDS = {"again": "replaced", "moved": "ended: moved", "gone": "ended: gone"}


def _state(entry: Entry) -> str:
    """The state of an alert, why it ended when not by recovery, and whether it is muted."""
    until_ms = entry.muted_until_ms
    state = _WORDS.get(entry.over_by, entry.state)
    return f"{state}, muted until {shown(until_ms)}" if until_ms else state


def _in_words(one: Happened) -> str:
    """What happened, by whom, and what was said: `ack by mia: on it`."""
    by = f" by {one.by}" if one.by else ""
    until = f" until {shown(one.until_ms)}" if one.until_ms else ""
    return f"{one.what}{until}{by}" + (f": {' '.join(one.text.split())}" if one.text else "")


def _print_list(found: list[Entry], limit: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=10_000)  # a name cut by a table could not be copied
    table = Table("id", "contact", "state", "rep", "team", "seen", "expected", "evidence", box=None)
    for entry in found[-limit:] if limit else ():
        one = entry.alert
        run = bool(one.contacts)
        table.add_row(
            one.alert_id[:8],
            shown(one.at_ms),
            _state(entry),
            Text(one.rep_id or ("(team)" if one.team_id else f"(site {one.site_id})")),
            Text(one.team_id),
            f"{one.sales} of {one.contacts}" if run else "",
            f"{one.expected:.1f}" if run else "",
            f"1 in {one.evidence:,.0f}" if run else "",
        )
    console.print(table)
    if len(found) > limit:
        console.print(f"... and {len(found) - limit:,} older ones (--limit shows more)")
