"""`floorcast dead-letters list | show | resubmit | purge`: events that could not be counted."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from streams.cli.letters.choosing import Chosen, Options, choosing
from streams.cli.main import Context

LISTED = 50


@click.group()
def command() -> None:
    """Look at dead letters, send them again, delete them.

    A dead letter is an event that could not be counted, with its bytes, the place where it first
    came in and the reason. It is called by where it lies, TOPIC:PARTITION:OFFSET.

    \b
    Example:
      floorcast dead-letters list --since 2h
    """


@command.command("list")
@click.option(
    "--limit", type=click.IntRange(0), default=LISTED, show_default=True, help="Letters shown."
)
@click.option("--json", "as_json", is_flag=True, help="All of them, one JSON object a line.")
@click.pass_obj
@choosing
def list_(
    context: Context,
    *,
    options: Options,
    limit: int,
    as_json: bool,
) -> None:
    """The newest letters, and how many there are of each input and reason.

    In the summary `events` counts each event once, however often it was sent again or read again
    after a crash.

    \b
    Examples:
      floorcast dead-letters list --reason schema --source pbx-1
      floorcast dead-letters list --input call-ended:3 --since 2026-11-02T09:00:00+08:00 --json
    """
    from streams.cli.letters.choosing import collect, read_letters
    from streams.cli.letters.showing import as_object, print_list

    settings = context.live()
    which = options.chosen(settings)
    if as_json:
        for letter in filter(which.takes, read_letters(settings)):
            click.echo(msgspec.json.encode(as_object(letter)))
        return
    letters = collect(settings, which)
    if letters:
        print_list(letters, limit)
    else:
        click.echo("no dead letters" + ("" if which == Chosen() else " of this choice"))


@command.command()
@click.argument("name", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_obj
def show(context: Context, name: str, as_json: bool) -> None:
    """One letter whole: why, where from, headers, and the bytes (hex when they are no text).

    ID is TOPIC:PARTITION:OFFSET as `list` shows it. Exit code 1 when there is none.

    \b
    Example:
      floorcast dead-letters show call-ended.dead-letter:3:118
    """
    from rich.console import Console

    from streams.cli.letters.choosing import read_one
    from streams.cli.letters.showing import as_object, whole

    letter = read_one(context.live(), name)
    if as_json:
        click.echo(msgspec.json.encode(as_object(letter)))
    else:
        Console(highlight=False, soft_wrap=True).print(whole(letter))


@command.command()
@click.argument("names", metavar="[ID]...", nargs=-1)
@click.option("--force", is_flag=True, help="Also what this release would call bad again.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
@choosing
def resubmit(
    context: Context,
    *,
    names: Sequence[str],
    options: Options,
    force: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Send letters back to the inputs their events came from, bytes unchanged.

    For when the cause is mended on our side, as by a newer release. Every letter is checked first:
    what this release would call bad again stays. An event keeps the version of its first place, so
    sending it twice counts it once. The letters stay too; `purge` deletes. Exit code 1 when
    something was not sent.

    \b
    Examples:
      floorcast dead-letters resubmit --reason unknown_schema_version --dry-run
      floorcast dead-letters resubmit call-ended.dead-letter:3:118 --yes
    """
    from streams.cli.letters.choosing import collect, read_one
    from streams.cli.letters.resubmitting import prepare, say_staying, say_what, send

    settings = context.live()
    which = options.chosen(settings)
    if names and which != Chosen():
        msg = "say either which letters by their ID or what to choose them by, not both"
        raise click.UsageError(msg)
    letters = [read_one(settings, name) for name in names] if names else collect(settings, which)
    sendings, staying = prepare(settings, letters, force)
    say_staying(staying)
    say_what(settings, sendings, each=dry_run)
    if not sendings:
        click.echo("nothing to send")
    elif not dry_run:
        _confirm(f"Send {len(sendings):,} events again?", yes)
        send(settings, sendings)
        click.echo(f"sent {len(sendings):,} events again")
    if staying:
        raise SystemExit(1)


@command.command()
@click.option("--all", "everything", is_flag=True, help="All letters, whatever their age.")
@click.option("--force", is_flag=True, help="Also letters that audit still needs.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
@choosing
def purge(
    context: Context,
    *,
    options: Options,
    everything: bool,
    force: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete letters: those put aside --before a time, or --all.

    Kafka deletes from the start of a partition only, so of each partition everything goes up to the
    first letter that was not chosen. And a letter stays while its raw event is still in the input:
    it is what tells `floorcast audit` that the event was rejected. --force deletes it nevertheless,
    and audit then reports the event. Exit code 1 when chosen letters stay.

    \b
    Examples:
      floorcast dead-letters purge --before 400d --dry-run
      floorcast dead-letters purge --before 2026-01-01T00:00:00Z --yes
    """
    from streams.cli.letters.choosing import collect
    from streams.cli.letters.purging import cuts, delete, input_begins, say

    if everything == (options.before is not None):
        msg = "say which letters: either --before TIME or --all"
        raise click.UsageError(msg)
    settings = context.live()
    which = options.chosen(settings)
    letters = collect(settings, Chosen())
    inputs = input_begins(settings, {letter.origin_topic for letter in letters})
    found = cuts(letters, inputs, which.takes, force)
    say(found)
    going = sum(len(one.going) for one in found)
    if not going:
        click.echo("nothing to delete")
    elif not dry_run:
        _confirm(f"Delete {going:,} letters for good?", yes)
        delete(settings, found)
        click.echo(f"deleted {going:,} letters")
    if any(one.needed or one.behind for one in found):
        raise SystemExit(1)


def _confirm(question: str, yes: bool) -> None:
    """Go on only when a person says so; a click.ClickException otherwise."""
    if yes:
        return
    try:
        agreed = click.confirm(question)
    except click.Abort:
        agreed = False
        click.echo()
    if not agreed:
        msg = "nothing was done; --yes answers where nobody can be asked"
        raise click.ClickException(msg)
