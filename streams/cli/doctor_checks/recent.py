"""What was counted lately, out of the state's own changelog, and what lately came in bad."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import DecodeError, Struct, json

from streams.cli.kafka_read import begins, ends, offsets_at, read_topics
from streams.core.calendar import DAY_MS
from streams.core.changelog import ChangelogReader
from streams.core.segment import parse_segment_key
from streams.settings import Settings
from streams.topics import SCOREBOARD_TABLE, changelog, dead_letter, kinds_by_topic

LOOK_BACK_DAYS = 8
"""Today and the same weekday before: what tells whether a silence is unusual."""
TAIL = 500
"""Newest calls of each partition in which codes without a meaning are looked for."""


def recent_state(settings: Settings, now_ms: int) -> ChangelogReader:
    """The rep-days of the last `LOOK_BACK_DAYS`.

    Only what was written since is read: nothing is counted before it has happened.
    """
    first_ms = now_ms - LOOK_BACK_DAYS * DAY_MS
    first_day = first_ms // DAY_MS
    topic = changelog(settings, SCOREBOARD_TABLE)
    reader = ChangelogReader()
    # A day earlier: local days begin up to 14 hours before those of UTC, and clocks differ.
    since = offsets_at(settings, [topic], first_ms - DAY_MS)
    for record in read_topics(settings, [topic], since=since):
        if record.key is not None and parse_segment_key(record.key)[1] >= first_day:
            reader.add(record.partition, record.key, record.value)
    return reader


class Share(Struct, frozen=True):
    """Records of an input in a time, and how many letters of it were written in the same time."""

    topic: str
    events: int
    letters: int


def dead_letter_shares(settings: Settings, since_ms: int) -> list[Share]:
    """By offsets, so whatever the number."""
    topics = list(kinds_by_topic(settings))
    both = [*topics, *map(dead_letter, topics)]
    since, last = offsets_at(settings, both, since_ms), ends(settings, both)
    count: Counter[str] = Counter()
    for at, end in last.items():
        count[at[0]] += end - since[at]
    return [Share(topic, count[topic], count[dead_letter(topic)]) for topic in topics]


class _Disposed(Struct):
    disposition: str | None = None


_decode = json.Decoder(_Disposed).decode


def newest_dispositions(settings: Settings, topic: str) -> Iterator[str]:
    """The disposition codes of the newest calls; what cannot be read is passed over."""
    first, last = begins(settings, [topic]), ends(settings, [topic])
    since = {at: max(first[at], end - TAIL) for at, end in last.items()}
    for record in read_topics(settings, [topic], since=since, until=last):
        try:
            code = _decode(record.value or b"").disposition
        except (DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if code is not None:
            yield code
