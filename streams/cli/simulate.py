"""`floorcast simulate`: a made-up floor, to a file or to Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from producers.pacing import Pacer
from producers.simulator import Arrival, FloorProfile, floor_profile, plan_text, simulate
from producers.simulator.profile import day_start_ms
from streams.cli.drops import FORM, with_named_drops
from streams.cli.main import Context
from streams.cli.sending import (
    Bar,
    KafkaOutput,
    LinesOutput,
    Speed,
    bar,
    make_producer,
    open_for_writing,
    output_options,
    require_one_output,
)
from streams.core.clock import SystemClock
from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED, VISIT_LOGGED


@click.command()
@click.option(
    "--reps", type=click.IntRange(1), default=36, show_default=True, help="How many reps."
)
@click.option("--teams", type=click.IntRange(1), default=3, show_default=True, help="In teams.")
@click.option("--days", type=click.IntRange(1), default=1, show_default=True, help="Local days.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The first local day of every site; default today.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same events.")
@output_options
@click.option(
    "--speed",
    type=Speed(),
    default="max",
    show_default=True,
    help="Times as fast as it happens, or max.",
)
@click.option(
    "--lively",
    type=click.FloatRange(1, 20),
    default=1.0,
    show_default=True,
    help="Above 1: shorter calls, closer together, and follow-ups in minutes; for shows.",
)
@click.option(
    "--drop",
    "drops",
    multiple=True,
    metavar=FORM,
    help="From that local day (default: the last) on REP sells SHARE of the usual: try alerts.",
)
@click.option("--visits", is_flag=True, help="Customer visits too (setting visits).")
@click.option(
    "--plan",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the plan (sites, teams, names) that goes with the floor to FILE.",
)
@click.pass_obj
def command(
    context: Context,
    *,
    reps: int,
    teams: int,
    days: int,
    start: datetime | None,
    seed: int,
    out: Path | None,
    kafka: bool,
    speed: float | None,
    lively: float,
    drops: tuple[str, ...],
    visits: bool,
    plan: Path | None,
) -> None:
    """Make up a floor: calls, deals, surveys, with all that goes wrong on their way.

    Events come in order of arrival: late, twice, corrected, cancelled, split, as real sources send
    them. What would arrive after the last day is left out. To Kafka, nothing is sent before it has
    happened: past days go at --speed, the rest of today as it comes.

    \b
    Examples:
      floorcast simulate --reps 36 --teams 3 --days 2 --start 2026-11-02 --seed 7 --out floor.jsonl
      floorcast simulate --reps 100 --teams 8 --kafka --plan plan.toml
      floorcast simulate --days 45 --start 2026-09-20 --drop r-0007:0.4:2026-10-25 --kafka
    """
    require_one_output(out, kafka)
    clock = SystemClock()
    try:
        profile = floor_profile(reps, teams, seed, lively=lively, visits=visits)
    except ValueError as error:
        raise click.UsageError(str(error), click.get_current_context()) from error
    first = start.date() if start else datetime.fromtimestamp(clock.now_ms() / 1000, UTC).date()
    profile = with_named_drops(profile, drops, first + timedelta(days=days - 1))
    start_ms, end_ms = _period(profile, first, days)
    with ExitStack() as stack:
        if plan is not None:
            stack.enter_context(open_for_writing(plan)).write(plan_text(profile).encode())
        output: LinesOutput | KafkaOutput
        sleep: Callable[[float], object] = time.sleep
        if out is not None:
            output = LinesOutput(stack.enter_context(open_for_writing(out)))
        else:
            topics = [CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED]
            producer = make_producer(
                context.settings(), [*topics, VISIT_LOGGED] if visits else topics
            )
            output, sleep = KafkaOutput(producer), producer.poll
        progress = stack.enter_context(bar(end_ms - start_ms, "simulating"))
        pacer = Pacer(clock, sleep, speed, never_ahead=kafka)
        _say_when_it_ends(end_ms, clock.now_ms(), kafka)
        arrivals = simulate(profile, start_ms, end_ms)
        sent = _send(arrivals, output, pacer, progress, start_ms)
        delivered = output.close()
    click.echo(f"{sent:,} events of {reps} reps, {days} days from {first}, seed {seed}", err=True)
    if not delivered:
        raise SystemExit(1)


def _period(profile: FloorProfile, first: date, days: int) -> tuple[int, int]:
    """From the first midnight of `first` at any site to the last midnight after `days`."""
    zones = [site.zone for site in profile.sites]
    return (
        min(day_start_ms(zone, first) for zone in zones),
        max(day_start_ms(zone, first + timedelta(days=days)) for zone in zones),
    )


def _say_when_it_ends(end_ms: int, now_ms: int, kafka: bool) -> None:
    if kafka and end_ms > now_ms:
        end = datetime.fromtimestamp(end_ms / 1000, UTC).isoformat(timespec="minutes")
        click.echo(f"sends what is past, then goes on live until {end}; Ctrl-C ends it", err=True)


def _send(
    arrivals: Iterable[Arrival],
    output: LinesOutput | KafkaOutput,
    pacer: Pacer,
    progress: Bar,
    start_ms: int,
) -> int:
    """Send everything; Ctrl-C ends a live floor early, and what was sent is still settled."""
    sent = 0
    with suppress(KeyboardInterrupt):
        for arrival in arrivals:
            if pacer.waits:
                pacer.wait_for(arrival.arrival_ms)
            output.send(arrival.topic, arrival.key, arrival.value)
            sent += 1
            progress.at(arrival.arrival_ms - start_ms, sent)
        progress.finish(sent)
    return sent
