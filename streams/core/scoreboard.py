"""The state of the reps of one partition: the truth behind every number on a board.

Events become contributions (`intake`, `call_intake`), contributions merge into rep-days, rep-days
settle into totals. `take` hands out what has to be written for all that to survive. Nothing here
knows Kafka, the disk or the time of day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from streams.core.cached_day import STALE, decode_day, encode_day
from streams.core.history import History
from streams.core.loading import load_history, team_named
from streams.core.plan import Place, Plan
from streams.core.ports import SegmentStore
from streams.core.rep import Rep
from streams.core.rep_day import UNSETTLED, UNWRITTEN, RepDay
from streams.core.segment import (
    TOTALS_PREFIX,
    day_prefix,
    owner_of_total,
    parse_segment_key,
    parse_total_key,
    total_key,
    total_key_of,
)
from streams.core.tally import Total

NEVER = 1 << 31
"""A day after all others."""
STEP_REPS = 50
"""Reps whose newest days are read in one step of a recovery."""


class Scoreboard:
    """One partition's reps; a state machine whose only neighbour is the local store.

    `partition` of `partitions` is the one it owns, `plan` places reps and maps dispositions,
    `detail_days` is how many days behind the partition's newest one are kept. `cold_days` is how
    many rep-days older than the newest two are in memory until `evict`. `handed_on_ms`: contacts
    before it were handed on to be scored, which its owner knows.
    """

    def __init__(
        self,
        partition: int,
        partitions: int,
        plan: Plan,
        store: SegmentStore,
        detail_days: int = 400,
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        self.plan = plan
        self.store = store
        self.detail_days = detail_days
        self.reps: dict[str, Rep] = {}
        self.flags: dict[tuple[str, str, str, str | None], int] = {}
        self.newest_day = -1
        self.oldest_day = NEVER
        self.cold_days = 0
        self.handed_on_ms = -1
        self.changed: list[Rep] = []
        self._writer = b""
        self._opened = False
        self._unwritten: list[tuple[Rep, int, RepDay]] = []
        self._unsettled: list[tuple[Rep, int, RepDay]] = []
        self.unloaded: list[Rep] = []
        self._visited: set[str] = set()
        self._swept_day = -1

    # -- reps and days

    def rep(self, rep_id: str) -> Rep:
        """The rep, made on first sight."""
        found = self.reps.get(rep_id)
        if found is None:
            found = self.reps[rep_id] = Rep(rep_id, self.plan.fixed_place(rep_id))
        return found

    def place(self, rep: Rep, at_ms: int) -> Place:
        """Where the rep belonged at that instant."""
        return rep.place or self.plan.place(rep.rep_id, at_ms)

    def day(self, rep: Rep, day: int) -> tuple[RepDay | None, bool]:
        """(rep-day, was cold): resident, read back or new; None: older than what is kept."""
        found = rep.days.get(day)
        if found is not None:
            return found, False
        if day <= self.newest_day - self.detail_days:
            return None, False
        self.newest_day = max(self.newest_day, day)
        self.oldest_day = min(self.oldest_day, day)
        found, cold = self._read(rep, day)
        self._keep(rep, day, found)
        self.cold_days += day < self.newest_day - 1
        return found, cold

    def peek(self, rep: Rep, day: int) -> RepDay | None:
        """A day for reading only, which does not become resident; None when nothing is stored."""
        found = rep.days.get(day)
        if found is None:
            found, cold = self._read(rep, day)
            return found if cold else None
        return found

    def total(self, rep: Rep, day: int) -> Total | None:
        """A day's total as it was last settled, without reading its contributions; None: no day."""
        found = rep.days.get(day)
        if found is not None:
            return found.settled
        cached = self.store.get(total_key(rep.rep_id.encode(), day))
        return decode_day(cached)[0] if cached else None

    def team(self, rep: Rep, day: int) -> str:
        """The team that a day's latest counted contribution names, without reading it; or empty."""
        found = rep.days.get(day)
        if found is not None:
            return found.team() or ""
        cached = self.store.get(total_key(rep.rep_id.encode(), day))
        return decode_day(cached)[1] if cached else ""

    def _keep(self, rep: Rep, day: int, rep_day: RepDay) -> None:
        rep.days[day] = rep_day
        if day > rep.day:
            rep.day, rep.newest = day, rep_day
        self._visited.add(rep.rep_id)

    def _read(self, rep: Rep, day: int) -> tuple[RepDay, bool]:
        owner = rep.rep_id.encode()
        # Every stored day has a cached total, and asking for an absent one costs a bloom filter.
        cached = self.store.get(total_key(owner, day))
        if cached is None:
            return RepDay(), False
        return self.load_day(owner, day, decode_day(cached)[0] if cached else None), True

    def load_day(self, owner: bytes, day: int, total: Total | None) -> RepDay:
        """A day from its segments; `total`, when known, spares it to be summed up."""
        out = RepDay()
        stored = list(self.store.scan(day_prefix(owner, day)))
        out.load((segment for _, segment in stored), total)
        out.resume(stored, self._writer)
        return out

    def mark(self, rep: Rep, day: int, rep_day: RepDay) -> None:
        """Note that a day has news to write and to settle."""
        if not rep_day.mark & UNWRITTEN:
            self._unwritten.append((rep, day, rep_day))
        if not rep_day.mark & UNSETTLED:
            self._unsettled.append((rep, day, rep_day))
        rep_day.mark = UNWRITTEN | UNSETTLED
        self.touch(rep)

    def touch(self, rep: Rep) -> None:
        """A rep is to be shown anew."""
        if not rep.changed:
            rep.changed = True
            self.changed.append(rep)

    def settle(self) -> None:
        """Bring the totals of all reps up to what their days hold."""
        for rep, day, rep_day in self._unsettled:
            self._settle(rep, day, rep_day)
        self._unsettled.clear()

    def settle_reps(self, reps: Iterable[Rep]) -> None:
        """Bring the totals of these reps up to what their days hold."""
        for rep in reps:
            for day, rep_day in rep.days.items():
                self._settle(rep, day, rep_day)

    def _settle(self, rep: Rep, day: int, rep_day: RepDay) -> None:
        if rep_day.mark & UNSETTLED:
            old = rep_day.settled
            self._change(rep, day, old, rep_day.settle())

    # -- writing

    def new_writer(self, writer: bytes) -> None:
        """Begin segments of a new writer: at every assignment, for partitions that stay too."""
        self._writer = writer
        for rep in self.reps.values():
            for rep_day in rep.days.values():
                rep_day.new_writer(unwritten=bool(rep_day.mark & UNWRITTEN))

    def has_news(self) -> bool:
        """True when a commit would write something."""
        return bool(self._unwritten)

    def take(self) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]:
        """(segments for changelog and store, day totals for the store only) since the last call.

        What is handed out counts as written; a caller that cannot write it must stop for good.
        """
        self.settle()
        segments: list[tuple[bytes, bytes]] = []
        totals: list[tuple[bytes, bytes]] = []
        for rep, day, rep_day in self._unwritten:
            owner = rep.rep_id.encode()
            segments += rep_day.take(owner, day, self._writer)
            cached = encode_day(rep_day.settled or Total(), team_named(rep, rep_day))
            totals.append((total_key(owner, day), cached))
            rep_day.mark = 0
        self._unwritten.clear()
        return segments, totals

    def evict(self) -> int:
        """Let go of resident days before a rep's, and the partition's, newest two; how many.

        Only when what `take` gave is in the store: a day let go is read back from there.
        """
        if self._swept_day != self.newest_day:
            self._swept_day = self.newest_day
            self._visited.update(self.reps)
        gone = 0
        kept: set[str] = set()
        for rep_id in self._visited:
            rep = self.reps[rep_id]
            floor = max(rep.day, self.newest_day) - 1
            for day in [d for d in rep.days if d < floor]:
                if rep.days[day].mark:
                    kept.add(rep_id)  # changed while the commit was on its way: the next one
                else:
                    del rep.days[day]
                    gone += 1
            if rep.day not in rep.days:
                rep.day, rep.newest = -1, None
        self._visited = kept
        self.cold_days = len(kept)
        return gone

    def forget(self, rep: Rep, day: int) -> None:
        """A day is removed for good: it is in no total any more. See `expiry`."""
        old = self.total(rep, day)
        self._drop(rep, day)
        if old is not None:
            self._change(rep, day, old, Total())
            self.touch(rep)

    @staticmethod
    def _drop(rep: Rep, day: int) -> None:
        rep.days.pop(day, None)
        if day == rep.day:
            rep.day, rep.newest = -1, None

    # -- recovery

    def recover(self, items: Iterable[tuple[bytes, bytes | None]], offset: int) -> None:
        """Merge changelog records, in any order and repeated or not; `offset` is the last one's.

        A tombstone is a segment of a day that is no longer kept.
        """
        writes: list[tuple[bytes, bytes | None]] = []
        marked: set[bytes] = set()
        for key, value in items:
            total = total_key_of(key)
            if total not in marked:
                # Before it is made anew: a crash in between must not leave it believed.
                marked.add(total)
                writes.append((total, STALE))
            writes.append((key, value))
            if self._opened:
                self._recover_known(key, value)
        self.store.write(writes, offset)

    def _recover_known(self, key: bytes, value: bytes | None) -> None:
        """A record of somebody else, for a partition that stayed here through a rebalance."""
        owner, day, _, _ = parse_segment_key(key)
        rep = self.rep(owner.decode())
        self._unload(rep)
        self.newest_day = max(self.newest_day, day)
        rep_day = rep.days.get(day)
        if rep_day is None:
            return
        if value is None:
            self._drop(rep, day)  # to be read anew from what the store has left
        else:
            rep_day.merge(value)

    def _unload(self, rep: Rep) -> None:
        if rep.loaded:
            rep.loaded = False
            self.unloaded.append(rep)

    def recovered(self) -> None:
        """All of recovery at once: `recovery_steps`, then `loading.loading_steps`."""
        for _ in self.recovery_steps():
            pass
        for rep in self.unloaded:
            load_history(self, rep)
        self.unloaded.clear()

    def recovery_steps(self) -> Iterator[None]:
        """All changelog records are merged: every rep is known, and the newest two days resident.

        That is what today's numbers take; longer windows come with `loading.loading_steps`. A step
        is some milliseconds of work, so that a worker can live between them. Left half-way it is
        begun again with what is left.
        """
        if not self._opened:
            self._opened = True
            for key in self.store.last_of_each(TOTALS_PREFIX, owner_of_total):
                owner, day = parse_total_key(key)
                self._unload(self.rep(owner.decode()))
                self.newest_day = max(self.newest_day, day)
        for number, rep in enumerate(self.unloaded):
            self._make_resident(rep)
            if number % STEP_REPS == STEP_REPS - 1:
                yield

    def _make_resident(self, rep: Rep) -> None:
        """Read a rep's newest two days, and make its history of what is resident."""
        for day in (self.newest_day - 1, self.newest_day):
            if day not in rep.days:
                found, _ = self._read(rep, day)
                if found.entities:
                    self._keep(rep, day, found)
        rep.history = History()
        for day, rep_day in rep.days.items():
            rep.history.note(day, rep_day.settle())
        rep.tail = rep.teams = rep.last_team = rep.usual = None
        self.touch(rep)

    def _change(self, rep: Rep, day: int, old: Total | None, new: Total) -> None:
        if not rep.loaded:
            rep.history.note(day, new)
            return
        rep.history.change(day, old, new)
        if rep.tail is not None:
            rep.tail.touch(day)
        if rep.teams is not None and day < rep.teams.before:
            rep.teams = None
        if rep.last_team is not None and day < rep.last_team.before:
            rep.last_team = None
        if rep.usual is not None and day < rep.usual.before:
            rep.usual = None
