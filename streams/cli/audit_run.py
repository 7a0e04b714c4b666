"""What `floorcast audit` does: waits until the workers have counted, recounts, compares.

The state is read between two looks at the inputs. Events below the first are in it for sure, those
from the second on are not; what lies between may be, so the rep-days that those events touch are
passed over. A floor at work can be audited, and one at rest is compared whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import duckdb
import msgspec

from streams.cli.kafka_read import (
    Positions,
    Record,
    begins,
    committed,
    ends,
    read_topics,
)
from streams.cli.plan_file import load_plan
from streams.cli.state import read_state
from streams.core.calendar import date_of, day_number
from streams.core.changelog import ChangelogReader
from streams.core.codec import ORIGIN_TOPIC
from streams.core.contribution import parse_entity_key
from streams.core.totals import total_rows
from streams.recount import load
from streams.recount.compare import Comparison, compare
from streams.recount.load import Unreadable
from streams.recount.origin import Sending, first_place
from streams.recount.recount import Row, behind, kept_from, recount
from streams.settings import Settings
from streams.topics import DEAL_POSTINGS, MISROUTED, MISROUTED_DEALS, dead_letter, inputs

POLL_S = 0.5
SHOWN = 5
"""Differing rep-days of which the events are listed."""

Dead = dict[str, set[Sending]]
"""Topic to the sendings of its events that became dead letters."""


class Findings(NamedTuple):
    """The outcome of an audit.

    `not_auditable` names partitions whose first events are no longer retained, `behind` partitions
    with events the workers had not counted when time was up, and how many. `comparison` is None
    when there was nothing sound to compare. `events` holds, for the first differing rep-days, the
    events to look at.
    """

    not_auditable: dict[str, int]
    behind: dict[str, int]
    unreadable: list[Unreadable]
    comparison: Comparison | None
    events: dict[str, list[Row]]

    @property
    def clean(self) -> bool:
        """True when everything could be compared and nothing differs."""
        compared = self.comparison is not None and not self.comparison.differences
        return compared and not (self.not_auditable or self.behind or self.unreadable)


def audit(settings: Settings, wait_s: float, folder: Path) -> Findings:
    """Audit everything the settings' topics hold; `folder` is empty and for temporary files."""
    plan = load_plan(settings)
    kinds = inputs(settings)
    topics = [settings.topic(kind) for kind in kinds]
    first = begins(settings, topics)
    if lost := {_name(at): offset for at, offset in first.items() if offset}:
        return Findings(lost, {}, [], None, {})
    reached, late = _wait(settings, ends(settings, topics), wait_s)
    derived_late: Positions = {}
    # A misrouted deal becomes a posting, so the one is waited for before the other is looked at.
    for names in ((MISROUTED, MISROUTED_DEALS), (DEAL_POSTINGS,)):
        wanted = ends(settings, [settings.topic(name) for name in names])
        derived_late |= _wait(settings, wanted, wait_s)[1]
    behind_by = {_name(at): lag for at, lag in (late | derived_late).items()}
    if derived_late:
        return Findings({}, behind_by, [], None, {})

    state = read_state(settings)
    seen = ends(settings, topics)
    counted = total_rows(state.rep_days, plan, state.kept_from(settings.detail_days))
    raw = _Raw(settings, kinds, _dead_letters(settings, kinds), folder)
    connection = load.connect(folder / "recount.duckdb")
    unreadable = raw.load(connection, first, reached)
    ours = recount(connection)
    counted_from = date_of(state.kept_from(settings.detail_days)).isoformat()
    kept = max(counted_from, kept_from(connection))
    comparison = compare(
        (row for row in ours if row["date"] >= kept),
        (row for row in map(_as_row, counted) if row["date"] >= kept),
        _moving(connection, raw, reached, seen),
    )
    differing = dict.fromkeys((d.rep_id, d.date) for d in comparison.differences)
    events = {
        f"{rep} {day}": _suspects(connection, state, rep, day)
        for rep, day in list(differing)[:SHOWN]
    }
    connection.close()
    return Findings({}, behind_by, unreadable, comparison, events)


