"""What the lane asks of the application: the state it feeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, Protocol

from faust.types import TP

from streams.core.ports import LogRecord


class LaneHost(Protocol):
    """The application's state, as the lane sees it. All calls come from one event loop.

    The order within one assignment: `assigned`, then `recover` any number of times, then
    `recovered` once for each table and partition, then slices by the agents (`Lane.take`), with
    `flush` between them; at the end `flush` once more and `revoked`.
    """

    @property
    def source_topics(self) -> frozenset[str]:
        """The topics whose positions the lane keeps: every topic an agent of the app reads."""
        ...

    def assigned(self, partitions: frozenset[int], generation: int) -> None:
        """Own exactly these partitions from now on; state of any other leaves memory.

        Every partition named begins with a new writer, those that were here before too: in between
        somebody else may have owned them. The stores of these partitions are open.
        """
        ...

    def revoked(self, partitions: frozenset[int]) -> None:
        """These are given up; all that was applied is written and committed.

        Keep their state in memory: `assigned` says what stays. Until then show none of it.
        """
        ...

    def recover(self, table: str, partition: int, records: Sequence[LogRecord]) -> None:
        """Merge changelog records and write them to the store, its offset at the last of them.

        Records come in offset order, but any number of times and from any number of writers.
        """
        ...

    async def recovered(self, table: str, partition: int, offset: int) -> None:
        """Every record up to `offset` of this changelog partition has been through `recover`.

        It may lie behind the last record given: control records and a compacted tail count too.
        """
        ...

    def start_at(self, tp: TP, committed: int) -> int:
        """Where reading of an input begins: `committed`, or before it.

        For an agent whose state is that of an earlier position, and who can tell what it has done.
        """
        ...

    def commit_due(self) -> bool:
        """Whether the periodic commit should run now; a rebalance or a stop commits unasked."""
        ...

    async def flush(self) -> None:
        """Write what the applied slices produced, and await the acknowledgement of all of it.

        The snapshot of what is written must be taken before the first `await`: the positions that
        are committed afterwards were taken just before the call. Then the local stores, which must
        never be ahead of the changelog. Whatever it raises stops the worker.
        """
        ...

    def die(self, reason: str) -> NoReturn:
        """End the process at once (`streams.engine.fatal.stop_now`); must not return."""
        ...
