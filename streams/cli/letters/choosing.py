"""Which dead letters are meant: the options that every subcommand shares, and reading them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import wraps
from typing import Any

import click
from msgspec import Struct

from streams.cli.instant import Instant
from streams.cli.kafka_read import begins, ends, read_topics
from streams.core.errors import REASON_CODES
from streams.core.letter import UNREADABLE, Letter, read_letter
from streams.core.stop import parse_input
from streams.settings import Settings
from streams.topics import dead_letter, kinds_by_topic


class Chosen(Struct, frozen=True):
    """A choice of letters; what is empty or None does not restrict it.

    `since_ms` and `before_ms` bound the time at which a letter was put aside, half-open.
    """

    reasons: Collection[str] = ()
    sources: Collection[str] = ()
    since_ms: int | None = None
    before_ms: int | None = None
    topic: str | None = None
    partition: int | None = None

    def takes(self, letter: Letter) -> bool:
        """True when a letter is meant."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.sources or letter.source in self.sources)
            and (self.since_ms is None or letter.at_ms >= self.since_ms)
            and (self.before_ms is None or letter.at_ms < self.before_ms)
            and self.topic in (None, letter.origin_topic)
            and self.partition in (None, letter.origin_partition)
        )


class Options(Struct, frozen=True):
    """The options that choose letters, as they were given."""

    reasons: Sequence[str]
    sources: Sequence[str]
    since: int | None
    before: int | None
    place: str | None

    def chosen(self, settings: Settings) -> Chosen:
        """The choice they make; a usage error when they make no sense."""
        if self.since is not None and self.before is not None and self.since >= self.before:
            msg = "--since must be earlier than --before"
            raise click.UsageError(msg)
        topic, partition = (None, None) if self.place is None else _input(settings, self.place)
        return Chosen(self.reasons, self.sources, self.since, self.before, topic, partition)


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose letters; the command gets them as `options`."""

    @wraps(command)
    def with_options(*args: Any, **kwargs: Any) -> None:
        options = Options(*(kwargs.pop(name) for name in Options.__struct_fields__))
        command(*args, options=options, **kwargs)

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options


_OPTIONS = (
    click.option(
        "--reason",
        "reasons",
        type=click.Choice([*REASON_CODES, UNREADABLE]),
        multiple=True,
        help="Only letters with this reason; may be repeated.",
    ),
    click.option(
        "--source",
        "sources",
        metavar="S",
        multiple=True,
        help="Only events of this source; ? is one whose value does not tell. May be repeated.",
    ),
    click.option(
        "--since", type=Instant(), help="Put aside then or later: RFC 3339, or 2h, 7d ago."
    ),
    click.option("--before", type=Instant(), help="Put aside earlier than that."),
    click.option(
        "--input",
        "place",
        metavar="TOPIC[:PARTITION]",
        help="Only events that first came in there.",
    ),
)


def _input(settings: Settings, place: str) -> tuple[str, int | None]:
    topic, partition = parse_input(place) or (place, None)
    known = kinds_by_topic(settings)
    full = topic if topic in known else settings.topic(topic)
    if full not in known:
        msg = f"--input: {topic!r} is no input; inputs are {', '.join(sorted(known))}"
        raise click.UsageError(msg)
    if partition is not None and partition >= settings.partitions:
        msg = f"--input: partitions of {full} are 0 to {settings.partitions - 1}"
        raise click.UsageError(msg)
    return full, partition


def dead_letter_topics(settings: Settings) -> list[str]:
    """Every dead-letter topic of a floor, by its Kafka name."""
    return [dead_letter(topic) for topic in kinds_by_topic(settings)]


def read_letters(settings: Settings) -> Iterator[Letter]:
    """All dead letters there are, in order within each partition; raises click.ClickException."""
    for record in read_topics(settings, dead_letter_topics(settings)):
        yield read_letter(record)


def collect(settings: Settings, which: Chosen) -> list[Letter]:
    """The letters of a choice; a terminal sees that they are being read."""
    from rich.console import Console

    with Console(stderr=True).status("reading dead letters"):
        return [letter for letter in read_letters(settings) if which.takes(letter)]


def read_one(settings: Settings, name: str) -> Letter:
    """The letter called TOPIC:PARTITION:OFFSET; topic without prefix or suffix will do."""
    head, _, offset = name.rpartition(":")
    found = parse_input(head)
    if found is None or not (offset.isascii() and offset.isdigit()):
        msg = f"{name!r} is not of the form TOPIC:PARTITION:OFFSET; `list` shows them"
        raise click.UsageError(msg)
    known = dead_letter_topics(settings)
    topic, partition = found
    tries = (topic, settings.topic(topic), dead_letter(topic), dead_letter(settings.topic(topic)))
    full = next((each for each in tries if each in known), None)
    if full is None:
        msg = f"{topic!r} is no dead-letter topic; there are {', '.join(sorted(known))}"
        raise click.UsageError(msg)
    at, wanted = (full, partition), int(offset)
    if begins(settings, [full]).get(at, 0) <= wanted < ends(settings, [full]).get(at, 0):
        since, until = {at: wanted}, {at: wanted + 1}
        for record in read_topics(settings, [full], since=since, until=until):
            if (record.partition, record.offset) == (partition, wanted):
                return read_letter(record)
    msg = f"there is no letter {full}:{partition}:{offset}; it may have been purged"
    raise click.ClickException(msg)
