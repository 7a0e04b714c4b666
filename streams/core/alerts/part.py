"""What a partition keeps for alerts: its desk, and up to where its contacts were handed on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streams.core.alerts.checkpoint import (
    HANDED_ON,
    PREFIXES,
    Items,
    checkpoint_items,
    find,
    handed_on_item,
)
from streams.core.alerts.desk import AlertDesk, Said
from streams.core.alerts.mark import Mark
from streams.core.alerts.settings import AlertSettings
from streams.core.ports import LogRecord, SegmentStore

CONTACTS_A_CHECKPOINT = 20_000
CONTACTS_A_REP = 30
RECORDS_A_CHECKPOINT = 5_000
"""Read again after a start: less than a second of work. A checkpoint is 2 KB a rep."""


class AlertPart:
    """The alert state of one partition; a state machine whose only neighbour is the local store.

    `contacts`, `activity`: up to where those of this partition's reps are in `matured-contacts`.
    """

    def __init__(self, senders: int, settings: AlertSettings, store: SegmentStore) -> None:
        self.store = store
        self.desk = AlertDesk(senders, settings)
        self.contacts, self.activity = Mark(), Mark()
        self._writer = b""
        self._checkpoints = 0
        self._written_at = 0
        self._written_contacts = 0
        self._left: list[bytes] = []
        self._marked: set[bytes] = set()

    # -- events

    def apply(self, records: Sequence[LogRecord]) -> list[Said]:
        """Fold records of `matured-contacts`; see `AlertDesk.apply`."""
        return self.desk.apply(records)

    def _marks(self) -> tuple[tuple[bytes, Mark], ...]:
        return tuple(zip(HANDED_ON, (self.contacts, self.activity), strict=True))

    # -- writing

    def new_writer(self, writer: bytes) -> None:
        """Begin under a new writer: at every assignment, for partitions that stay too."""
        self._writer = writer
        self._checkpoints = 0
        self._marked.clear()

    def has_news(self) -> bool:
        """True when a commit would write something."""
        return self.contacts.has_news() or self.activity.has_news() or self._due()

    def _due(self) -> bool:
        contacts = self.desk.contacts - self._written_contacts
        most = max(CONTACTS_A_CHECKPOINT, CONTACTS_A_REP * self.desk.reps())
        records = self.desk.position - self._written_at
        return contacts >= most or records >= RECORDS_A_CHECKPOINT

    def take(self) -> tuple[Items, Items]:
        """(records for changelog and store, none for the store only) since the last call."""
        items: Items = []
        # A commit that fails ends the process: what earlier calls gave out is acknowledged.
        ours = self._checkpoints > 0 and len(self._marked) == len(HANDED_ON)
        for name, mark in self._marks():
            until_ms = mark.take()
            if until_ms is not None:
                items.append(handed_on_item(name, self._writer, until_ms))
                self._marked.add(name)
        if self._due():
            self._checkpoints += 1
            self._written_at, self._written_contacts = self.desk.position, self.desk.contacts
            state = self.desk.encode()
            items += checkpoint_items(self._writer, self._checkpoints, self._written_at, state)
            if ours:  # what writers before us have left is in it
                items += [(key, None) for key in self._left]
                self._left = []
        return items, []

    def evict(self) -> int:
        """Nothing here can be let go of."""
        return 0

    # -- recovery

    def recover(self, items: Iterable[tuple[bytes, bytes | None]], offset: int) -> None:
        """Take changelog records, in any order and repeated or not; `offset` is the last one's."""
        self.store.write(items, offset)

    def recovery_steps(self) -> Iterator[None]:
        """All changelog records are there: become the newest state, unless ours is newer."""
        items = [item for prefix in PREFIXES for item in self.store.scan(prefix)]
        found = find(items, self._writer)
        self._left = found.left
        if found.position > self.desk.position:
            self.desk.load(found.state)
        self._written_at, self._written_contacts = self.desk.position, self.desk.contacts
        for name, mark in self._marks():
            mark.found(found.handed_on_ms.get(name, -1))
        yield
