"""Deleting dead letters. Kafka deletes from the start of a partition only, up to an offset.

And not every letter may go: for as long as an input still has the raw event, its letter is all that
tells `floorcast audit` that the event was rejected rather than lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import click
from confluent_kafka import KafkaException, TopicPartition
from msgspec import Struct

from streams.cli.kafka_read import TIMEOUT_S, Positions, begins
from streams.cli.topics import admin_client, existing
from streams.core.letter import Letter
from streams.settings import Settings

Kept = Literal["not chosen", "event still in its input", "behind one that stays"]


class Cut(Struct, frozen=True):
    """What is to be deleted of one partition: everything below `before`.

    `going` are those letters. `stays` is the first that stays, with the reason; None when nothing
    does. `behind` are letters that were chosen and could go, but lie behind it. `unaudited` counts
    those of `going` whose event is still in its input.
    """

    topic: str
    partition: int
    before: int
    going: Sequence[Letter]
    stays: tuple[Letter, Kept] | None
    needed: int
    behind: int
    unaudited: int


def cut(
    letters: Sequence[Letter],
    end: int,
    chosen: Callable[[Letter], bool],
    in_input: Callable[[Letter], bool],
    force: bool,
) -> Cut:
    """How much of one partition may go; `letters` are all of it, in order, `end` is behind them.

    `in_input` says whether the raw event of a letter is still retained; such letters stay, unless
    `force`.
    """
    going: list[Letter] = []
    stays: tuple[Letter, Kept] | None = None
    needed = behind = 0
    for letter in letters:
        wanted = chosen(letter)
        held = wanted and not force and in_input(letter)
        needed += held
        if stays is not None:
            behind += wanted and not held
        elif not wanted:
            stays = (letter, "not chosen")
        elif held:
            stays = (letter, "event still in its input")
        else:
            going.append(letter)
    return Cut(
        letters[0].topic,
        letters[0].partition,
        end if stays is None else stays[0].offset,
        going,
        stays,
        needed,
        behind,
        sum(map(in_input, going)) if force else 0,
    )


def cuts(
    letters: Iterable[Letter],
    inputs: Mapping[tuple[str, int], int],
    chosen: Callable[[Letter], bool],
    force: bool,
) -> list[Cut]:
    """The cut of every partition that has letters; `inputs` are the first offsets of the inputs."""
    parts: dict[tuple[str, int], list[Letter]] = {}
    for letter in letters:
        parts.setdefault((letter.topic, letter.partition), []).append(letter)

    def in_input(letter: Letter) -> bool:
        topic, partition, offset = letter.origin
        first = inputs.get((topic, partition))
        return first is not None and offset >= first

    return [
        cut(part, part[-1].offset + 1, chosen, in_input, force) for _, part in sorted(parts.items())
    ]


def input_begins(settings: Settings, topics: Iterable[str]) -> Positions:
    """The first offsets that inputs still have; topics that are not there are left out."""
    there = existing(admin_client(settings))
    return begins(settings, [topic for topic in topics if topic in there])


def say(found: Sequence[Cut]) -> None:
    """Print what goes and what stays, and why."""
    for one in found:
        name = f"{one.topic}:{one.partition}"
        if one.going:
            click.echo(f"{name}: {len(one.going):,} letters go, all before offset {one.before}")
        if one.stays is not None and (one.going or one.needed or one.behind):
            first, why = one.stays
            click.echo(f"{name}: {first.id} stays ({why})")
        if one.needed:
            click.echo(
                f"{name}: {one.needed:,} chosen letters stay, for their events are still in the "
                "input and audit needs to know that they were rejected (--force deletes them)"
            )
        if one.behind:
            click.echo(
                f"{name}: {one.behind:,} chosen letters stay because they lie behind that one: "
                "Kafka deletes from the start of a partition only"
            )
    unaudited = sum(one.unaudited for one in found)
    if unaudited:
        click.echo(
            f"warning: {unaudited:,} of these events are still in their inputs. Without their "
            "letters `floorcast audit` takes them for events that were lost: it reports each as "
            "unreadable or as cells that differ, for as long as the input retains it"
        )


def delete(settings: Settings, found: Sequence[Cut]) -> None:
    """Delete; a click.ClickException says which partition did not let it."""
    marks = [TopicPartition(one.topic, one.partition, one.before) for one in found if one.going]
    if not marks:
        return
    admin = admin_client(settings)
    failed = []
    for mark, future in admin.delete_records(marks, request_timeout=TIMEOUT_S).items():
        try:
            future.result()
        except KafkaException as error:
            failed.append(f"{mark.topic}:{mark.partition}: {error.args[0].str()}")
    if failed:
        msg = f"not deleted: {'; '.join(sorted(failed))}"
        raise click.ClickException(msg)
