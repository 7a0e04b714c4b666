"""`floorcast tokens create | list | revoke`: who may see what on the live page and its API."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import msgspec

from streams.cli.main import Context

DAY_MS = 86_400_000


@click.group()
def command() -> None:
    """Say who may see what on the live page and its API; see the setting page_auth."""


@command.command()
@click.option("--name", required=True, help="What it is for, for you: `TV north`, `ana`.")
@click.option("--everything", is_flag=True, help="All teams and the whole floor, as a manager.")
@click.option("--team", "teams", multiple=True, metavar="T", help="This team, as its supervisor.")
@click.option("--rep", "reps", multiple=True, metavar="R", help="The row of this rep.")
@click.option("--acts", is_flag=True, help="May acknowledge, comment and mute alerts, too.")
@click.option("--days", type=click.IntRange(1, 4000), help="It is over after so many days.")
@click.option(
    "--user", metavar="U", help="For the user a trusted proxy calls so: no token is made."
)
@click.pass_obj
def create(  # noqa: PLR0917 # click passes each option by name
    context: Context,
    name: str,
    everything: bool,
    teams: tuple[str, ...],
    reps: tuple[str, ...],
    acts: bool,
    days: int | None,
    user: str | None,
) -> None:
    """Let somebody see something; prints their token, which is shown this once and kept nowhere.

    Running pages know it at once. On a TV open http://HOST:8080/?token=TOKEN once; programs send
    `Authorization: Bearer TOKEN`.

    \b
    Examples:
      floorcast tokens create --name "TV north" --team north
      floorcast tokens create --name mia --team north --acts
      floorcast tokens create --name ana --rep r-0001 --days 90
      floorcast tokens create --name boss --everything --user boss@example.com
    """
    from sinks.wallboard.scope import Scope
    from sinks.wallboard.tokens import new_grant
    from streams.core.clock import SystemClock

    if everything == bool(teams or reps):
        msg = "say what may be seen: --everything, or --team and --rep"
        raise click.UsageError(msg, click.get_current_context())
    if acts and not (everything or teams):
        msg = "--acts goes with --everything or --team: a rep does not act on own alerts"
        raise click.UsageError(msg, click.get_current_context())
    scope = Scope(everything=everything, teams=frozenset(teams), reps=frozenset(reps))
    settings, clock = context.settings(), SystemClock()
    expires_ms = None if days is None else clock.now_ms() + days * DAY_MS
    path = settings.tokens_file
    grant, token = new_grant(path, clock, name, scope, user=user, expires_ms=expires_ms, acts=acts)
    if token:
        click.echo(token)
    whose = f"user {user}" if user else "this token"
    over = "" if expires_ms is None else f" until {_time(expires_ms)}"
    may = "see and act on" if acts else "see"
    click.echo(f"{grant.id}: {whose} may {may} {scope.in_words()}{over}; kept in {path}", err=True)
    if settings.page_auth == "none":
        click.echo("page_auth is none here: no page with these settings asks for it yet", err=True)
    if user and settings.page_auth == "token":
        click.echo("page_auth is token here: set it to proxy for users to be known", err=True)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_(context: Context, as_json: bool) -> None:
    """List who may see what; tokens themselves are kept nowhere.

    \b
    Example:
      floorcast tokens list
    """
    from rich.console import Console
    from rich.table import Table

    from sinks.wallboard.tokens import Grants
    from streams.core.clock import SystemClock

    clock = SystemClock()
    grants = Grants(context.settings().tokens_file, clock).all()
    if as_json:
        for one in grants:
            shown = msgspec.to_builtins(one)
            shown.pop("sha256", None)
            click.echo(msgspec.json.encode(shown))
        return
    table = Table("id", "name", "for", "sees", "made", "until", "state", box=None)
    for column in (table.columns[0], *table.columns[4:]):
        column.no_wrap = True
    for one in grants:
        table.add_row(
            one.id,
            one.name,
            f"user {one.user}" if one.user else "token",
            one.scope.in_words() + (", acts" if one.acts else ""),
            _time(one.created_ms),
            "-" if one.expires_ms is None else _time(one.expires_ms),
            one.fault(clock.now_ms()) or "holds",
        )
    console = Console()
    console.print(table)
    console.print(f"{len(grants)} in {context.settings().tokens_file}", highlight=False)


@command.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def revoke(context: Context, ids: tuple[str, ...]) -> None:
    """Make tokens void: pages refuse them at once and end what they show within a second.

    \b
    Example:
      floorcast tokens revoke 3f9a01bc
    """
    from sinks.wallboard.tokens import revoke as make_void
    from streams.core.clock import SystemClock

    path = context.settings().tokens_file
    missing = make_void(path, SystemClock(), ids)
    if missing:
        msg = f"{', '.join(missing)}: no such id in {path}; nothing was changed"
        raise click.ClickException(msg)
    for one in ids:
        click.echo(f"{one}: revoked")


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%MZ")
