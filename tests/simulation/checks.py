"""What must hold: at a commit, and when everything has settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from faust.types import TP
from msgspec import json

from streams.core.changelog import ChangelogReader
from streams.core.codec import origin_of, relocated_headers
from streams.core.deal_desk import DealDesk
from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED
from streams.core.intake import apply_slice
from streams.core.outcome import Applied
from streams.core.partition import partition_of
from streams.core.scoreboard import Scoreboard
from streams.core.showing import Showing
from streams.core.tally import Total, tally
from streams.core.windows import windows_at
from streams.engine.stores import MemorySegments
from streams.topics import (
    DEAL_POSTINGS,
    LEDGER_TABLE,
    MISROUTED,
    MISROUTED_DEALS,
    SCOREBOARD_TABLE,
    changelog,
    dead_letter,
)
from tests.builders import Record
from tests.simulation import alerts_check
from tests.simulation.app import Disk
from tests.simulation.slow_floor import Cells, recount

if TYPE_CHECKING:
    from tests.simulation.world import World

Origins = set[tuple[str, int, int]]
SCRATCH = b"\xffscratch"


class Expected:
    """The recount of everything sent so far, and the days each partition still has to know."""

    def __init__(self, world: World) -> None:
        self.world = world
        cells = recount(world.raw, world.mode)
        newest: dict[int, int] = {}
        for rep, day in cells:
            partition = partition_of(rep.encode(), world.log.count)
            newest[partition] = max(newest.get(partition, -1), day)
        self._floors = {p: day - world.settings.detail_days for p, day in newest.items()}
        self.cells = self.kept(cells)

    def kept(self, cells: Mapping[tuple[str, int], Total]) -> Cells:
        """What is not empty and not older than what is kept."""
        out: Cells = {}
        for (rep, day), total in cells.items():
            partition = partition_of(rep.encode(), self.world.log.count)
            if total and day > self._floors.get(partition, -1):
                out[rep, day] = total
        return out

    def compare(self, what: str, cells: Mapping[tuple[str, int], Total], of: set[int]) -> None:
        """Note every cell of these partitions that differs from the recount."""
        world, found = self.world, self.kept(cells)
        mine = {
            name: total
            for name, total in self.cells.items()
            if partition_of(name[0].encode(), world.log.count) in of
        }
        for name in sorted(mine.keys() | found.keys()):
            world.counts["cells compared"] += 1
            right, got = mine.get(name, Total()), found.get(name, Total())
            if right != got:
                world.counts["cells differing"] += 1
                world.findings.append(f"{what}: {name} is {got}, the recount says {right}")


def segments_of(world: World, table: str, partition: int) -> list[Record]:
    """A partition of a changelog as it lies in the log."""
    return world.log.at(TP(changelog(world.settings, table), partition)).records


def read_changelog(world: World, *, compacted: bool) -> Cells:
    """The cells of the scoreboard's changelog, of all its records or of the last of each key."""
    reader = ChangelogReader()
    for partition in range(world.log.count):
        records = segments_of(world, SCOREBOARD_TABLE, partition)
        items: Iterable[Record] = {r.key: r for r in records}.values() if compacted else records
        for record in items:
            reader.add(partition, record.key or b"", record.value)
    return {name: held.total() for name, held in reader.rep_days.items()}


def cells_of(board: Scoreboard) -> Cells:
    """Every rep-day that a scoreboard holds or its store does, read from its contributions."""
    board.settle()
    out: Cells = {}
    for rep in board.reps.values():
        for day in range(board.newest_day - 2 * board.detail_days - 2, board.newest_day + 1):
            held = board.peek(rep, day)
            if held is not None:
                out[rep.rep_id, day] = held.total()
    return out


def totals_of(board: Scoreboard) -> Cells:
    """Every rep-day's settled or cached total, which boards are shown from."""
    board.settle()
    out: Cells = {}
    for rep in board.reps.values():
        for day in range(board.newest_day - 2 * board.detail_days - 2, board.newest_day + 1):
            total = board.total(rep, day)
            if total is not None:
                out[rep.rep_id, day] = total
    return out


def recovered_board(world: World, partition: int, store: MemorySegments) -> Scoreboard:
    """A new owner's scoreboard on a local store, after its recovery."""
    settings = world.settings
    board = Scoreboard(partition, world.log.count, world.plan, store, settings.detail_days)
    board.new_writer(SCRATCH)
    items = segments_of(world, SCOREBOARD_TABLE, partition)
    rest = [r for r in items if r.offset > store.offset()]
    if rest:
        board.recover([(r.key or b"", r.value) for r in rest], rest[-1].offset)
    board.recovered()
    return board


def recovered_desk(world: World, partition: int, store: MemorySegments) -> DealDesk:
    """A new owner's deal desk on a local store, after its recovery."""
    desk = DealDesk(partition, world.log.count, store, world.plan.reversals)
    desk.new_writer(SCRATCH)
    items = segments_of(world, LEDGER_TABLE, partition)
    rest = [r for r in items if r.offset > store.offset()]
    if rest:
        desk.recover([(r.key or b"", r.value) for r in rest], rest[-1].offset)
    desk.recovered()
    return desk


