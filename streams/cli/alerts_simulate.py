"""`floorcast alerts simulate`: what alert settings would have given on a floor's own history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.cli.main import Context
from streams.cli.state import DATE

if TYPE_CHECKING:
    from streams.core.alerts.history import SiteHistory
    from streams.core.alerts.settings import AlertSettings
    from streams.core.plan import Plan
    from streams.settings import Settings

PRESENT, CANDIDATE = "the plan as it is", "what you ask for"


@click.command("simulate")
@click.option(
    "--plan",
    "plan_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="PLAN.toml",
    help="Take the section [alerts] of another plan.",
)
@click.option("--red", type=float, metavar="N", help="Another threshold of red.")
@click.option("--amber", type=float, metavar="N", help="Another threshold of amber.")
@click.option("--half-life", type=float, metavar="H", help="Another half_life_hours.")
@click.option("--minimum-team", type=int, metavar="N", help="Another minimum_team.")
@click.option(
    "--drop",
    "keep",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="What is left of the sales of a rep who drops.",
)
@click.option(
    "--trials", type=click.IntRange(1), default=200, show_default=True, help="How many reps drop."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same drops.")
@click.option(
    "--from",
    "first",
    type=DATE,
    metavar="D",
    help="Count alarms from this local date on; what is before is learned from.",
)
@click.option("--to", "last", type=DATE, metavar="D", help="Up to this local date, included.")
@click.option(
    "--contacts",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE.jsonl",
    help="Contacts from a file instead of Kafka; - is standard input.",
)
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.svg",
    help="Draw it too.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(
    context: Context,
    *,
    plan_path: Path | None,
    red: float | None,
    amber: float | None,
    half_life: float | None,
    minimum_team: int | None,
    keep: float,
    trials: int,
    seed: int,
    first: datetime | None,
    last: datetime | None,
    contacts: Path | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """What settings would give on this floor: false alarms, and how long a drop takes.

    Reads the contacts that workers have handed on (topic matured-contacts) and lets the detector
    see them again, under the plan and under what you ask for, beside the rules that wallboards
    ship. As history stands every alarm counts as false, though real drops are among them. Then
    reps drop at random, some at a time, and are looked for. Nothing is written to Kafka.

    A line of a file of contacts: {"at_ms": 1793955600000, "rep_id": "ana", "team_id": "north",
    "sale": false}; it may have site_id, zone, and entity, the contact's name. Exit code 1 with too
    little history.

    \b
    Examples:
      floorcast alerts simulate --red 4000
      floorcast alerts simulate --plan next.toml --drop 0.7 --picture choice.svg
      floorcast alerts simulate --contacts last-year.jsonl --from 2026-03-01 --json
    """
    from streams.cli.alerts_simulated import as_record, draw, print_table
    from streams.cli.plan_file import load_plan
    from streams.cli.sending import open_for_writing
    from streams.core.alerts.runs import LAST_DAY
    from streams.core.alerts.simulate import Asked, Setting, simulate
    from streams.core.calendar import day_number

    settings = context.settings() if contacts else context.live()
    plan = load_plan(settings)
    asked_for = {
        "red": red,
        "amber": amber,
        "half_life_hours": half_life,
        "minimum_team": minimum_team,
    }
    candidate = _candidate(settings, plan, plan_path, asked_for)
    both = [Setting(PRESENT, plan.alerts)]
    if candidate != plan.alerts:
        both.insert(0, Setting(CANDIDATE, candidate))
    if (candidate.grace_ms, candidate.window_ms) != (plan.alerts.grace_ms, plan.alerts.window_ms):
        click.echo(
            "grace_minutes and window_hours are as they were: which deals belong to a contact was "
            "settled when it was handed on",
            err=True,
        )
    asked = Asked(
        trials,
        keep,
        seed,
        day_number(first.date()) if first else 0,
        day_number(last.date()) if last else LAST_DAY,
    )
    sites = _from_file(contacts, settings.zone) if contacts else _from_kafka(settings)
    with _bar() as told:
        done = simulate(sites, both, asked, told)
    if picture is not None:
        with open_for_writing(picture) as file:
            file.write(draw(done, keep).encode())
    if as_json:
        click.echo(as_record(done, both, asked))
    else:
        print_table(done, asked)


def _candidate(
    settings: Settings, plan: Plan, path: Path | None, asked_for: dict[str, float | int | None]
) -> AlertSettings:
    """The settings to be tried; raises PlanError."""
    import msgspec

    from streams.cli.plan_file import load_plan
    from streams.core.alerts.settings import read_alerts
    from streams.core.errors import PlanError
    from streams.core.plan_problems import Problems

    if path is not None:
        plan = load_plan(msgspec.structs.replace(settings, plan=str(path)))
    table = msgspec.structs.asdict(plan.alerts)
    table |= {key: value for key, value in asked_for.items() if value is not None}
    problems = Problems()
    found = read_alerts(table | {"ratios": list(plan.alerts.ratios)}, problems)
    if problems.lines:
        raise PlanError(problems.lines)
    return found


def _from_kafka(settings: Settings) -> dict[str, SiteHistory]:
    """Everything on matured-contacts that the desks have folded."""
    from streams.cli.alert_state import batches
    from streams.cli.kafka_read import begins, ends, read_topics
    from streams.core.alerts.history import LogHistory
    from streams.topics import MATURED_CONTACTS

    topics = [settings.topic(MATURED_CONTACTS)]
    first, until = begins(settings, topics), ends(settings, topics)
    history = LogHistory(settings.partitions)
    total = sum(until.values()) - sum(first.values())
    done = 0
    with _bar("reading") as told:
        for partition, records in batches(read_topics(settings, topics, until=until)):
            history.apply(partition, records)
            done += len(records)
            told(done, total)
    if history.bad():
        click.echo(f"{history.bad():,} records of {topics[0]} say nothing", err=True)
    if not history.sites:
        msg = (
            f"too little history: no contact on {topics[0]} was ever scored"
            + (f", {history.waiting():,} wait" if history.waiting() else "")
            + "; `floorcast doctor` says whether workers run"
        )
        raise click.ClickException(msg)
    return history.sites


def _from_file(path: Path, zone: str) -> dict[str, SiteHistory]:
    """Contacts of a JSONL file; raises click.BadParameter naming the line."""
    import msgspec

    from streams.core.alerts.history import ContactLine, history_of_lines

    decode = msgspec.json.Decoder(ContactLine).decode

    def lines() -> Iterator[ContactLine]:
        with click.open_file(str(path), "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    yield decode(line)
                except msgspec.DecodeError as error:
                    msg = f"{path} line {number}: {error}; --help shows a line"
                    raise click.UsageError(msg, click.get_current_context()) from error

    sites = history_of_lines(lines(), zone)
    if not sites:
        msg = f"too little history: {path} holds no contacts"
        raise click.ClickException(msg)
    return sites


@contextmanager
def _bar(what: str = "trying") -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; only drawn where somebody looks at a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=None)

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield told
