"""A rep's history, read back after a recovery: what the windows beyond today are made of.

A worker shows today within seconds of a start, however many days it keeps; each rep's earlier days
follow in steps. Until then its snapshots say `loading` and leave those windows out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from streams.core.cached_day import STALE, decode_day, encode_day
from streams.core.history import History
from streams.core.rep import Rep
from streams.core.rep_day import UNWRITTEN, RepDay
from streams.core.segment import parse_total_key, totals_prefix

if TYPE_CHECKING:
    from streams.core.scoreboard import Scoreboard

STEP_TOTALS = 1_000
"""Day totals read in one step; some milliseconds."""


def loading_steps(board: Scoreboard) -> Iterator[None]:
    """Load the histories of all reps that wait for it; a step is some milliseconds of work."""
    done = 0
    while board.unloaded:
        done += load_history(board, board.unloaded.pop())
        if done >= STEP_TOTALS:
            done = 0
            yield


def load_history(board: Scoreboard, rep: Rep) -> int:
    """Read all day totals of a rep, and make anew those that are stale; how many there were."""
    owner = rep.rep_id.encode()
    history = History()
    writes: list[tuple[bytes, bytes | None]] = []
    count = 0
    for key, value in board.store.scan(totals_prefix(owner)):
        count += 1
        _, day = parse_total_key(key)
        board.oldest_day = min(board.oldest_day, day)
        rep_day = rep.days.get(day)
        if rep_day is None and value != STALE:
            history.change(day, None, decode_day(value)[0])
        elif rep_day is None:
            rep_day = board.load_day(owner, day, None)
            history.change(day, None, rep_day.settle())
            writes.append((key, _cached(rep, rep_day)))
        elif value == STALE and not rep_day.mark & UNWRITTEN:
            writes.append((key, _cached(rep, rep_day)))
    for day, rep_day in rep.days.items():
        history.change(day, None, rep_day.settle())
    if writes:
        board.store.write(writes, board.store.offset())
    rep.history = history
    rep.loaded = True
    rep.tail = rep.teams = rep.last_team = rep.usual = None
    board.touch(rep)
    return count


def team_named(rep: Rep, rep_day: RepDay) -> str:
    """What events say of a rep's team counts only outside the roster, and costs a look to know."""
    asked = rep.place is None or not rep.place.in_roster
    return (rep_day.team() or "") if asked else ""


def _cached(rep: Rep, rep_day: RepDay) -> bytes | None:
    """What the store caches of a day; None when nothing of it is left."""
    if not rep_day.entities:
        return None
    return encode_day(rep_day.settle(), team_named(rep, rep_day))
