"""What the core's callers implement: the places where floorcast meets the world outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from streams.core.alerts.known import KnownAlerts
from streams.core.snapshot import SnapshotBatch


class LogRecord(Protocol):
    """A record as a Kafka client hands it over; `timestamp` in milliseconds, -1 when unknown."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Sink(Protocol):
    """Takes snapshots to where somebody reads them.

    Idempotent by key: writing a batch again changes nothing, and of two versions of the same thing
    the higher one stays, whatever the order of the writes. `write` raises `SinkUnavailable` when
    the backend is away; it never blocks for longer than a few seconds. After `write` has raised,
    or when `needs_resync` says so (an empty backend), the caller sends everything again.
    """

    name: str

    async def start(self) -> None:
        """Open connections; must not fail when the backend is away."""
        ...

    async def write(self, batch: SnapshotBatch) -> None:
        """Take a batch; raises SinkUnavailable, and then it comes again, whole or merged."""
        ...

    async def needs_resync(self) -> bool:
        """True when the backend has lost what was written; asked about once a second."""
        ...

    async def close(self) -> None:
        """Close connections; everything written stays."""
        ...


class AlertsTo(Protocol):
    """Takes all alerts that are to be shown to where somebody sees them, or is told.

    Any number of workers write, each what it knows: one that has heard less (a lower `version`)
    changes nothing, and writing the same again changes nothing. `write` raises `SinkUnavailable`
    when the backend is away; it never blocks for longer than a few seconds. It is called after each
    change, and every `MOMENT_MS` without one, so what a backend has lost comes back by itself.
    """

    name: str

    async def start(self) -> None:
        """Open connections; must not fail when the backend is away."""
        ...

    async def write(self, known: KnownAlerts) -> None:
        """Take all there is in place of what was there; raises SinkUnavailable."""
        ...

    async def close(self) -> None:
        """Close connections; what was written stays."""
        ...


class SegmentStore(Protocol):
    """The local store of one partition: segments (truth) and day totals (derived), as bytes.

    Keys are those of `streams.core.segment`. What is written is readable at once.
    """

    def offset(self) -> int:
        """Every changelog record up to this offset is in the store; -1 for none."""
        ...

    def write(self, items: Iterable[tuple[bytes, bytes | None]], offset: int) -> None:
        """Put (or, with None, delete) items and move the offset, atomically."""
        ...

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        ...

    def scan(self, prefix: bytes) -> Iterable[tuple[bytes, bytes]]:
        """All items whose key starts with `prefix`, in the keys' order."""
        ...

    def last_of_each(self, prefix: bytes, group: Callable[[bytes], bytes]) -> Iterable[bytes]:
        """The last key of each group below `prefix`, without a look at the others.

        `group` gives what all keys of a key's group start with, and no other key does.
        """
        ...
