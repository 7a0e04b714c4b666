"""Sending dead letters back to where their events first came in."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence

import click
from msgspec import Struct

from producers.kafka import EventProducer
from streams.cli.sending import FLUSH_DEADLINE_S
from streams.core.errors import MalformedEvent
from streams.core.letter import (
    Letter,
    headers_to_resubmit,
    key_if_good,
    latest_of_each,
    likely_key,
)
from streams.core.partition import partition_of
from streams.settings import Settings
from streams.topics import MAX_BYTES, MISROUTED, MISROUTED_DEALS, kinds_by_topic

SHOWN = 20
"""Letters that are named when they stay; the rest is counted."""


class Sending(Struct, frozen=True):
    """A letter to be sent again under a key, and why it would be bad again, if it would."""

    letter: Letter
    key: bytes | None
    fault: MalformedEvent | None


def prepare(
    settings: Settings, letters: Iterable[Letter], force: bool
) -> tuple[list[Sending], list[tuple[Letter, str]]]:
    """(what is to be sent, what stays and why): one letter an event, that of its last round.

    With `force` also what this floorcast would still call bad. What has no value and what came from
    a topic that is no input of this floor stays whatever is said.
    """
    kinds = kinds_by_topic(settings)
    sendings: list[Sending] = []
    staying: list[tuple[Letter, str]] = []
    for letter in latest_of_each(letters):
        kind = kinds.get(letter.origin_topic)
        if kind is None or kind in (MISROUTED, MISROUTED_DEALS):
            staying.append((letter, f"came from {letter.origin_topic}, no input of this floor"))
            continue
        if letter.value is None:
            staying.append((letter, "has no value; there is nothing to send"))
            continue
        try:
            sendings.append(Sending(letter, key_if_good(kind, letter), None))
        except MalformedEvent as fault:
            if force:
                sendings.append(Sending(letter, likely_key(kind, letter), fault))
            else:
                staying.append((letter, f"is still bad: {fault}"))
    return sendings, staying


def say_what(settings: Settings, sendings: Sequence[Sending], each: bool) -> None:
    """Print what is to be sent: by input, or with `each` letter by letter."""
    if each:
        for one in sendings:
            key, count = one.key, settings.partitions
            where = "any partition" if key is None else f"partition {partition_of(key, count)}"
            under = "without a key" if key is None else f"under {key.decode(errors='replace')!r}"
            bad = f"; still bad: {one.fault}" if one.fault else ""
            click.echo(f"{one.letter.id} -> {one.letter.origin_topic} {under}, {where}{bad}")
    for topic, count in sorted(Counter(one.letter.origin_topic for one in sendings).items()):
        click.echo(f"{count:,} events go to {topic}")
    bad_again = sum(one.fault is not None for one in sendings)
    if bad_again:
        click.echo(
            f"{bad_again:,} of them are bad still: they become dead letters again, and 50 in a row "
            "stop an input"
        )


def say_staying(staying: Sequence[tuple[Letter, str]]) -> None:
    """Print what is not sent, and why."""
    for letter, why in staying[:SHOWN]:
        click.echo(f"stays: {letter.id} {why}")
    if len(staying) > SHOWN:
        click.echo(f"stays: {len(staying) - SHOWN:,} more")


def send(settings: Settings, sendings: Sequence[Sending]) -> None:
    """Produce them, and wait until Kafka has all; a click.ClickException says what it has not."""
    producer = EventProducer(
        # An event as large as its topic takes is larger with our headers.
        settings.kafka() | {"message.max.bytes": MAX_BYTES},
        idempotence=settings.producer_idempotence,
    )
    producer.check({one.letter.origin_topic for one in sendings})
    name = os.urandom(6).hex()
    for one in sendings:
        letter = one.letter
        headers = headers_to_resubmit(letter, name)
        producer.send(letter.origin_topic, one.key, letter.value or b"", headers)
    if not producer.flush(FLUSH_DEADLINE_S):
        missing = producer.sent - producer.delivered
        msg = (
            f"{missing:,} of {producer.sent:,} events were not delivered "
            f"({'; '.join(producer.errors)}); run it again: what was sent twice counts once"
        )
        raise click.ClickException(msg)
