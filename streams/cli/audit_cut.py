"""The comparison itself: what is in flight, or cannot be recounted any more, is left out on both
sides; the rest must be the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from streams.cli.audit_retained import not_retained
from streams.core.calendar import date_of, day_number
from streams.core.changelog import ChangelogReader
from streams.core.contribution import KINDS, entity_key
from streams.core.plan import Plan
from streams.core.totals import total_rows
from streams.recount.compare import Comparison, compare
from streams.recount.recount import Cut, LeftOut, in_flight, keep_out, kept_from, recount


class Removed(NamedTuple):
    """That retention has removed events logged up to `before_ms`; a folder for temporary files."""

    before_ms: int
    spool: Path


class Outcome(NamedTuple):
    """A comparison, and how many entities were left out of it for which of two reasons."""

    comparison: Comparison
    in_flight: int
    not_retained: int


_LETTERS = {word: letter for letter, word in KINDS.items()}


def compare_at(
    cut: Cut,
    connection: duckdb.DuckDBPyConnection,
    state: ChangelogReader,
    plan: Plan,
    *,
    detail_days: int,
    removed: Removed | None = None,
) -> Outcome:
    """Compare a state with a recount.

    `state` holds the effect of every event below the `cut` and of any of those behind it; the
    `connection` every event that `state` has the effect of, but for those `removed` tells of. Takes
    what is left out out of `state`.
    """
    gone = 0
    if removed is not None:
        old = not_retained(state, removed.before_ms)
        gone = keep_out(connection, old, removed.before_ms, removed.spool)
    counted_from = state.kept_from(detail_days)  # by all that the workers have seen
    ours = recount(connection, cut)
    flying = in_flight(connection)
    leave_out(state, flying)
    kept = max(date_of(counted_from).isoformat(), kept_from(connection))
    comparison = compare(
        (row for row in ours if row["date"] >= kept),
        (
            msgspec.structs.asdict(row)
            for row in total_rows(state.rep_days, plan, counted_from)
            if row.date >= kept
        ),
    )
    return Outcome(comparison, len(flying) - gone, gone)


def leave_out(state: ChangelogReader, flying: Iterable[LeftOut]) -> None:
    """Take the entities out of the state, a deal out of every rep's every day."""
    of_days: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    everywhere: set[bytes] = set()
    for kind, rep, day, source, id_ in flying:
        key = entity_key(_LETTERS[kind], source, id_)
        if rep is None or day is None:
            everywhere.add(key)
        else:
            of_days[rep, day_number(date.fromisoformat(day))].append(key)
    state.leave_out(of_days, frozenset(everywhere))
