"""The scoreboard's state as its changelog has it: numbers without a worker."""

from __future__ import annotations

import click

from streams.cli.kafka_read import Positions, ends, read_topics
from streams.core.changelog import ChangelogReader
from streams.core.partition import partition_of
from streams.core.segment import parse_segment_key
from streams.settings import Settings
from streams.topics import SCOREBOARD_TABLE, changelog

DATE = click.DateTime(["%Y-%m-%d"])
"""An option that takes a date; it is a rep's local date."""


def read_state(settings: Settings, rep: str | None = None) -> ChangelogReader:
    """The rep-days of everybody, or of one rep only; raises click.ClickException."""
    reader = ChangelogReader()
    owner = None if rep is None else rep.encode()
    topics = [changelog(settings, SCOREBOARD_TABLE)]
    reached: Positions | None = None
    # Twice: a segment that is written again meanwhile may be compacted away before it is read, and
    # then stands behind the end as it was.
    for _ in range(2):
        until = ends(settings, topics)
        if owner is not None:  # the changelog has the partitions of the inputs
            own = partition_of(owner, len(until))
            until = {at: offset for at, offset in until.items() if at[1] == own}
        for record in read_topics(settings, topics, since=reached, until=until):
            if record.key is not None and owner in (None, parse_segment_key(record.key)[0]):
                reader.add(record.partition, record.key, record.value)
        reached = until
    return reader
