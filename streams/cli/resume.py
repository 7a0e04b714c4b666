"""`floorcast resume`: read on where workers stopped because too many events were bad."""

from __future__ import annotations

import click
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.cli.kafka_read import ends, read_topics
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

FLUSH_S = 30.0


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
    _say(
        settings,
        input_key(topic, partition),
        InputState(state="resumed", at_ms=SystemClock().now_ms(), accept_until=accept_until),
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


def _say(settings: Settings, key: bytes, state: InputState) -> None:
    failures: list[KafkaError] = []

    def note(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer(
        settings.kafka()
        | {
            "acks": "all",
            "enable.idempotence": settings.producer_idempotence,
            "message.timeout.ms": int(FLUSH_S * 1000),
            "log_level": 0,
        }
    )
    try:
        topic = settings.topic(INPUT_STOPS)
        producer.produce(topic, encode_input_state(state), key, 0, on_delivery=note)
        left = producer.flush(FLUSH_S + 5)
    except KafkaException as error:
        failures.append(error.args[0])
        left = 0
    if failures or left:
        why = failures[0].str() if failures else f"no acknowledgement within {FLUSH_S:g} s"
        msg = f"it could not be written to {settings.topic(INPUT_STOPS)}: {why}"
        raise click.ClickException(msg)
