"""What a worker under test can be told to do: stop or die at an exact point, say what it holds.

All of it is put around the real worker from outside. Orders come as files in a folder:
`<worker>.order` ("stop B", "die S", "slow 2.5", "lose fetch") and `<worker>.dump` (a number);
answers are `<worker>.answer-<number>` and lines of `<worker>.journal`. The points of a commit:

    A   the changelog's batch is built and not sent
    B   it is sent and not acknowledged
    S   it is acknowledged and not in the local store
    C   everything is written, and the offsets are not committed
    D   the offsets are committed
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, cast

import msgspec

from streams.core.deal_desk import DealDesk
from streams.core.events import CALL_ENDED
from streams.core.rep_day import RepDay
from streams.core.scoreboard import Scoreboard
from streams.core.segment import (
    TOTALS_PREFIX,
    parse_segment_key,
    parse_total_key,
    split_segment,
)
from streams.core.tally import Total
from streams.core.totals import total_rows
from streams.engine import stores
from streams.engine.app import Worker
from streams.engine.lane.consumer import Consumer
from streams.engine.lane.producer import Producer
from streams.engine.state import State
from tests.chaos.patching import put
from tests.chaos.slow import SlowOutbox
from tests.chaos.state_view import Dump

POINTS = "ABSCD"
_LOOK_S = 0.05
_STEP = 20
"""Rep-days of a dump between two breaths of the event loop."""


class Hooks:
    """The orders of one worker; `install` puts the points and the answers into the engine."""

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._order = folder / f"{name}.order"
        self._ask = folder / f"{name}.dump"
        self._answer = folder / f"{name}.answer"
        self._journal = os.open(
            folder / f"{name}.journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644
        )
        self._dice = Random(os.getpid())
        self._armed = ("", "")
        self._began_s: float | None = None
        self._worker: Worker | None = None
        self._outbox = SlowOutbox()

    def say(self, *words: object) -> None:
        """Write a line, the time last; it is there even when the process dies next."""
        line = " ".join(map(str, (*words, f"{time.time():.2f}")))
        os.write(self._journal, f"{line}\n".encode())

    def armed(self, where: str) -> bool:
        """Whether something is to happen at that point."""
        return self._armed[1] == where

    def point(self, where: str) -> None:
        """Do what was ordered for this point, once."""
        what, armed = self._armed
        if armed != where:
            return
        self._armed = ("", "")
        self.say(what.upper(), where)
        os.kill(os.getpid(), signal.SIGKILL if what == "die" else signal.SIGSTOP)
        self.say("WOKEN", where)

    # -- into the engine

    def install(self) -> None:
        """Put everything in; before the worker is made."""
        self._watch_commits()
        self._watch_assignments()
        self._watch_fetches()
        self._outbox.install()
        start = Worker._start

        async def start_too(worker: Worker) -> None:
            self._worker = worker
            self._listener = asyncio.create_task(self._listen(), name="chaos")
            await start(worker)

        put(Worker, "_start", start_too)

    def _watch_commits(self) -> None:
        send, commit = Producer.send_batches, Consumer._commit_offsets
        write = stores.RocksSegments.write

        async def send_batches(producer: Producer, topic: str, batches: Any) -> Any:
            self.point("A")
            sent = asyncio.ensure_future(send(producer, topic, batches))
            if self.armed("B"):
                await asyncio.sleep(self._dice.choice((0.0, 0.0, 0.001, 0.003)))
                self.point("B")
            return await sent

        async def commit_offsets(consumer: Consumer, *args: Any) -> Any:
            self.point("C")
            done = await commit(consumer, *args)
            self.point("D")
            return done

        def write_too(store: Any, items: Any, offset: int) -> None:
            self.point("S")
            write(store, items, offset)

        put(Producer, "send_batches", send_batches)
        put(Consumer, "_commit_offsets", commit_offsets)
        put(stores.RocksSegments, "write", write_too)

    def _watch_assignments(self) -> None:
        assigned, recovered = State.assigned, State.recovered

        def assigned_too(state: State, partitions: frozenset[int], generation: int) -> None:
            self._began_s = time.monotonic()
            assigned(state, partitions, generation)
            for partition, board in state.boards.items():
                self.say("WRITER", partition, board._writer.hex(), generation)

        async def recovered_too(state: State, table: str, partition: int, offset: int) -> None:
            await recovered(state, table, partition, offset)
            if self._began_s is not None and all(map(state.is_ready, state.boards)):
                self.say("RECOVERED", round(time.monotonic() - self._began_s, 2))
                self._began_s = None

        put(State, "assigned", assigned_too)
        put(State, "recovered", recovered_too)

    def _watch_fetches(self) -> None:
        drain = Consumer._drain_input

        async def drain_too(consumer: Consumer, tp: Any, run: Any, session: int) -> None:
            # As the drain itself drops what arrives around a rebalance. Calls, because the next of
            # them comes soon and shows that something is missing.
            if self._armed[0] == "lose" and tp.topic.endswith(CALL_ENDED):
                self._armed = ("", "")
                self.say("LOSE", "fetch")
                return
            await drain(consumer, tp, run, session)

        put(Consumer, "_drain_input", drain_too)

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._order.exists():
                what, where = self._order.read_text("utf-8").split()
                self._order.unlink()
                if what == "slow":
                    self._outbox.hold(float(where))
                else:
                    self._armed = (what, where)
            if self._ask.exists():
                number = self._ask.read_text("utf-8")
                self._ask.unlink()
                part = self._answer.with_suffix(".part")
                part.write_bytes(msgspec.msgpack.encode(await self._dump()))
                part.rename(self._answer.with_suffix(f".answer-{number}"))

    # -- what it holds

    async def _dump(self) -> Dump:
        # In small steps: a worker that is held up for longer than its session is thrown out of the
        # group, and the check that follows would find a rebalance of the harness's own making.
        state = cast(Worker, self._worker).state
        boards, desks = state.boards.values(), state.desks.values()
        owned, assignment = sorted(state.boards), state._assignment
        ready = all(state.is_ready(p) and state.has_begun(p) for p in owned)
        rep_days: dict[tuple[str, int], RepDay] = {}
        entities: list[tuple[str, int, bytes, bytes]] = []
        for board in boards:
            for number, (rep_id, day) in enumerate(_days(board)):
                if number % _STEP == 0:
                    await asyncio.sleep(0)
                rep = board.rep(rep_id)
                held = board.peek(rep, day)
                contributions = {} if held is None else held.entities
                entities += [(rep_id, day, *item) for item in contributions.items()]
                # Not the sum of the contributions: what boards are shown.
                rep_days[rep_id, day] = cast(RepDay, _Shown(board, rep_id, day))
        rows = []
        for number, row in enumerate(total_rows(rep_days, state.plan, 0)):
            rows.append(msgspec.to_builtins(row))
            if number % _STEP == 0:
                await asyncio.sleep(0)
        deals = []
        for desk in desks:
            await asyncio.sleep(0)
            deals += list(_deal_events(desk))
        reps = [rep_id for board in boards for rep_id in board.reps]
        # Dealt anew between two steps it is half of one assignment and half of another.
        ready = ready and assignment == state._assignment and all(map(state.is_ready, owned))
        return Dump(self._name, ready, owned, reps, rows, entities, deals)


class _Shown:
    """A rep-day as the worker shows it: its settled total and its team."""

    def __init__(self, board: Scoreboard, rep_id: str, day: int) -> None:
        self._total = board.total(board.rep(rep_id), day) or Total()
        self._team = board.team(board.rep(rep_id), day)

    def total(self) -> Total:
        """As `RepDay.total`."""
        return self._total

    def team(self) -> str | None:
        """As `RepDay.team`."""
        return self._team or None


def _days(board: Scoreboard) -> Iterable[tuple[str, int]]:
    """Every rep-day in memory and in the store."""
    found = {(rep.rep_id, day) for rep in board.reps.values() for day in rep.days}
    for key, _ in board.store.scan(b""):
        if key.startswith(TOTALS_PREFIX):
            owner, day = parse_total_key(key)
        else:
            owner, day, _, _ = parse_segment_key(key)
        found.add((owner.decode(), day))
    return sorted(found)


def _deal_events(desk: DealDesk) -> Iterator[tuple[bytes, bytes]]:
    """(deal, version) of every event in memory and in the store."""
    found = {(owner, key) for owner, deal in desk._deals.items() for key in deal.entities}
    for key, segment in desk.store.scan(b""):
        if not key.startswith(TOTALS_PREFIX):
            owner = parse_segment_key(key)[0]
            found |= {(owner, version) for version, _ in split_segment(segment)}
    yield from sorted(found)
