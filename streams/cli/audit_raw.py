"""The raw events of all inputs in a database on disk; each load reads only what is new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from streams.cli.kafka_read import Positions, Record, begins, ends, read_topics
from streams.core.codec import ORIGIN_TOPIC
from streams.recount import load
from streams.recount.load import Unreadable
from streams.recount.origin import Sending, first_place
from streams.settings import Settings
from streams.topics import MISROUTED, MISROUTED_DEALS, dead_letter

TOLD_EVERY = 100_000
"""Records between two words on how far a load is."""

Say = Callable[[str], None]
"""Takes a few words on what is being done now."""


class RawEvents:
    """The raw events up to where they were last read, without those that became dead letters.

    `connection` is the recount's. Positions and dead letters are in memory, and only as old as the
    database: both begin empty.
    """

    def __init__(self, settings: Settings, kinds: Iterable[str], folder: Path) -> None:
        self._settings = settings
        self._kinds = {settings.topic(kind): kind for kind in kinds}
        self._folder = folder
        self.connection = load.connect(folder / "recount.duckdb")
        self.connection.execute("SET preserve_insertion_order = false")  # needs less memory
        self._reached: Positions = {}
        self._unreadable: list[Unreadable] = []
        self._dead: dict[str, set[Sending]] = defaultdict(set)
        self._dead_reached: Positions = {}

    def load(self, until: Positions, say: Say) -> None:
        """Read on up to `until`, and what has become a dead letter since; the plan anew.

        To be called when the workers have committed the cut: all dead letters below it are there.
        """
        settings = self._settings
        text = Path(settings.plan).read_text("utf-8") if settings.plan else None
        load.load_plan(self.connection, text, settings.zone, settings.detail_days)
        if any(until.get(at, 0) < reached for at, reached in self._reached.items()):
            self._forget()  # a topic was made anew: what was read is of the old one
        self._bury()
        for topic, kind in self._kinds.items():
            since, end = (
                {at: offset for at, offset in side.items() if at[0] == topic}
                for side in (self._reached, until)
            )
            left = sum(offset - since.get(at, 0) for at, offset in end.items())
            records = _telling(
                read_topics(settings, [topic], since=since, until=end), kind, left, say
            )
            reached: dict[int, int] = {}
            try:
                self._unreadable += load.load_events(
                    self.connection, kind, records, self._dead[topic], self._folder, reached=reached
                )
            finally:  # also when Kafka fails half way: what is in must not come again
                self._reached |= {(topic, at): offset for at, offset in reached.items()}

    def lost(self, first: Positions) -> Positions:
        """Of the first offsets that are retained, those that lie behind what was read so far."""
        return {at: offset for at, offset in first.items() if offset > self._reached.get(at, 0)}

    def cut(self, positions: Positions) -> dict[tuple[str, int], int]:
        """Kafka's positions as the recount names them."""
        return {(self._kinds[topic], at): offset for (topic, at), offset in positions.items()}

    def unreadable(self, cut: Positions) -> list[Unreadable]:
        """What below the cut is neither an event nor a dead letter; above it, it may become one."""
        below = self.cut(cut)
        return [
            one
            for one in self._unreadable
            if one.offset < below[one.topic, one.partition]
            and one.sending not in self._dead[self._settings.topic(one.topic)]
        ]

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def _bury(self) -> None:
        """All that became dead letters, by first place and sending, misrouted events included.

        An event that was sent again is dead in those sendings that have a letter of their own.
        """
        settings = self._settings
        names = [*self._kinds.values(), MISROUTED, MISROUTED_DEALS]
        topics = [dead_letter(settings.topic(name)) for name in names]
        until = ends(settings, topics)
        if any(until.get(at, 0) < reached for at, reached in self._dead_reached.items()):
            self._dead_reached = {}
        # What is no longer retained was read before or is about events as old.
        since = {
            at: max(first, self._dead_reached.get(at, 0))
            for at, first in begins(settings, topics).items()
        }
        found: dict[str, set[Sending]] = defaultdict(set)
        for record in read_topics(settings, topics, since=since, until=until):
            said = dict(record.headers)
            if ORIGIN_TOPIC in said:
                found[said[ORIGIN_TOPIC].decode()].add(first_place(record).sending)
        for topic, kind in self._kinds.items():
            load.bury(self.connection, kind, found[topic] - self._dead[topic])
            self._dead[topic] |= found[topic]
        self._dead_reached = until

    def _forget(self) -> None:
        for table in load.TABLES.values():
            self.connection.execute(f"DELETE FROM raw_{table}")
        self._reached, self._unreadable = {}, []
        self._dead, self._dead_reached = defaultdict(set), {}


def _telling(records: Iterable[Record], kind: str, left: int, say: Say) -> Iterator[Record]:
    for number, record in enumerate(records):
        if number % TOLD_EVERY == 0:
            say(f"reading {kind}: {number:,} of {left:,} new events")
        yield record
