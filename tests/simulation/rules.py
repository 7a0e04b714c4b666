"""Every rule that keeps the numbers right, and how to break it: the simulation has to notice.

A broken rule is a handful of replacements in the shipped code; nothing else of it changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any, NamedTuple

from aiokafka.errors import IllegalStateError
from faust.types import TP

from streams.core.alerts.ticks import Ticks
from streams.core.deal_desk import DealDesk
from streams.core.rep_day import RepDay
from streams.core.scoreboard import Scoreboard
from streams.core.segment import Group, day_prefix, parse_segment_key
from streams.engine import state, writing
from streams.engine.lane.commit import Commit
from streams.engine.lane.lane import Lane
from streams.engine.lane.positions import Positions, Verdict
from streams.engine.lane.producer import Ack
from streams.engine.outbox import Outbox
from tests.simulation.faults import CROWDED, HARD, SLOW, Faults
from tests.simulation.loop import PROCESS
from tests.simulation.network import SimProducer

Replacements = Sequence[tuple[Any, str, Any]]
"""(module or class, name, what stands there instead)."""


class Rule(NamedTuple):
    """`says`: the rule in DESIGN's words. `broken`: what takes its place.

    `faults` and `seed` are where its absence was first seen.
    """

    says: str
    broken: Replacements
    faults: Faults = HARD
    seed: int = 0


_take = Group.take
_scoreboard_take = Scoreboard.take
_apply_deals = DealDesk.apply


def _same_for_all(size: int) -> bytes:
    return bytes(size)


def _same_for_a_process(size: int) -> bytes:
    process = PROCESS.get()
    return blake2b(process.name.encode() if process else b"", digest_size=size).digest()


async def _not_awaited(
    self: SimProducer, topic: str, batches: Mapping[int, Sequence[Any]]
) -> list[Ack]:
    for partition, records in batches.items():
        for record in records:
            self._client.sender.put(TP(topic, partition), [record])
    await asyncio.sleep(0)
    return []


def _believed(self: Positions, tp: TP, first: int, last: int) -> Verdict:
    at = self.delivered.get(tp)
    return Verdict.IGNORE if at is None or last < at else Verdict.DELIVER


def _only_news(self: Group, owner: bytes, day: int, writer: bytes) -> Any:
    number = self.number
    out = _take(self, owner, day, writer)
    if self.number == number:
        self.open = []
    return out


def _from_zero(self: Group, stored: Any, writer: bytes) -> None:
    return None


def _of_one_writer(self: Scoreboard, owner: bytes, day: int, total: Any) -> RepDay:
    found, rows = RepDay(), list(self.store.scan(day_prefix(owner, day)))
    writers = [parse_segment_key(key)[2] for key, _ in rows]
    found.load((s for w, (_, s) in zip(writers, rows, strict=True) if w == writers[-1]), None)
    found.resume(rows, self._writer)
    return found


def _blindly(offset: int, acks: Iterable[Ack]) -> int:
    return max([offset, *(ack.base_offset + ack.records - 1 for ack in acks)])


def _stored_at_once(self: Scoreboard) -> Any:
    segments, totals = _scoreboard_take(self)
    self.store.write([*segments, *totals], self.store.offset() + len(segments))
    return segments, totals


async def _positions_last(
    self: Commit, topics: Any = None, start_new_transaction: bool = True
) -> bool:
    await self._flush_or_die()
    positions = self.lane.positions.to_commit(self._committed_offset)
    return bool(positions) and await self._commit_offsets(positions, start_new_transaction)


async def _no_commit(self: Commit) -> None:
    await asyncio.sleep(0)


def _last_arrival(self: RepDay, key: bytes, contribution: bytes) -> tuple[str, bool]:
    held = self.entities.get(key)
    self.latest = None
    self.entities[key] = contribution
    if held is not None:
        self._add(key, held, -1)
    self._add(key, contribution, 1)
    return "accepted" if held is None else "revised", held != contribution


def _posted_once(self: DealDesk, records: Any, limits: Any = None) -> Any:
    out, postings = _apply_deals(self, records, limits)
    return out, postings if out.accepted or out.revised else []


async def _first_look(self: Lane) -> None:
    for tp, at in list(self.positions.applied.items()):
        if self.lag().get(tp) and self.positions.delivered.get(tp) == at:
            with suppress(IllegalStateError):
                position = await self.consumer.position(tp)
                if position is not None and position > at:
                    self.tails[tp] = (at, position)


def _whoever_ticks(self: Ticks) -> int:
    return max(self.held().values(), default=-1)


RULES: dict[str, Rule] = {
    "ticks": Rule(
        "a bucket is folded when every partition has ticked past it",
        [(Ticks, "lowest_ms", _whoever_ticks)],
    ),
    "writer": Rule(
        "an owner only ever overwrites its own segments",
        [(state, "os", SimpleNamespace(urandom=_same_for_all))],
    ),
    "assignment": Rule(
        "a writer is new for every assignment, retained partitions too",
        [(state, "os", SimpleNamespace(urandom=_same_for_a_process))],
    ),
    "acknowledged": Rule(
        "a commit waits for the acknowledgement of every segment",
        [(SimProducer, "send_batches", _not_awaited)],
    ),
    "derived": Rule(
        "a commit waits for postings, misrouted and dead letters too",
        [(Outbox, "acknowledged", Outbox.send)],
        SLOW,
    ),
    "holes": Rule("a slice must start where the last ended", [(Positions, "judge", _believed)]),
    "segment": Rule("a segment never loses an entity", [(Group, "take", _only_news)]),
    "number": Rule("a number is never used for a second segment", [(Group, "resume", _from_zero)]),
    "store": Rule(
        "the store's offset stays before what others wrote",
        [(writing, "advance", _blindly)],
        CROWDED,
        6,
    ),
    "ahead": Rule(
        "the local store never runs ahead of the changelog", [(Scoreboard, "take", _stored_at_once)]
    ),
    "recovery": Rule("recovery merges all writers", [(Scoreboard, "load_day", _of_one_writer)]),
    "order": Rule(
        "positions are taken before the flush", [(Commit, "force_commit", _positions_last)]
    ),
    "session": Rule("positions die with the assignment", [(Positions, "close", Positions.void)]),
    "give-up": Rule(
        "partitions are committed before they are given up", [(Commit, "commit_all", _no_commit)]
    ),
    "maximum": Rule(
        "of two contributions of an entity the larger holds", [(RepDay, "_merge", _last_arrival)]
    ),
    "repeats": Rule(
        "what merges to nothing still emits its derived records",
        [(DealDesk, "apply", _posted_once)],
        SLOW,
        1,
    ),
    "origin": Rule(
        "a version does not depend on the detour of a misrouted record",
        [(state, "relocated_headers", lambda record: record.headers)],
    ),
    "tail": Rule(
        "the end of a log without a record is believed after a second look",
        [(Lane, "look_at_tails", _first_look)],
        SLOW,
    ),
}
