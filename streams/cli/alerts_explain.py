"""`floorcast alerts explain`: what the detector knows of a rep now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
import msgspec

from streams.cli.instant import shown
from streams.cli.main import Context

if TYPE_CHECKING:
    from streams.core.alerts.also import Also
    from streams.core.alerts.explain import RepExplained

DAYS = 10


@click.command("explain")
@click.option("--rep", required=True, metavar="R", help="Whom.")
@click.option(
    "--days", type=click.IntRange(0), default=DAYS, show_default=True, help="Working days shown."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a site.")
@click.pass_obj
def command(context: Context, rep: str, days: int, as_json: bool) -> None:
    """What the detector knows of a rep now, and why nothing is told if so.

    How far the evidence is, what usual stands on, whom the rep is held against, the run that an
    alert would tell of, and the last working days. Read from Kafka; no worker need run. Exit code
    1 when no contact of the rep was ever scored.

    \b
    Examples:
      floorcast alerts explain --rep ana
      floorcast alerts explain --rep ana --days 40 --json
    """
    from streams.cli.alert_state import read_desks
    from streams.cli.plan_file import load_plan
    from streams.core.alerts.explain import explain

    settings = context.live()
    plan = load_plan(settings)
    found = explain(read_desks(settings, plan.alerts), rep, plan.alerts, days)
    if not found:
        msg = (
            f"no contact of {rep!r} was ever scored: `floorcast totals --rep {rep}` shows its days"
        )
        raise click.ClickException(msg)
    for one in found:
        if as_json:
            click.echo(msgspec.json.encode(one))
        else:
            _print(one, plan.name_of)


def _print(one: RepExplained, name_of: Callable[[str], str | None]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=10_000)  # a name cut by a table could not be copied
    name = name_of(one.rep_id)
    console.print(Text(f"{one.rep_id}{f' ({name})' if name else ''}"), style="bold")
    lines = Table.grid(padding=(0, 2))
    for what, words in _lines(one):
        lines.add_row(what, Text(words))
    console.print(lines)
    if not one.days:
        return
    table = Table("day", title="last working days", title_justify="left", box=None)
    for column in ("contacts", "sales", "expected", "conversion"):
        table.add_column(column, justify="right")
    table.add_column("")
    for day in one.days:
        table.add_row(
            "open" if not day.ago else f"-{day.ago}",
            str(day.contacts),
            str(day.sales),
            f"{day.expected:.1f}",
            _percent(day.sales, day.contacts),
            "usual" if day.in_usual else "",
        )
    console.print()
    console.print(table)


def _lines(one: RepExplained) -> list[tuple[str, str]]:
    usual, group, run = one.usual, one.group, one.run
    stands = one.standing
    against = f"team {group.group}" if group.group else "the floor"
    lines = [
        ("where", f"team {one.team_id}, site {one.site_id}"),
        (
            "standing",
            {
                "learning": f"learning, {stands.have:,} of {stands.need:,} {stands.unit}",
                "moved": f"moved, {one.moved_days_left} working days to go",
            }.get(stands.state, stands.state),
        ),
    ]
    if stands.state in ("watched", "amber"):
        evidence = (
            f"a rep selling normally gets here once in {max(stands.evidence, 1.0):,.0f} contacts; "
            f"amber at {one.amber:,.0f}, red at {one.red:,.0f}"
        )
        lines.append(("evidence", evidence))
    if usual.days:
        lines.append(
            (
                "usual",
                f"{_percent(usual.sales, usual.contacts)}: {usual.sales:,} sales in "
                f"{usual.contacts:,} contacts of {usual.days} working days; "
                f"{usual.ratio:.2f} times the group's rate",
            )
        )
    if group.rate:
        lines.append(
            (
                "held against",
                f"{against}, {group.reps} reps: {group.rate:.1%} at {group.hour}:00 without this "
                f"rep, {group.average:.1%} on the days before",
            )
        )
        lines.append(("expected now", f"{one.expected:.1%} of contacts"))
    if run.contacts:
        lines.append(
            (
                "run",
                f"{run.sales:,} sales in {run.contacts:,} contacts since {shown(run.since_ms)}, "
                f"{run.expected:.1f} expected",
            )
        )
    lines += (("beside it", _beside(also)) for also in run.also)
    if one.open_red:
        lines.append(("red", f"{one.open_red[:8]} was told and is not over"))
    lines.append(("a drop now", f"would not be told: {one.silent}" if one.silent else "is told"))
    waits = ", ".join(map(str, one.waits_for))
    waiting = f", {one.waiting:,} contacts wait for partition {waits}" if one.waiting else ""
    at = shown(one.scored_until_ms)
    lines.append(("scored until", f"{at}, partition {one.partition} of matured-contacts{waiting}"))
    return lines


def _beside(also: Also) -> str:
    from streams.core.alerts.also_words import also_words

    verdict = "changed" if also.changed else "within the usual ups and downs"
    return f"{also_words(also)}: {verdict}"


def _percent(sales: float, contacts: int) -> str:
    return f"{sales / contacts:.1%}" if contacts else "-"
