"""`floorcast replay`: recorded events into Kafka."""

from __future__ import annotations

from pathlib import Path

import click

from producers.jsonl import BadLine, read_lines
from producers.pacing import Pacer
from producers.replay import replay
from streams.cli.main import Context
from streams.cli.sending import Speed, bar, make_producer, settle
from streams.core.clock import SystemClock


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--speed",
    type=Speed(),
    default="max",
    show_default=True,
    help="Times as fast as it happened, or max.",
)
@click.pass_obj
def command(context: Context, file: Path, speed: float | None) -> None:
    """Send the events of a JSON lines FILE to Kafka, in their order and under their keys.

    \b
    Examples:
      floorcast replay floor.jsonl
      floorcast replay floor.jsonl --speed 60
    """
    producer = make_producer(context.settings(), [])
    pacer = Pacer(SystemClock(), producer.poll, speed)
    bad_line = ""
    with file.open("rb") as opened, bar(file.stat().st_size, "replaying") as progress:
        try:
            for line in replay(read_lines(opened, str(file)), producer, pacer, str(file)):
                progress.at(line.end_byte, producer.sent)
            progress.finish(producer.sent)
        except BadLine as error:
            bad_line = str(error)
        except KeyboardInterrupt:
            bad_line = "stopped"
        delivered = settle(producer)
    click.echo(f"{producer.delivered:,} events delivered", err=True)
    if bad_line:
        click.echo(f"floorcast: {bad_line}; what stands after it was not sent", err=True)
    if bad_line or not delivered:
        raise SystemExit(1)
