"""What `floorcast audit` does: waits until the workers have counted, recounts, compares.

The cut is what the workers have committed. All below it is in the state, which is read next, and
the raw topics are read to the ends they have after that, so they have all that the state has. An
entity (a call, survey or visit of a rep's day, or a deal) with an event at or behind the cut is in
flight: the state may or may not have that event. It is left out on both sides, and everything else
must be the same. Entities do not depend on each other, so a floor at work can be audited like one
at rest, and what is in flight now is compared the next time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

import duckdb

from streams.cli.audit_cut import Removed, compare_at
from streams.cli.audit_events import suspects
from streams.cli.audit_raw import RawEvents, Say
from streams.cli.audit_retained import removed_before_ms
from streams.cli.kafka_read import Positions, begins, committed, ends
from streams.cli.plan_file import load_plan
from streams.cli.state import read_state
from streams.core.clock import SystemClock
from streams.core.contribution import KINDS
from streams.recount.compare import Comparison
from streams.recount.load import LETTERS, Unreadable
from streams.recount.recount import Row
from streams.settings import Settings
from streams.topics import DEAL_POSTINGS, MISROUTED, MISROUTED_DEALS, inputs

POLL_S = 0.5
SHOWN = 20
"""Differing rep-days of which the events are listed."""


class Findings(NamedTuple):
    """The outcome of an audit.

    `removed` names partitions of which events that were never read are no longer retained, and the
    first offset that is; `behind` partitions with events the workers had not counted when time was
    up, and how many. `comparison` is None when there was nothing sound to compare; `in_flight`
    entities were left out of it, and so were `not_auditable` ones, which rest on removed events.
    `events` holds, for the first differing rep-days, the events to look at.
    """

    removed: dict[str, int]
    behind: dict[str, int]
    unreadable: list[Unreadable]
    comparison: Comparison | None
    in_flight: int
    not_auditable: int
    events: dict[str, list[Row]]

    @property
    def clean(self) -> bool:
        """True when everything that can be compared was, and nothing differs."""
        compared = self.comparison is not None and not self.comparison.differences
        return compared and not (self.behind or self.unreadable)


class Auditor:
    """Audits everything the settings' topics hold, as often as asked.

    `folder` is empty and for its database: raw events stay there, so that only the first round
    reads all of them. The state is read anew in every round, for it is what is in question.
    """

    def __init__(self, settings: Settings, folder: Path, say: Say = lambda _: None) -> None:
        self._settings = settings
        self._folder = folder
        self._say = say
        kinds = inputs(settings)
        self._topics = [settings.topic(kind) for kind in kinds]
        self._raw = RawEvents(settings, kinds, folder)

    def close(self) -> None:
        """Close the database."""
        self._raw.close()

    def round(self, wait_s: float) -> Findings:
        """Audit once; raises click.ClickException when Kafka fails, PlanError, PipelineError."""
        settings = self._settings
        lost = self._raw.lost(begins(settings, self._topics))
        self._say("waiting until the workers have counted what is there")
        cut, late = _wait(settings, ends(settings, self._topics), wait_s)
        derived_late: Positions = {}
        # A misrouted deal becomes a posting: the one is waited for before the other is looked at.
        for names in ((MISROUTED, MISROUTED_DEALS), (DEAL_POSTINGS,)):
            wanted = ends(settings, [settings.topic(name) for name in names])
            derived_late |= _wait(settings, wanted, wait_s)[1]
        behind = {_name(at): lag for at, lag in (late | derived_late).items()}
        if derived_late:
            return Findings({}, behind, [], None, 0, 0, {})
        with interruptible():
            return self._compare(cut, behind, lost)

    def _compare(self, cut: Positions, behind: dict[str, int], lost: Positions) -> Findings:
        settings, connection = self._settings, self._raw.connection
        plan = load_plan(settings)
        self._say("reading the state")
        state = read_state(settings)
        self._raw.load(ends(settings, self._topics), self._say)
        removed = None
        if lost:
            before_ms = removed_before_ms(settings, lost, SystemClock().now_ms())
            removed = Removed(before_ms, self._folder)
        self._say("recounting")
        outcome = compare_at(
            self._raw.cut(cut),
            connection,
            state,
            plan,
            detail_days=settings.detail_days,
            removed=removed,
        )
        comparison = outcome.comparison
        topics = {KINDS[ord(letter)]: settings.topic(kind) for kind, letter in LETTERS.items()}
        differing = dict.fromkeys((d.rep_id, d.date) for d in comparison.differences)
        events = {
            f"{rep} {day}": suspects(connection, state, plan, topics, (rep, day))
            for rep, day in list(differing)[:SHOWN]
        }
        unreadable = self._raw.unreadable(cut)
        gone = {_name(at): offset for at, offset in lost.items()}
        return Findings(
            gone,
            behind,
            unreadable,
            comparison,
            outcome.in_flight,
            outcome.not_retained,
            events,
        )


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C is KeyboardInterrupt also in the middle of a query, where DuckDB makes it another."""
    try:
        yield
    except (RuntimeError, duckdb.InterruptException) as error:
        if "interrupted" not in str(error).lower():
            raise
        raise KeyboardInterrupt from None


def _wait(settings: Settings, wanted: Positions, wait_s: float) -> tuple[Positions, Positions]:
    """(what is committed, what is missing to `wanted`) once nothing is or the time is up."""
    give_up = monotonic() + wait_s
    topics = {topic for topic, _ in wanted}
    while True:
        reached = committed(settings, topics)
        late = {at: end - reached[at] for at, end in wanted.items() if reached[at] < end}
        if not late or monotonic() > give_up:
            return reached, late
        sleep(POLL_S)


def _name(at: tuple[str, int]) -> str:
    return f"{at[0]}:{at[1]}"
