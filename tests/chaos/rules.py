"""The rules of the design that make every event count once, each with a way to break it.

A harness that finds nothing proves something only when it finds these.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sinks.redis import RedisSink
from streams.core.deal_desk import DealDesk
from streams.core.scoreboard import Scoreboard
from streams.core.segment import Group
from streams.engine import writing
from streams.engine.lane.consumer import Consumer
from streams.engine.lane.lane import Lane
from streams.engine.lane.positions import Positions, Verdict
from streams.engine.lane.producer import Ack
from streams.engine.outbox import Outbox
from tests.chaos.patching import put

_FIXED = b"everyone"


def writer_in_key() -> None:
    """All owners write under the same writer, counting on from the numbers they find."""

    def new_writer(group: Group, unwritten: bool) -> None:
        if not unwritten:
            group.seal()
            group.sealed = ()

    def same(keep: Callable[[Any, bytes], None]) -> Callable[[Any, bytes], None]:
        return lambda part, _: keep(part, _FIXED)

    put(Group, "new_writer", new_writer)
    put(Scoreboard, "new_writer", same(Scoreboard.new_writer))
    put(DealDesk, "new_writer", same(DealDesk.new_writer))


def ack_before_commit() -> None:
    """Offsets are committed first, and the state they stand for is written afterwards."""

    async def force_commit(
        consumer: Consumer, topics: Any = None, start_new_transaction: bool = True
    ) -> bool:
        positions = consumer.lane.positions.to_commit(consumer._committed_offset)
        done = bool(positions) and await consumer._commit_offsets(positions, start_new_transaction)
        consumer._flush = asyncio.ensure_future(consumer._flush_or_die())
        await asyncio.shield(consumer._flush)
        return done

    put(Consumer, "force_commit", force_commit)


def positions_before_flush() -> None:
    """The positions committed are those after the flush: ahead of what it wrote."""

    async def force_commit(
        consumer: Consumer, topics: Any = None, start_new_transaction: bool = True
    ) -> bool:
        consumer._flush = asyncio.ensure_future(consumer._flush_or_die())
        await asyncio.shield(consumer._flush)
        positions = consumer.lane.positions.to_commit(consumer._committed_offset)
        return bool(positions) and await consumer._commit_offsets(positions, start_new_transaction)

    put(Consumer, "force_commit", force_commit)


def contiguity() -> None:
    """Whatever a fetch returns is taken for what comes next."""
    take = Lane.take

    def judge(positions: Positions, tp: Any, first: int, last: int) -> Verdict:
        return Verdict.DELIVER if tp in positions.delivered else Verdict.IGNORE

    def take_anything(lane: Lane, piece: Any, apply: Any) -> bool:
        piece.start = min(piece.start, lane.positions.applied.get(piece.tp, piece.start))
        return take(lane, piece, apply)

    put(Positions, "judge", judge)
    put(Positions, "redeliver", lambda _: [])
    put(Lane, "take", take_anything)


def derived_before_commit() -> None:
    """Postings, misrouted events and dead letters are sent, and nobody waits for them."""

    async def sent(outbox: Outbox) -> None:
        await outbox.send()
        outbox._futures = [one for one in outbox._futures if not one.done()]

    put(Outbox, "acknowledged", sent)


def store_behind_strangers() -> None:
    """The local store's offset follows its own acknowledgements, whoever wrote in between."""

    def advance(offset: int, acks: Iterable[Ack]) -> int:
        return max([offset, *(ack.base_offset + ack.records - 1 for ack in acks)])

    put(writing, "advance", advance)


def segments_only_grow() -> None:
    """A segment is written again with its news only: what it held moves out, and is lost."""
    take = Group.take

    def take_news(group: Group, owner: bytes, day: int, writer: bytes) -> Sequence[Any]:
        out = take(group, owner, day, writer)
        group.open = []  # the number stays: the next commit writes it again without these
        return out

    put(Group, "take", take_news)


def higher_version_holds() -> None:
    """Redis takes whatever comes last, be it of a former owner."""
    init = RedisSink.__init__

    def gullible(sink: RedisSink, *args: Any, **options: Any) -> None:
        init(sink, *args, **options)
        sink._script = sink._script.replace("if not have then", "if true then")

    put(RedisSink, "__init__", gullible)


RULES: dict[str, Callable[[], None]] = {
    "writer-in-key": writer_in_key,
    "ack-before-commit": ack_before_commit,
    "positions-before-flush": positions_before_flush,
    "contiguity": contiguity,
    "derived-before-commit": derived_before_commit,
    "store-behind-strangers": store_behind_strangers,
    "segments-only-grow": segments_only_grow,
    "higher-version-holds": higher_version_holds,
}
"""Rule to what breaks it, for `--without RULE`."""
