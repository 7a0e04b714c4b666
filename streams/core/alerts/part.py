"""What a partition keeps for alerts: its desk, and up to where its contacts were handed on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from streams.core.alerts.checkpoint import (
    PREFIXES,
    Items,
    checkpoint_items,
    find,
    handed_on_item,
)
from streams.core.alerts.desk import AlertDesk, Said
from streams.core.alerts.settings import AlertSettings
from streams.core.ports import LogRecord, SegmentStore

CONTACTS_A_CHECKPOINT = 20_000
CONTACTS_A_REP = 30
RECORDS_A_CHECKPOINT = 5_000
"""Read again after a start: less than a second of work. A checkpoint is 1.5 KB a rep."""


class AlertPart:
    """The alert state of one partition; a state machine whose only neighbour is the local store.

    `handed_on_ms`: contacts of this partition's reps that ended before it are in
    `matured-contacts`; -1 when none are.
    """

    def __init__(self, senders: int, settings: AlertSettings, store: SegmentStore) -> None:
        self.store = store
        self.desk = AlertDesk(senders, settings)
        self.handed_on_ms = -1
        self._writer = b""
        self._checkpoints = 0
        self._written_at = 0
        self._written_contacts = 0
        self._left: list[bytes] = []
        self._marked = False
        self._sent_ms = -1
        self._acknowledged_ms = -1
        self._written_ms = -1

    # -- events

    def apply(self, records: Sequence[LogRecord]) -> list[Said]:
        """Fold records of `matured-contacts`; see `AlertDesk.apply`."""
        return self.desk.apply(records)

    def handed_on(self, until_ms: int) -> None:
        """Contacts up to here are on their way; they count as handed on with the next commit."""
        self.handed_on_ms = max(self.handed_on_ms, until_ms)
        self._sent_ms = self.handed_on_ms

    # -- writing

    def new_writer(self, writer: bytes) -> None:
        """Begin under a new writer: at every assignment, for partitions that stay too."""
        self._writer = writer
        self._checkpoints, self._marked = 0, False

    def has_news(self) -> bool:
        """True when a commit would write something."""
        return (
            self._sent_ms > self._acknowledged_ms
            or self._acknowledged_ms > self._written_ms
            or self._due()
        )

    def _due(self) -> bool:
        contacts = self.desk.contacts - self._written_contacts
        most = max(CONTACTS_A_CHECKPOINT, CONTACTS_A_REP * self.desk.reps())
        records = self.desk.position - self._written_at
        return contacts >= most or records >= RECORDS_A_CHECKPOINT

    def take(self) -> tuple[Items, Items]:
        """(records for changelog and store, none for the store only) since the last call."""
        items: Items = []
        # A commit that fails ends the process: what earlier calls gave out is acknowledged.
        ours = self._checkpoints > 0 and self._marked
        if self._acknowledged_ms > self._written_ms:
            items.append(handed_on_item(self._writer, self._acknowledged_ms))
            self._written_ms, self._marked = self._acknowledged_ms, True
        # What was sent before this commit is acknowledged when it ends, and so written by the next:
        # written now and lost on its way it would be a hole.
        self._acknowledged_ms = max(self._acknowledged_ms, self._sent_ms)
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
        self.handed_on_ms = max(self.handed_on_ms, found.handed_on_ms)
        self._sent_ms = self._acknowledged_ms = self._written_ms = self.handed_on_ms
        yield
