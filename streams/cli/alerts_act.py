"""`floorcast alerts ack | comment | mute | unmute`: what is done about alerts, by whom and when."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from streams.cli.instant import Until, shown
from streams.cli.main import Context

if TYPE_CHECKING:
    from streams.core.alerts.actions import AlertAction, Verb
    from streams.core.alerts.book import Entry
    from streams.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_by = click.option("--by", metavar="NAME", help="Who does it. Default: who is logged in here.")
_comment = click.option("--comment", "text", default="", metavar="TEXT", help="Why.")


def _target(command: Command) -> Command:
    rep = click.option("--rep", "rep_id", default="", metavar="R", help="All alerts of this rep.")
    team = click.option("--team", "team_id", default="", metavar="T", help="All of this team.")
    return rep(team(command))


@click.command()
@click.argument("alert_id", metavar="ID")
@_by
@_comment
@click.pass_obj
def ack(context: Context, alert_id: str, by: str | None, text: str) -> None:
    """Say that somebody has an alert in hand: it is told to nobody any more.

    ID is what `list` shows, or its beginning. A rep who drops again is told anew.

    \b
    Example:
      floorcast alerts ack 4f1c09ab --comment "I will listen to some calls"
    """
    entry = _named(context.live(), alert_id)
    if entry.state in ("recovered", "cleared"):
        click.echo(f"{entry.alert.alert_id[:8]} is {entry.state} already; noted all the same")
    _write(context, "ack", by, alert_id=entry.alert.alert_id, text=text)
    click.echo(f"acknowledged {_about(entry)}")


@click.command()
@click.argument("alert_id", metavar="ID")
@click.argument("text")
@_by
@click.pass_obj
def comment(context: Context, alert_id: str, text: str, by: str | None) -> None:
    """Note something about an alert; it changes nothing else.

    \b
    Example:
      floorcast alerts comment 4f1c09ab "new list since Monday"
    """
    entry = _named(context.live(), alert_id)
    _write(context, "comment", by, alert_id=entry.alert.alert_id, text=text)
    click.echo(f"noted on {_about(entry)}")


@click.command()
@_target
@click.option("--until", "until_ms", type=Until(), required=True, help="When it ends: 2h, 7d, ...")
@_by
@_comment
@click.pass_obj
def mute(
    context: Context, *, rep_id: str, team_id: str, until_ms: int, by: str | None, text: str
) -> None:
    """Have no alert of a rep or a team told until an instant; a month at most.

    Detectors go on: what is red when the mute ends is told then. A later mute takes the place of
    one before, and `unmute` ends it.

    \b
    Examples:
      floorcast alerts mute --rep ana --until 2d --comment "in training"
      floorcast alerts mute --team north --until 2026-11-02T18:00:00+08:00
    """
    _write(context, "mute", by, rep_id=rep_id, team_id=team_id, until_ms=until_ms, text=text)
    click.echo(f"{_of(rep_id, team_id)} is muted until {shown(until_ms)}")


@click.command()
@_target
@_by
@_comment
@click.pass_obj
def unmute(context: Context, *, rep_id: str, team_id: str, by: str | None, text: str) -> None:
    """End a mute at once; a rep whose team is muted stays so.

    \b
    Example:
      floorcast alerts unmute --rep ana
    """
    _write(context, "unmute", by, rep_id=rep_id, team_id=team_id, text=text)
    click.echo(f"{_of(rep_id, team_id)} is not muted")


def _write(context: Context, verb: Verb, by: str | None, **more: Any) -> None:
    """Put an action on the topic; raises click.UsageError for what does not go together."""
    from streams.cli.kafka_write import write_record
    from streams.core.alerts.actions import encode_action
    from streams.topics import ALERT_ACTIONS

    action, settings = _action(verb, by, **more), context.live()
    key, value = action.action_id.encode(), encode_action(action)
    write_record(settings, settings.topic(ALERT_ACTIONS), key, value)


def _action(verb: Verb, by: str | None, **more: Any) -> AlertAction:
    from uuid import uuid4

    from streams.core.alerts.actions import AlertAction
    from streams.core.clock import SystemClock

    try:
        return AlertAction(
            action_id=uuid4().hex,
            at_ms=SystemClock().now_ms(),
            by=_user() if by is None else by,
            verb=verb,
            **more,
        )
    except ValueError as error:
        raise click.UsageError(str(error), click.get_current_context()) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        msg = "who is logged in here has no name: say --by NAME"
        raise click.UsageError(msg, click.get_current_context()) from None


def _named(settings: Settings, alert_id: str) -> Entry:
    from streams.cli.alert_book import one_of, read_entries

    return one_of(read_entries(settings), alert_id)


def _about(entry: Entry) -> str:
    one = entry.alert
    whose = _of(one.rep_id, one.team_id) if one.key != one.site_id else f"site {one.site_id}"
    return f"{one.alert_id[:8]}, {whose}"


def _of(rep_id: str, team_id: str) -> str:
    return f"rep {rep_id}" if rep_id else f"team {team_id}"