def _suspects(
    connection: duckdb.DuckDBPyConnection, state: ChangelogReader, rep: str, day: str
) -> list[Row]:
    """What only one side has of a rep's day; when both have the same, all events of it.

    Each says `where` it is; what the recount knows has the raw event's coordinates too.
    """
    rep_day = state.rep_days.get((rep, day_number(date.fromisoformat(day))))
    held = {parse_entity_key(key) for key in rep_day.entities} if rep_day else set()
    rows: list[Row] = []
    for row in behind(connection, rep, day):
        entity = (row["kind"], row["source"], row["id"])
        rows.append({"where": "both" if entity in held else "not in the state", **row})
    raw = {(row["kind"], row["source"], row["id"]) for row in rows}
    only_held = [
        {"where": "only in the state", "kind": kind, "source": source, "id": id_}
        for kind, source, id_ in sorted(held - raw)
    ]
    return [row for row in rows if row["where"] != "both"] + only_held or rows


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


def _dead_letters(settings: Settings, kinds: Iterable[str]) -> Dead:
    """The first places of all dead letters, those of misrouted events included.

    An event that was sent again is dead in those sendings that have a letter of their own.
    """
    names = [*kinds, MISROUTED, MISROUTED_DEALS]
    dead: Dead = defaultdict(set)
    for record in read_topics(settings, [dead_letter(settings.topic(name)) for name in names]):
        said = dict(record.headers)
        if ORIGIN_TOPIC in said:
            dead[said[ORIGIN_TOPIC].decode()].add(first_place(record).sending)
    return dead


class _Raw(NamedTuple):
    """Where raw events are read from, and what of them not to count."""

    settings: Settings
    kinds: list[str]
    dead: Dead
    folder: Path

    def load(
        self, connection: duckdb.DuckDBPyConnection, first: Positions, end: Positions
    ) -> list[Unreadable]:
        """Load what lies in [`first`, `end`), and the plan."""
        settings = self.settings
        text = Path(settings.plan).read_text("utf-8") if settings.plan else None
        load.load_plan(connection, text, settings.zone, settings.detail_days)
        unreadable: list[Unreadable] = []
        for kind in self.kinds:
            topic = settings.topic(kind)
            since, until = (
                {at: offset for at, offset in side.items() if at[0] == topic}
                for side in (first, end)
            )
            records: Iterable[Record] = read_topics(settings, [topic], since=since, until=until)
            unreadable += load.load_events(connection, kind, records, self.dead[topic], self.folder)
        return unreadable


def _moving(
    connection: duckdb.DuckDBPyConnection, raw: _Raw, reached: Positions, seen: Positions
) -> set[tuple[str, str]]:
    """(rep, date) of what events that may or may not be in the state touch."""
    if all(reached[at] >= end for at, end in seen.items()):
        return set()
    tail = load.connect(raw.folder / "tail.duckdb")
    raw.load(tail, reached, seen)
    recount(tail)
    query = "SELECT kind, source, id, rep_id, day FROM contributions"
    fresh = tail.execute(query).fetchall()
    tail.close()
    touched = {(source, id_) for kind, source, id_, _, _ in fresh if kind == "d"}
    held = connection.execute(query + " WHERE kind = 'd'").fetchall()
    moving = {(rep, day.isoformat()) for kind, _, _, rep, day in fresh if kind != "d"}
    reps: dict[tuple[str, str], set[str]] = defaultdict(set)
    days: dict[tuple[str, str], set[date]] = defaultdict(set)
    for kind, source, id_, rep, day in fresh + held:
        if kind == "d" and (source, id_) in touched:
            reps[source, id_].add(rep)
            # Another rep's local date may be a day off.
            days[source, id_] |= {day + timedelta(days=shift) for shift in (-1, 0, 1)}
    for deal, whose in reps.items():
        moving |= {(rep, day.isoformat()) for rep in whose for day in days[deal]}
    return moving


def _as_row(row: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _name(at: tuple[str, int]) -> str:
    return f"{at[0]}:{at[1]}"
