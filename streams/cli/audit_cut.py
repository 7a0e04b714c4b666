"""Leaves the same entities out of the state as out of the recount: those in flight."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from streams.core.calendar import day_number
from streams.core.changelog import ChangelogReader
from streams.core.contribution import KINDS, entity_key
from streams.recount.recount import InFlight

_LETTERS = {word: letter for letter, word in KINDS.items()}


def leave_out(state: ChangelogReader, flying: Iterable[InFlight]) -> None:
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
