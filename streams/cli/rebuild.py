"""`floorcast rebuild`: count everything anew under another plan, then let that be what is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import structs

from streams.cli.main import Context
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.cli.generations import Generations
    from streams.core.differences import Differences

_Plan = click.Path(path_type=Path, exists=True, dir_okay=False)
NOTHING = "there is no rebuild: `floorcast rebuild --plan PLAN.toml` begins one"


@click.command()
@click.option("--plan", type=_Plan, metavar="FILE", help="The plan to count under.")
@click.option("--switch", "step", flag_value="switch", help="Show the numbers of the rebuild.")
@click.option("--status", "step", flag_value="status", help="What there is, and what differs.")
@click.option("--discard", "step", flag_value="discard", help="Drop the rebuild.")
@click.option(
    "--discard-old", "step", flag_value="discard_old", help="Drop what was live before a switch."
)
@click.option("--anyway", is_flag=True, help="Begin although the live state is as it should be.")
@click.option("--json", "as_json", is_flag=True, help="With --status: one JSON object.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port of /metrics of the rebuilding process; 0: a free one.",
)
@click.pass_obj
def command(  # noqa: PLR0917 # click passes each option by name
    context: Context,
    plan: Path | None,
    step: str | None,
    anyway: bool,
    as_json: bool,
    metrics_port: int,
) -> None:
    """Count all events anew beside the live numbers, under the plan of --plan or the setting.

    It runs until Ctrl-C and may be started again, and several times at once: Kafka deals the
    partitions out. Nothing it counts is shown before --switch, which needs it running: boards go
    over in about two seconds, and the workers of before stop. Start them again with the new plan
    and they join; then the rebuild may be stopped.

    \b
    Examples:
      floorcast rebuild --plan new.toml
      floorcast rebuild --status
      floorcast rebuild --switch
      floorcast rebuild --discard-old
    """
    from streams.cli import rebuild_steps as steps
    from streams.cli.generations import opened
    from streams.cli.plan_file import load_plan

    settings = context.settings()
    if plan is not None:
        settings = structs.replace(settings, plan=str(plan))
    if step is not None and (anyway or plan is not None):
        msg = "--plan and --anyway begin a rebuild; they do not go with another step"
        raise click.UsageError(msg)
    if as_json and step != "status":
        msg = "--json goes with --status"
        raise click.UsageError(msg)
    with opened(settings) as generations:
        if step == "status":
            _status(generations, as_json)
            return
        if step == "switch":
            steps.switch(generations)
            return
        if step is not None:
            steps.discard(generations, old=step == "discard_old")
            return
        load_plan(settings)
        wanted = steps.begin(generations, anyway=anyway)
    from streams.cli.rebuild_run import run_rebuild

    run_rebuild(wanted, metrics_port)


def _status(generations: Generations, as_json: bool) -> None:
    from streams.cli.rebuild_steps import compare

    described = generations.described()
    found = compare(generations) if generations.begun(generations.next) else None
    if as_json:
        shown = {"generations": described, "differences": found}
        click.echo(msgspec.json.encode(shown))
        return
    for one in described:
        state = "rebuild"
        if one.is_live:
            state = "live"
            if one.since_ms:
                since = datetime.fromtimestamp(one.since_ms / 1000, UTC)
                state += f" since {since.isoformat(' ', 'seconds')}"
        elif one.generation < generations.live.generation:
            state = "was live; `floorcast rebuild --discard-old` drops it"
        left = f", {one.left:,} events to count" if one.left else ""
        plan = f"plan {one.plan}, " if one.plan else ""
        click.echo(f"{one.namespace}: {state}; {plan}{one.processes} processes{left}")
    if found is not None:
        print_differences(generations.live, generations.next, found)


def print_differences(live: Settings, other: Settings, found: Differences) -> None:
    """What the rebuild changes, for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not found.differing:
        console.print(f"no number differs in {found.rep_days:,} rep-days from {found.first_date}")
        return
    kpis = Table("of the floor", live.namespace, other.namespace, box=None)
    for kpi in found.kpis:
        money = f" {kpi.currency}" if kpi.currency else ""
        kpis.add_row(kpi.label + money, _value(kpi.before, kpi.unit), _value(kpi.after, kpi.unit))
    console.print(kpis)
    console.print(f"the same: {', '.join(found.same)}")
    console.print(
        f"{found.differing:,} of {found.rep_days:,} rep-days from {found.first_date} differ; "
        "most of all:"
    )
    days = Table("rep", "date", "was, and is", box=None)
    for day in found.most:
        parts = [_moved(name, *pair) for name, pair in day.changed.items()]
        days.add_row(day.rep_id, day.date, "; ".join(parts))
    console.print(days)


def _moved(name: str, before: int, after: int) -> str:
    """One count or sum of a rep-day, was and is."""
    if name.endswith(("_bp", "_e4")):  # 1/10,000
        return f"{name[:-3]} {before / 10_000:,.10g} → {after / 10_000:,.10g}"
    return f"{name} {before:,} → {after:,}"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.2%}" if unit == "ratio" else f"{value:,.10g}"
