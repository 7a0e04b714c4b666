"""`floorcast resume`: read on where workers stopped because too many events were bad."""

from __future__ import annotations

import click

from streams.cli.kafka_read import ends, read_topics
from streams.cli.kafka_write import write_record
from streams.cli.main import Context
from streams.core.basis import app_of
from streams.core.clock import SystemClock
from streams.core.stop import (
    InputState,
    decode_input_state,
    encode_input_state,
    input_key,
    parse_input,
)
from streams.settings import Settings
from streams.topics import INPUT_STOPS, kinds_by_topic


@click.command()
@click.argument("name", metavar="TOPIC:PARTITION")
@click.option(
    "--accept-bad",
    is_flag=True,
    help="Let bad events that are in the partition now pass into dead letters, however many.",
)
@click.pass_obj
def command(context: Context, name: str, accept_bad: bool) -> None:
    """Read a stopped input on, after the cause of its bad events is mended.

    Workers go on where they stopped, with fresh limits: as many bad events again stop them again.
    With --accept-bad the limits hold only for what comes from now on. The running worker hears it
    at once; when none runs, the next one does. Exit code 1 when that input is not stopped.

    \b
    Example:
      floorcast resume call-ended:3 --accept-bad
    """
    topic, colon, number = name.rpartition(":")
    name = f"{app_of(topic)}{colon}{number}"  # of whichever generation: the live one is meant
    _input(context.settings(), name)  # a slip is told without asking Kafka for anything
    settings = context.live()
    topic, partition = _input(settings, name)
    said = _latest(settings, input_key(topic, partition))
    if said is None or said.state != "stopped":
        msg = f"{topic}:{partition} is not stopped; nothing to resume"
        raise click.ClickException(msg)
    accept_until = ends(settings, [topic])[topic, partition] if accept_bad else 0
    word = InputState(state="resumed", at_ms=SystemClock().now_ms(), accept_until=accept_until)
    write_record(
        settings,
        settings.topic(INPUT_STOPS),
        input_key(topic, partition),
        encode_input_state(word),
    )
    click.echo(
        f"{topic}:{partition} is read on from offset {said.offset}; it stood for: {said.why}"
    )
    if accept_until > said.offset:
        click.echo(f"bad events before offset {accept_until} are not held against it")


def _input(settings: Settings, name: str) -> tuple[str, int]:
    """(topic in Kafka, partition); the prefix of the settings may be left out."""
    found = parse_input(name)
    if found is None:
        msg = f"{name!r} is not of the form TOPIC:PARTITION, like call-ended:3"
        raise click.BadParameter(msg, param_hint="TOPIC:PARTITION")
    topic, partition = found
    topics = kinds_by_topic(settings)
    full = topic if topic in topics else settings.topic(topic)
    if full not in topics:
        msg = f"{topic!r} is no input; inputs are {', '.join(sorted(topics))}"
        raise click.BadParameter(msg, param_hint="TOPIC:PARTITION")
    if partition >= settings.partitions:
        msg = (
            f"partition {partition} is not one of {full}'s: they are 0 to {settings.partitions - 1}"
        )
        raise click.BadParameter(msg, param_hint="TOPIC:PARTITION")
    return full, partition


def _latest(settings: Settings, key: bytes) -> InputState | None:
    """The latest word on an input; None when nothing was ever said."""
    latest = None
    for record in read_topics(settings, [settings.topic(INPUT_STOPS)]):
        if record.key == key:
            latest = decode_input_state(record.value) or latest
    return latest
