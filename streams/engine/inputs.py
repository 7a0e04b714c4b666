"""What a worker knows of its inputs: how bad they are, whether they are stopped, how fresh."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from faust.types import TP

from streams.core.clock import Clock
from streams.core.dead_letter import DeadLetterLimits, dead_letter
from streams.core.errors import MalformedEvent
from streams.core.outcome import Applied
from streams.core.ports import LogRecord
from streams.core.snapshot import SourceFreshness
from streams.core.stop import InputState, encode_input_state, input_key
from streams.engine.lane.batch import Slice
from streams.engine.outbox import Outgoing
from streams.engine.telemetry import Telemetry
from streams.settings import Settings
from streams.topics import INPUT_STOPS

if TYPE_CHECKING:
    from streams.engine.lane.lane import Lane

log = logging.getLogger(__name__)


class Inputs:
    """Limits, stops and freshness of the input partitions of this worker."""

    def __init__(
        self, settings: Settings, telemetry: Telemetry, clock: Clock, kinds: Mapping[str, str]
    ) -> None:
        self.telemetry = telemetry
        self._settings = settings
        self._clock = clock
        self._kinds = kinds
        self._limits: dict[TP, DeadLetterLimits] = {}
        self._said: dict[TP, InputState] = {}
        self._fresh: dict[tuple[int, str, str], SourceFreshness] = {}
        self._news: set[tuple[int, str, str]] = set()
        self._lane: Lane | None = None
        self.heeding = True
        """While False what others stopped is read on: a rebuild counts what they have passed."""
        self.passed: Callable[[TP], int] = _nothing
        """Below it bad events are not held against anybody: an earlier generation took them."""

    # -- assignment and stops

    def assigned(self, partitions: frozenset[int], lane: Lane) -> None:
        """Start over for these partitions; those that are stopped stay so."""
        self._lane = lane
        self._limits.clear()
        self._fresh = {key: one for key, one in self._fresh.items() if key[0] in partitions}
        self._news &= self._fresh.keys()
        for tp, said in self._said.items():
            mine = tp.partition in partitions and tp.topic in self._kinds
            if mine and said.state == "stopped" and self.heeding:
                lane.consumer.lane_pause(tp)
                self._show_stop(tp, said)

    def heard(self, tp: TP, said: InputState) -> None:
        """The latest word on an input, from `input-stops`: ours come back to us too."""
        was, self._said[tp] = self._said.get(tp), said
        lane = self._lane
        # During a rebalance an input may be held already whose position is not known yet.
        if lane is None or not (tp in lane.positions.applied or tp in lane.positions.held):
            return
        self._show_stop(tp, said)
        if said.state == "stopped" and tp not in lane.positions.held:
            if not self.heeding:
                return
            # Said by the owner before us, and heard after the partition came to us.
            lane.consumer.lane_pause(tp)
        elif said.state == "resumed" and was is not None and was.state == "stopped":
            limits = DeadLetterLimits()
            limits.resume(max(said.accept_until, self.passed(tp)))
            self._limits[tp] = limits
            lane.consumer.lane_resume(tp)

    def heed(self) -> list[Outgoing]:
        """Heed from now on what is stopped; the records that say so of what we stopped."""
        self.heeding = True
        lane = self._lane
        owned = set() if lane is None else set(lane.positions.applied) | lane.positions.held
        stopped = [(tp, said) for tp, said in self._said.items() if said.state == "stopped"]
        out = []
        for tp, said in stopped:
            if lane is not None and tp in owned:
                self._show_stop(tp, said)
                lane.consumer.lane_pause(tp)
                out.append(self._told(tp, said))
        return out

    def stop(self, tp: TP, offset: int, why: str) -> Outgoing:
        """Note that an input is stopped before `offset`; the record that makes it last."""
        now_ms = self._clock.now_ms()
        said = InputState(state="stopped", at_ms=now_ms, why=why, offset=offset)
        self._said[tp] = said
        self._show_stop(tp, said)
        name = f"{tp.topic}:{tp.partition}"
        log.error(
            "%s is not read on: %s; mend the sender, then: floorcast resume %s", name, why, name
        )
        return self._told(tp, said)

    def _told(self, tp: TP, said: InputState) -> Outgoing:
        topic = self._settings.topic(INPUT_STOPS)
        return Outgoing(topic, input_key(tp.topic, tp.partition), encode_input_state(said), 0)

    def _show_stop(self, tp: TP, said: InputState) -> None:
        self.telemetry.stopped.labels(tp.topic, tp.partition).set(said.state == "stopped")

    def stopped(self, partition: int) -> dict[str, str]:
        """The stopped inputs of a partition, and why."""
        return {
            tp.topic: said.why
            for tp, said in self._said.items()
            if tp.partition == partition and tp.topic in self._kinds and said.state == "stopped"
        }

    def limits(self, tp: TP) -> DeadLetterLimits:
        """The limits that watch a partition of an input."""
        found = self._limits.get(tp)
        if found is None:
            found = self._limits[tp] = DeadLetterLimits()
            said = self._said.get(tp)
            accepted = 0 if said is None else said.accept_until
            found.resume(max(accepted, self.passed(tp)))
        return found

    def dead_letter(self, record: LogRecord, error: MalformedEvent) -> Outgoing:
        """The record for the dead-letter topic; into the partition it came from."""
        letter = dead_letter(record, error)
        return Outgoing(letter.topic, letter.key, letter.value, record.partition, letter.headers)

    # -- freshness

    def saw(self, piece: Slice, applied: Applied) -> None:
        """Note the newest event times of a slice."""
        seen_ms = piece.records[-1].timestamp
        for source, newest_ms in applied.newest_ms.items():
            key = (piece.partition, piece.topic, source)
            held = self._fresh.get(key)
            if held is None:
                held = self._fresh[key] = SourceFreshness(
                    topic=piece.topic,
                    source=source,
                    partition=piece.partition,
                    newest_ms=newest_ms,
                    seen_ms=seen_ms,
                )
            held.newest_ms = max(held.newest_ms, newest_ms)
            held.seen_ms = max(held.seen_ms, seen_ms)
            self._news.add(key)
            self.telemetry.source_newest.labels(piece.topic, source).set(
                max(one.newest_ms for one in self._same_source(piece.topic, source)) / 1000
            )

    def _same_source(self, topic: str, source: str) -> list[SourceFreshness]:
        return [one for one in self._fresh.values() if (one.topic, one.source) == (topic, source)]

    def freshness(self, partition: int) -> list[SourceFreshness]:
        """What has become fresher in a partition since the last call."""
        chosen = [key for key in self._news if key[0] == partition]
        self._news.difference_update(chosen)
        return [self._fresh[key] for key in chosen]

    def newest(self, partition: int, topic: str) -> tuple[int | None, int | None]:
        """(newest event time, newest record) of a partition of an input, ms; None: nothing came."""
        mine = [
            one for one in self._fresh.values() if (one.partition, one.topic) == (partition, topic)
        ]
        newest_ms = max((one.newest_ms for one in mine), default=None)
        return newest_ms, max((one.seen_ms for one in mine), default=None)

    def show_again(self) -> None:
        """Make all of it news."""
        self._news.update(self._fresh)


def _nothing(_: TP) -> int:
    return 0
