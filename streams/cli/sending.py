"""What `simulate`, `import` and `replay` share: where events go, how fast, and the progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from producers.jsonl import write_line
from producers.kafka import EventProducer
from streams.settings import Settings

FLUSH_DEADLINE_S = 60.0
"""How long a command waits at its end for acknowledgements; a broker restarts in less."""

_REDRAW_EVERY = 500

Command = TypeVar("Command", bound=Callable[..., Any])


class Speed(click.ParamType):
    """`max`, or how many times faster than it happened; None stands for max."""

    name = "X|max"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """The number above 0, or None for `max`."""
        if value == "max":
            return None
        try:
            speed = float(value)
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is neither max nor a number above 0, like 1 or 60", param, ctx)
        return speed


def output_options(command: Command) -> Command:
    """Add `--out FILE` and `--kafka`."""
    out = click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
        help="Write JSON lines to FILE; - is standard output.",
        metavar="FILE",
    )
    kafka = click.option("--kafka", is_flag=True, help="Send to Kafka (FLOORCAST_BROKERS).")
    return out(kafka(command))


def require_one_output(out: Path | None, kafka: bool) -> None:
    """Raise a usage error unless exactly one of `--out` and `--kafka` is given."""
    if (out is None) != kafka:
        msg = "say where the events go: either --out FILE or --kafka"
        raise click.UsageError(msg, click.get_current_context())


class LinesOutput:
    """Events to a file of JSON lines."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def send(self, topic: str, key: str, value: Mapping[str, Any]) -> None:
        """Append one event."""
        write_line(self._file, topic, key, value)

    def close(self) -> bool:
        """True: what was not written has raised."""
        self._file.flush()
        return True


class KafkaOutput:
    """Events to Kafka."""

    def __init__(self, producer: EventProducer) -> None:
        self._producer = producer

    def send(self, topic: str, key: str, value: Mapping[str, Any]) -> None:
        """Queue one event."""
        self._producer.send(topic, key, value)

    def close(self) -> bool:
        """Wait for acknowledgements and say what is missing; True when Kafka has everything."""
        return settle(self._producer)


def make_producer(settings: Settings, topics: Iterable[str]) -> EventProducer:
    """A producer by the settings; raises KafkaUnavailable when brokers or topics are not there."""
    producer = EventProducer(
        settings.kafka(),
        idempotence=settings.producer_idempotence,
        topic_name=settings.topic,
    )
    producer.check(topics)
    return producer


def settle(producer: EventProducer) -> bool:
    """Flush; say on standard error what Kafka does not have. True when it has everything."""
    if producer.flush(FLUSH_DEADLINE_S):
        return True
    missing = producer.sent - producer.delivered
    click.echo(f"{missing:,} of {producer.sent:,} events were not delivered:", err=True)
    for error in producer.errors:
        click.echo(f"  {error}", err=True)
    return False


@contextmanager
def open_for_writing(path: Path) -> Iterator[BinaryIO]:
    """A file for bytes, or standard output for `-`; a usage error when it cannot be opened."""
    if str(path) == "-":
        yield sys.stdout.buffer
        return
    try:
        file = path.open("wb")
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise click.UsageError(msg, click.get_current_context()) from error
    with file:
        yield file


class Bar:
    """A progress bar on standard error, cheap to advance with every event."""

    def __init__(self, progress: Progress, total: int, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=total, events=0)
        self._calls = 0

    def at(self, done: int, events: int) -> None:
        """Show that `done` of the total and so many events are behind us; draws now and then."""
        self._calls += 1
        if self._calls % _REDRAW_EVERY == 0:
            self._progress.update(self._task, completed=done, events=events)

    def finish(self, events: int) -> None:
        """Show the end."""
        total = self._progress.tasks[self._task].total
        self._progress.update(self._task, completed=total, events=events)


@contextmanager
def bar(total: int, what: str) -> Iterator[Bar]:
    """A bar over `total` units of work; only drawn where somebody looks at a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield Bar(progress, total, what)
