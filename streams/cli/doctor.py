"""`floorcast doctor`: is everything around the numbers as it must be?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click
import msgspec

from streams.cli.main import Context

if TYPE_CHECKING:
    from streams.cli.doctor_checks.finding import Check, Finding
    from streams.settings import Settings

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "skipped": "dim"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON list.")
@click.option(
    "--prometheus", "prometheus_url", metavar="URL", help="Ask that Prometheus about us, too."
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0, min_open=True),
    default=20.0,
    show_default=True,
    metavar="S",
    help="Seconds that each check may take.",
)
@click.pass_obj
def command(context: Context, as_json: bool, prometheus_url: str | None, timeout_s: float) -> None:
    """Look at Kafka, the plan, Redis, Prometheus, the workers and the sources; say what to do.

    Every check stands alone: one that cannot be made says so and the others go on. Exit code 1 when
    one fails; warnings and what was skipped do not count.

    \b
    clock    by the broker's stamp on an empty record to input-stops, which everybody passes over
    sources  silent: nothing for 15 minutes and longer, though 10 events or more came in the same
             time a week ago; a source less than a week old: nothing for a day
    ids      on two days or reps within 8 days: used again, or corrected without a retraction

    \b
    Example:
      floorcast doctor --prometheus http://prometheus:9090
    """
    from rich.console import Console

    from streams.cli.doctor_checks.finding import run_checks

    try:
        settings = context.live()
    except click.ClickException:  # no broker answers, which `brokers` says better
        settings = context.settings()
    looked_at = checks(settings, prometheus_url)
    with Console(stderr=True).status("looking at everything"):
        findings = run_checks(looked_at, timeout_s)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings), indent=2))
    else:
        show(findings)
    if any(one.status == "fail" for one in findings):
        raise SystemExit(1)


def checks(settings: Settings, prometheus_url: str | None) -> list[Check]:
    """Everything that is looked at; whether a broker answers comes first."""
    from streams.cli.doctor_checks import (
        alerts,
        around,
        brokers,
        events,
        receivers,
        topics,
        workers,
    )
    from streams.cli.doctor_checks.finding import Check

    return [
        Check("brokers", partial(brokers.brokers, settings)),
        Check("leaders", partial(brokers.leaders, settings)),
        Check("clock", partial(brokers.clock_skew, settings)),
        Check("topics", partial(topics.topics, settings)),
        Check("workers", partial(workers.workers, settings)),
        Check("lag", partial(workers.lag, settings)),
        Check("stopped inputs", partial(workers.stopped_inputs, settings)),
        Check("alerts", partial(alerts.alerts, settings)),
        Check("dead letters", partial(events.dead_letters, settings)),
        Check("events", partial(events.counted, settings)),
        Check("plan", partial(around.plan, settings), kafka=False),
        Check("redis", partial(around.redis, settings), kafka=False),
        Check("alertmanager", partial(receivers.receivers, settings), kafka=False),
        Check("prometheus", partial(around.prometheus, prometheus_url), kafka=False),
    ]


def show(findings: Sequence[Finding]) -> None:
    """A line each for people; the word says how it is, colour only helps to find it."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for one in findings:
        line = Text.assemble(
            (f"{one.status:<7}", STYLES[one.status]), f"  {one.check}: {one.found}"
        )
        if one.do:
            line.append(f" -> {one.do}")
        console.print(line)
    count = {status: sum(one.status == status for one in findings) for status in STYLES}
    console.print(", ".join(f"{n} {status}" for status, n in count.items() if n))
