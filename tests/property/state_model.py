"""A floor of one partition without Kafka: a log, a changelog, owners that come, die and linger.

Nothing here knows how the state works; it only does to it what Kafka and machines may do: slices of
any size, commits at any point, crashes, a local store kept or lost, and an owner that was taken for
dead and still writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random

from streams.core.changelog import ChangelogReader
from streams.core.expiry import Expiry
from streams.core.intake import apply_slice
from streams.core.loading import load_history
from streams.core.plan import Plan
from streams.core.scoreboard import Scoreboard
from streams.core.showing import Showing
from streams.core.tally import Total
from streams.engine.stores import MemorySegments
from tests.builders import Record

FEWEST_STEPS = 40
"""A short log must meet faults too."""

Cells = dict[tuple[str, int], Total]
Change = tuple[bytes, bytes | None]
"""A record of the changelog: key and value, None for a tombstone."""
ALL_DAYS = 100_000
"""So many that none is ever too old."""


class Owner:
    """One worker's view of the partition: what it has read, and what it has written."""

    def __init__(
        self, plan: Plan, store: MemorySegments, writer: bytes, at: int, detail_days: int
    ) -> None:
        self.board = Scoreboard(0, 1, plan, store, detail_days)
        self.board.new_writer(writer)
        self.expiry = Expiry(self.board)
        self.at = at

    def apply(self, log: Sequence[Record], events: int) -> None:
        """Read on by that many events, topic by topic as they lie in the log."""
        upto = min(len(log), self.at + events)
        for record in log[self.at : upto]:
            apply_slice(self.board, record.topic, [record], {})
        self.at = upto

    def commit(self, changelog: list[Change]) -> int:
        """Write what is new; the position that may be committed now."""
        segments, totals = self.board.take()
        offset = self._append(changelog, segments)
        self.board.store.write([*segments, *totals], offset)
        return self.at

    def expire(self, changelog: list[Change], most: int, *, dies: bool = False) -> int:
        """Remove some days that are no longer kept; how many. `dies` before the store hears."""
        found = self.expiry.find(ALL_DAYS, most)
        offset = self._append(changelog, [(key, None) for one in found for key in one.segments])
        if found and not dies:
            self.board.store.write(self.expiry.forget(found), offset)
        return len(found)

    def _append(self, changelog: list[Change], records: Sequence[Change]) -> int:
        """Write to the changelog; where the store's offset is then."""
        expected = self.board.store.offset() + 1
        contiguous = expected == len(changelog)
        changelog.extend(records)
        return len(changelog) - 1 if contiguous else expected - 1

    def recover(self, changelog: Sequence[Change], rng: Random, *, dies: bool = False) -> None:
        """Read the changelog from where the store is, in slices of any size; `dies` half-way."""
        at = self.board.store.offset() + 1
        while at < len(changelog):
            upto = min(len(changelog), at + rng.randint(1, 5))
            self.board.recover(changelog[at:upto], upto - 1)
            at = upto
            if dies:
                return
        for _ in self.board.recovery_steps():
            pass
        if rng.random() < 0.5:
            self.load(len(self.board.unloaded))

    def load(self, reps: int) -> None:
        """Read the earlier days of that many reps back."""
        for _ in range(min(reps, len(self.board.unloaded))):
            load_history(self.board, self.board.unloaded.pop())

    def years(self) -> dict[str, Total]:
        """Rep to what the history sums up over all months."""
        self.load(len(self.board.unloaded))
        self.board.settle()
        sums: dict[str, Total] = {}
        for rep in self.board.reps.values():
            for total in rep.history.months.values():
                sums.setdefault(rep.rep_id, Total()).add(total)
        return {rep_id: total for rep_id, total in sums.items() if total}

    def cells(self) -> Cells:
        """(rep, day) to total, from what is resident and what is stored."""
        self.load(len(self.board.unloaded))
        self.board.settle()
        out: Cells = {}
        for rep in self.board.reps.values():
            for month in rep.history.months:
                for day in range(month_start(month), month_start(month + 1)):
                    held = self.board.peek(rep, day)
                    if held is not None and held.total():
                        out[rep.rep_id, day] = held.total()
        return out


def month_start(month: int) -> int:
    """The first day of a month counted from year 0, in days since 1970."""
    return date(month // 12, month % 12 + 1, 1).toordinal() - date(1970, 1, 1).toordinal()


def run(
    plan: Plan, log: Sequence[Record], seed: int, detail_days: int = ALL_DAYS
) -> tuple[Owner, list[Change]]:
    """Live through `log` with faults drawn from `seed`; the last owner and the changelog."""
    rng = Random(seed)
    changelog: list[Change] = []
    committed = 0
    stale: list[Owner] = []
    disks = [MemorySegments(), MemorySegments()]

    def take_over() -> Owner:
        disk = rng.choice([0, 1])
        # A lost disk; and two owners never share one: one that lingers keeps its own.
        if rng.random() < 0.2 or any(ghost.board.store is disks[disk] for ghost in stale):
            disks[disk] = MemorySegments()
        if rng.random() < 0.3:
            dying = Owner(plan, disks[disk], rng.randbytes(8), committed, detail_days)
            dying.recover(changelog, rng, dies=True)
        new = Owner(plan, disks[disk], rng.randbytes(8), committed, detail_days)
        new.recover(changelog, rng)
        return new

    owner = take_over()
    steps = 0
    while steps < FEWEST_STEPS or owner.at < len(log) or committed < len(log):
        steps += 1
        what = rng.random()
        if what < 0.3:
            owner.apply(log, rng.randint(1, 6))
        elif what < 0.5:
            committed = owner.commit(changelog)
            if rng.random() < 0.5:
                owner.board.evict()
            if rng.random() < 0.5 and owner.expire(changelog, 2, dies=rng.random() < 0.3):
                stale.append(owner)  # it may have died before its store heard of the removal
                owner = take_over()
        elif what < 0.53:
            # A rebalance after which the partition stays here: committed, recovered, a new writer.
            committed = owner.commit(changelog)
            owner.board.new_writer(rng.randbytes(8))
            owner.recover(changelog, rng)
        elif what < 0.68:
            # A pause: somebody else takes over, the old one may wake and write, but not commit.
            if rng.random() < 0.7:
                stale.append(owner)
            owner = take_over()
        elif what < 0.86 and stale:
            ghost = rng.choice(stale)
            ghost.apply(log, rng.randint(0, 3))
            ghost.commit(changelog)
            ghost.expire(changelog, 2)
        elif what < 0.88:
            owner.load(1)
        elif what < 0.9:
            Showing(owner.board).refresh(log[-1].timestamp, owner.at, 100)
        elif stale:
            stale.pop()
    owner.load(len(owner.board.unloaded))
    return owner, changelog


def by_rep(cells: Cells) -> dict[str, Total]:
    """Rep to the sum of all days."""
    sums: dict[str, Total] = {}
    for (rep_id, _), total in cells.items():
        sums.setdefault(rep_id, Total()).add(total)
    return sums


def read(changelog: Sequence[Change], order: Random | None = None) -> Cells:
    """The cells that a changelog holds, its records in any order and some of them twice."""
    records = list(changelog)
    if order is not None:
        records += order.sample(records, len(records) // 2)
        order.shuffle(records)
    reader = ChangelogReader()
    for key, value in records:
        reader.add(0, key, value)
    return {name: total for name, held in reader.rep_days.items() if (total := held.total())}
