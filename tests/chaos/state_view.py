"""Two views of a floor's state, to be held against each other: the changelogs' and the workers'.

The changelog is looked at twice: with all records that were ever written, and with the last record
of each key only, which is the least that compaction may leave.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from streams.cli.kafka_read import Record
from streams.core.changelog import ChangelogReader
from streams.core.contribution import DEAL, deal_version, origin_of, revision_of
from streams.core.plan import Plan
from streams.core.segment import parse_segment_key, split_segment
from streams.core.totals import total_rows
from tests.chaos.people import DETAIL_DAYS
from tests.chaos.truth import Entity, Version

Row = dict[str, Any]
DealVersions = dict[tuple[str, str], set[Version]]
_LEDGER_KEY = struct.Struct(">QQQ")


class View(NamedTuple):
    """A floor's state: its rep-days as rows, what each entity holds, every deal's events.

    `posted` is, for each deal, the versions its parts have on all rep-days: one, when all is well.
    """

    rows: list[Row]
    entities: dict[Entity, Version]
    posted: dict[tuple[str, str], set[tuple[int, int]]]
    deals: DealVersions


class Writers(NamedTuple):
    """Which assignment a writer belongs to: `generation` by (partition, writer)."""

    generation: Mapping[tuple[int, bytes], int]


class Log:
    """Both changelogs as they have been read so far."""

    def __init__(self) -> None:
        self._board_all, self._board_last = ChangelogReader(), dict[tuple[int, bytes], bytes]()
        self._deals_all: DealVersions = defaultdict(set)
        self._deals_last: dict[tuple[int, bytes], bytes] = {}
        self._newest: Counter[tuple[str, int]] = Counter()
        self.records = 0
        self.stale = 0

    def add(self, table: str, records: Iterable[Record], writers: Writers) -> None:
        """Take further records of a table's changelog."""
        for record in records:
            assert record.key is not None, record
            self.records += 1
            if record.value is None:  # of a day that is no longer kept
                for last in (self._board_last, self._deals_last):
                    last.pop((record.partition, record.key), None)
                continue
            self._age(table, record.partition, record.key, writers)
            if table == "scoreboard":
                self._board_all.add(record.partition, record.key, record.value)
                self._board_last[record.partition, record.key] = record.value
            else:
                _merge_deal(self._deals_all, record.key, record.value)
                self._deals_last[record.partition, record.key] = record.value

    def _age(self, table: str, partition: int, key: bytes, writers: Writers) -> None:
        """Count records that landed behind those of a later owner."""
        writer = parse_segment_key(key)[2]
        generation = writers.generation.get((partition, writer), 0)
        newest = self._newest[table, partition]
        self.stale += generation < newest
        self._newest[table, partition] = max(newest, generation)

    def everything(self, plan: Plan) -> View:
        """With all records merged."""
        return _view(self._board_all, dict(self._deals_all), plan)

    def compacted(self, plan: Plan) -> View:
        """With only the last record of each key."""
        board, deals = ChangelogReader(), DealVersions()
        for (partition, key), value in self._board_last.items():
            board.add(partition, key, value)
        for (_, key), value in self._deals_last.items():
            _merge_deal(deals, key, value)
        return _view(board, deals, plan)


class Dump(msgspec.Struct):
    """What a worker says it holds: see `hooks.dump`."""

    worker: str
    ready: bool
    partitions: list[int]
    reps: list[str]
    rows: list[Any]
    entities: list[tuple[str, int, bytes, bytes]]
    deals: list[tuple[bytes, bytes]]


def held(dumps: Iterable[Dump]) -> View:
    """What all workers hold together."""
    rows: list[Row] = []
    entities: dict[Entity, Version] = {}
    posted: dict[tuple[str, str], set[tuple[int, int]]] = {}
    deals: DealVersions = {}
    for one in dumps:
        rows += one.rows
        _sort_out(one.entities, entities, posted)
        for owner, key in one.deals:
            deals.setdefault(_deal(owner), set()).add(_LEDGER_KEY.unpack(key))
    return View(sorted(rows, key=_by_day), entities, posted, deals)


def _view(board: ChangelogReader, deals: DealVersions, plan: Plan) -> View:
    entities: dict[Entity, Version] = {}
    posted: dict[tuple[str, str], set[tuple[int, int]]] = {}
    kept = board.kept_from(DETAIL_DAYS)
    rows = [msgspec.to_builtins(row) for row in total_rows(board.rep_days, plan, kept)]
    flat = (
        (rep, day, key, contribution)
        for (rep, day), rep_day in board.rep_days.items()
        for key, contribution in rep_day.entities.items()
    )
    _sort_out(flat, entities, posted)
    return View(rows, entities, posted, deals)


def _sort_out(
    flat: Iterable[tuple[str, int, bytes, bytes]],
    entities: dict[Entity, Version],
    posted: dict[tuple[str, str], set[tuple[int, int]]],
) -> None:
    for rep, day, key, contribution in flat:
        if key[0] == DEAL:
            posted.setdefault(_deal(key[1:]), set()).add(deal_version(contribution))
        else:
            version = (revision_of(contribution), *origin_of(key, contribution))
            entities[Entity(rep, day, key.decode())] = version


def _merge_deal(deals: DealVersions, key: bytes, segment: bytes) -> None:
    of_deal = deals.setdefault(_deal(parse_segment_key(key)[0]), set())
    of_deal.update(_LEDGER_KEY.unpack(version) for version, _ in split_segment(segment))


def _deal(owner: bytes) -> tuple[str, str]:
    source, deal_id = owner.decode().split("\x1f", 1)
    return source, deal_id


def _by_day(row: Row) -> tuple[str, str]:
    return row["date"], row["rep_id"]