class Retold:
    """All workers die now; one that recovers alone and reads on from what is committed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._count = world.log.count
        self._more: dict[str, list[Record]] = {}
        self.dead = dead_letters(world)
        size = range(self._count)
        self.boards = [recovered_board(world, p, MemorySegments()) for p in size]
        self._desks = [recovered_desk(world, p, MemorySegments()) for p in size]
        for kind in (DEAL_CLOSED, MISROUTED_DEALS):
            for p, desk in enumerate(self._desks):
                applied, postings = desk.apply(list(self._rest(kind, p)))
                self._send_on(applied, MISROUTED_DEALS)
                for posting in postings:
                    self._send(DEAL_POSTINGS, posting.rep_id, json.encode(posting), ())
        kinds = {world.settings.topic(k): k for k in (CALL_ENDED, SURVEY_SUBMITTED)}
        for kind in (CALL_ENDED, SURVEY_SUBMITTED, DEAL_POSTINGS, MISROUTED):
            for p, board in enumerate(self.boards):
                applied = apply_slice(board, kind, list(self._rest(kind, p)), kinds)
                self._send_on(applied, MISROUTED)

    def _rest(self, kind: str, partition: int) -> Iterator[Record]:
        tp = TP(self.world.settings.topic(kind), partition)
        log, at = self.world.log.at(tp), self.world.group.committed.get(tp, 0)
        yield from log.read(at, log.end)
        yield from (r for r in self._more.get(kind, ()) if r.partition == partition)

    def _send(
        self, kind: str, key: str, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        more = self._more.setdefault(kind, [])
        partition = partition_of(key.encode(), self._count)
        stamp = self.world.now_ms()
        topic = self.world.settings.topic(kind)
        more.append(
            Record(topic, partition, 10**9 + len(more), stamp, key.encode(), value, headers)
        )

    def _send_on(self, applied: Applied, misrouted: str) -> None:
        for record, _ in applied.dead:
            self.dead.add(origin_of(record)[:3])
        for record, _, key in applied.misrouted:
            self._send(misrouted, key, record.value, relocated_headers(record))

    def cells(self) -> Cells:
        """What that worker would come to."""
        return {name: total for board in self.boards for name, total in cells_of(board).items()}


def dead_letters(world: World) -> Origins:
    """Where the dead letters were first written."""
    found: Origins = set()
    detours = [world.settings.topic(kind) for kind in (MISROUTED, MISROUTED_DEALS)]
    for topic in [*world.inputs(), *detours]:
        for record in world.log.all(dead_letter(topic)):
            found.add(origin_of(record)[:3])
    return found


def at_commit(world: World) -> None:
    """Were everything lost but Kafka at this instant, nothing would be."""
    expected, retold = Expected(world), Retold(world)
    everywhere = set(range(world.log.count))
    expected.compare("recovered at a commit and read on", retold.cells(), everywhere)
    if retold.dead != world.poison:
        world.findings.append(
            f"dead letters at a commit: {sorted(retold.dead ^ world.poison)[:3]} differ"
        )
    alerts_check.at_commit(world)
    world.counts["commits checked"] += 1


def when_settled(world: World) -> None:
    """The final state, five times over, against the recount."""
    expected = Expected(world)
    everywhere = set(range(world.log.count))
    owned: set[int] = set()
    for worker in world.workers.values():
        for partition, board in worker.state.boards.items():
            if world.group.owner(partition) != worker.name:
                continue
            owned.add(partition)
            expected.compare(f"memory of {worker.name}", cells_of(board), {partition})
            expected.compare(f"day totals of {worker.name}", totals_of(board), {partition})
            _shown(world, board)
            _partials(world, board)
    if owned != everywhere:
        world.findings.append(f"only partitions {sorted(owned)} have an owner")
    alerts_check.when_settled(world)
    expected.compare("changelog", read_changelog(world, compacted=False), everywhere)
    expected.compare("changelog, compacted", read_changelog(world, compacted=True), everywhere)
    for slot, disk in enumerate(world.disks):
        _stored(world, expected, f"disk {slot}", disk)
    for slot, disk in world.backups.items():
        _stored(world, expected, f"backup of disk {slot}", disk)
    expected.compare("read on from what is committed", Retold(world).cells(), everywhere)
    if dead_letters(world) != world.poison:
        odd = sorted(dead_letters(world) ^ world.poison)[:3]
        world.findings.append(f"dead letters are not the bad events: {odd}")


def _stored(world: World, expected: Expected, what: str, disk: Disk) -> None:
    """A disk's content, once recovery has brought it up to the changelog."""
    for (table, partition), segments in sorted(disk.items()):
        if table == SCOREBOARD_TABLE:
            board = recovered_board(world, partition, segments.copied())
            expected.compare(what, cells_of(board), {partition})
            expected.compare(f"{what}, totals", totals_of(board), {partition})


def _shown(world: World, board: Scoreboard) -> None:
    """The highest snapshot of every rep says what the owner knows now; so do the partials."""
    now_ms = world.now_ms()
    for rep_id, rep in sorted(board.reps.items()):
        shot = world.shown.reps.get(rep_id)
        now = windows_at(board, rep, now_ms)
        right = {name: tally(total) for name, total in now.totals.items() if name in STANDING}
        world.counts["snapshots compared"] += 1
        if shot is None:
            if any(now.totals.values()):
                world.findings.append(f"{rep_id} was never shown")
            continue
        got = {name: total for name, total in shot.windows.items() if name in STANDING}
        if got != right:
            world.findings.append(f"{rep_id} is shown as {got}, but is {right}")


def _partials(world: World, board: Scoreboard) -> None:
    """The highest partial of every team and site is what the partition's reps add up to now."""
    fresh = Showing(board)
    fresh.show_again()
    _, partials = fresh.refresh(world.now_ms(), 0, 10**9)
    for part in partials:
        held = world.shown.partials.get((part.level, part.id, part.partition))
        right = {name: total for name, total in part.windows.items() if name in STANDING}
        got = {n: t for n, t in held.windows.items() if n in STANDING} if held else {}
        if got != right:
            who = f"{part.level} {part.id} of partition {part.partition}"
            world.findings.append(f"{who} is shown as {got}, but is {right}")


STANDING = frozenset({"today", "week", "month", "quarter", "year"})
"""Windows that do not move while nothing happens, except at midnight."""
