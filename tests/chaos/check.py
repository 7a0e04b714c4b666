"""Holding everything against everything once the floor is quiet."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError

import redis

from streams.cli.kafka_read import Record, ends, read_topics
from streams.cli.plan_file import load_plan
from streams.core.codec import ORIGIN_OFFSET, ORIGIN_PARTITION, ORIGIN_TOPIC
from streams.recount import load
from streams.recount.compare import compare
from streams.recount.recount import kept_from, recount
from streams.settings import Settings
from streams.topics import (
    LEDGER_TABLE,
    MISROUTED,
    MISROUTED_DEALS,
    SCOREBOARD_TABLE,
    changelog,
    dead_letter,
)
from tests.chaos.clock import FloorClock
from tests.chaos.crew import Crew
from tests.chaos.metrics_view import compare_pages, parse_page
from tests.chaos.people import DETAIL_DAYS, Person, local_day
from tests.chaos.redis_view import Difference, Windows, leaderboards, rep_snapshots
from tests.chaos.state_view import Dump, Log, Row, View, held
from tests.chaos.truth import INPUTS, Place, Truth

SHOWN_S = 30.0
"""How long boards may take to show what is counted; a sink that was away waits up to 10 s."""
OWNED_S = 180.0
"""How long a rebalance that is still on its way may take, and telling what is held."""
PATIENCE_S = 2.0
HURRY = 600.0
"""Hours of the floor in half a minute."""
_FEW = 5


class Result(NamedTuple):
    """What a check found: `cells` compared by place, and what is wrong, in words."""

    cells: Counter[str]
    differing: Counter[str]
    wrong: list[str]
    redis_healed_s: float
    """Seconds until Redis was right; beyond a second or two only a repetition healed it."""


class Checker:
    """The checks of one floor; it reads on where the last check ended."""

    def __init__(
        self, settings: Settings, everybody: list[Person], crew: Crew, clock: FloorClock
    ) -> None:
        self.settings = settings
        self.people = everybody
        self.crew = crew
        self.clock = clock
        self.truth = Truth(everybody, settings.partitions)
        self.log = Log()
        self._plan = load_plan(settings)
        self._raw: dict[str, list[Record]] = {kind: [] for kind in INPUTS}
        self._read: dict[tuple[str, int], int] = {}
        self._dead: set[Place] = set()
        self._sent_on: set[Place] = set()

    def check(self, folder: Path) -> Result:
        """Compare all there is; the floor must have settled. `folder` is for temporary files."""
        result = Result(Counter(), Counter(), [], 0.0)
        self._catch_up()
        dumps = self._owned_by_one(result.wrong)
        rows = self._recount(folder, result.wrong)
        views = {
            "memory": held(dumps),
            "changelog, last of each key": self.log.compacted(self._plan),
            "changelog, all records": self.log.everything(self._plan),
        }
        for name, view in views.items():
            self._cells(name, rows, view, result)
            self._entities(name, view, result)
        _same_places("dead letters", self.truth.dead, self._dead, result.wrong)
        _same_places("misrouted events", self.truth.misrouted, self._sent_on, result.wrong)
        healed_s = self._boards(Windows(rows), result)
        self.crew.look_at_logs()
        result.wrong.extend(f"a worker's log: {line}" for line in self.crew.defects)
        self.crew.defects.clear()
        return result._replace(redis_healed_s=healed_s)

    def events(self) -> int:
        """Records of the input topics so far."""
        return sum(map(len, self._raw.values()))

    # -- reading on

    def _new(self, *topics: str) -> list[Record]:
        found = ends(self.settings, topics)
        since = {at: self._read.get(at, 0) for at in found}
        records = list(read_topics(self.settings, topics, since=since, until=found))
        self._read |= found
        return records

    def _catch_up(self) -> None:
        settings = self.settings
        writers = self.crew.writers()
        for kind in INPUTS:
            for record in self._new(settings.topic(kind)):
                self._raw[kind].append(record)
                self.truth.add(kind, record)
        for table in (SCOREBOARD_TABLE, LEDGER_TABLE):
            self.log.add(table, self._new(changelog(settings, table)), writers)
        names = [settings.topic(name) for name in (*INPUTS, MISROUTED, MISROUTED_DEALS)]
        self._dead |= self._origins(self._new(*map(dead_letter, names)))
        self._sent_on |= self._origins(self._new(*names[-2:]))

    def _origins(self, records: Iterable[Record]) -> set[Place]:
        """Where records that were produced again first stood."""
        out = set()
        for record in records:
            said = dict(record.headers)
            kind = said[ORIGIN_TOPIC].decode().removeprefix(self.settings.topic_prefix)
            out.add((kind, int(said[ORIGIN_PARTITION]), int(said[ORIGIN_OFFSET])))
        return out

    # -- who owns what

    def _owned_by_one(self, wrong: list[str]) -> list[Dump]:
        deadline = time.monotonic() + OWNED_S
        while True:
            self.crew.tend()
            self.crew.wake_strays()
            late = time.monotonic() > deadline
            try:
                dumps = self.crew.dumps()
            except TimeoutError:  # one that is just starting, or ended when it was asked
                if late:
                    raise
                continue
            partitions = sorted(p for one in dumps for p in one.partitions)
            whole = partitions == list(range(self.settings.partitions))
            if late or (whole and all(one.ready for one in dumps)):
                break
            time.sleep(0.5)
        if not whole:
            wrong.append(f"partitions are owned like this: {partitions}")
        reps = Counter(rep for one in dumps for rep in one.reps)
        if twice := sorted(rep for rep, times in reps.items() if times > 1):
            wrong.append(f"{len(twice)} reps are on two workers: {', '.join(twice[:_FEW])}")
        return dumps

    # -- cells

    def _recount(self, folder: Path, wrong: list[str]) -> list[Row]:
        """Rep-days by SQL from the raw topics, the days that are kept."""
        connection = load.connect()
        connection.execute("SET threads = 1")
        text = Path(self.settings.plan or "").read_text("utf-8")
        load.load_plan(connection, text, self.settings.zone, DETAIL_DAYS)
        for kind, records in self._raw.items():
            # Nothing is sent again here: every record is its own first sending.
            dead = {(p, offset, b"") for name, p, offset in self.truth.dead if name == kind}
            unreadable = load.load_events(connection, kind, records, dead, folder)
            if unreadable:
                wrong.append(f"the recount cannot read {unreadable[:_FEW]}")
        rows = recount(connection)
        kept = kept_from(connection)
        connection.close()
        return [row for row in rows if row["date"] >= kept]

    def _cells(self, name: str, rows: list[Row], view: View, result: Result) -> None:
        first = min((row["date"] for row in rows), default="")
        found = compare(rows, (row for row in view.rows if row["date"] >= first))
        result.cells[name] += found.cells
        result.differing[name] += len(found.differences)
        for one in found.differences[:_FEW]:
            what = f"{one.rep_id} on {one.date}, {one.column}"
            result.wrong.append(f"{name}: {what}: {one.recounted} recounted, {one.counted} there")

    def _entities(self, name: str, view: View, result: Result) -> None:
        """Every call and survey at the version that holds, every deal with all its events."""
        truth, wrong = self.truth, result.wrong
        pairs: tuple[tuple[str, Mapping[Any, object], Mapping[Any, object]], ...] = (
            ("call or survey", truth.winners, view.entities),
            ("deal", truth.deals, view.deals),
            ("deal's postings", _postings(truth), view.posted),
        )
        for what, wanted, found in pairs:
            bad = _differing(wanted, found)
            result.differing[f"{name}, entities"] += len(bad)
            result.cells[f"{name}, entities"] += len(wanted)
            for key, one, other in bad[:_FEW]:
                wrong.append(f"{name}: {what} {key}: {one} expected, {other} there")

    # -- boards

    def _boards(self, windows: Windows, result: Result) -> float:
        """Redis and /metrics/reps; returns how long Redis took to be right."""
        began_s = time.monotonic()
        healed_s = 0.0
        while True:
            in_redis = self._redis(windows)
            shown = self._metrics(windows)
            took_s = time.monotonic() - began_s
            if in_redis[1] and took_s < SHOWN_S:
                healed_s = took_s
            if not (in_redis[1] or shown[1]) or took_s > SHOWN_S:
                break
            # Boards had time to be right. What is repeated in any case, and what waits for a wrong
            # clock to be caught up with, comes now.
            if took_s > PATIENCE_S:
                self.clock.set(self.clock.now_ms(), HURRY)
            time.sleep(0.5)
        self.clock.set(self.clock.now_ms(), 1.0)
        for name, (cells, differing) in (("redis", in_redis), ("metrics", shown)):
            result.cells[name] += cells
            result.differing[name] += len(differing)
            for rep, window, cell, wanted, there in differing[:_FEW]:
                result.wrong.append(f"{name}: {rep} {window}, {cell}: {wanted}, not {there}")
        return healed_s

    def _redis(self, windows: Windows) -> tuple[int, list[Difference]]:
        url, prefix = self.settings.redis_url or "", self.settings.redis_prefix
        try:
            shots = rep_snapshots(url, prefix)
            cells, differing = windows.compare(shots)
            return cells, differing + leaderboards(url, prefix, shots)
        except redis.RedisError as error:
            return 0, [("all", "all", "redis", "an answer", error)]

    def _metrics(self, windows: Windows) -> tuple[int, list[Difference]]:
        now_ms = self.clock.now_ms()
        today = {one.id: _date(local_day(now_ms, one.zone)) for one in self.people}
        try:
            pages = {hand.name: parse_page(hand.reps_page()) for hand in self.crew.up()}
        except (URLError, OSError) as error:
            return 0, [("all", "today", "page", "an answer", error)]
        return compare_pages(pages, windows, today)


def _differing(
    wanted: Mapping[Any, object], found: Mapping[Any, object]
) -> list[tuple[Any, object, object]]:
    """(key, what is wanted, what was found) wherever the two are not the same."""
    both = ((key, wanted.get(key), found.get(key)) for key in wanted.keys() | found.keys())
    return sorted((one for one in both if one[1] != one[2]), key=str)


def _postings(truth: Truth) -> dict[tuple[str, str], set[tuple[int, int]]]:
    """What version the postings of every deal must have: its events, its highest revision."""
    return {
        deal: {(len(events), max(revision for revision, _, _ in events))}
        for deal, events in truth.deals.items()
    }


def _same_places(name: str, wanted: set[Place], found: set[Place], wrong: list[str]) -> None:
    if missing := wanted - found:
        wrong.append(f"{len(missing)} {name} are missing: {sorted(missing)[:_FEW]}")
    if extra := found - wanted:
        wrong.append(f"{len(extra)} {name} are none: {sorted(extra)[:_FEW]}")


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)
