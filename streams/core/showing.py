"""What a partition shows: snapshots of reps whose numbers changed, and what they add to teams.

A rep's snapshot is made anew when an event changed it, when something leaves one of its windows
(five minutes after a call the 5-minute window is another one), when its day or shift turns, and at
least every `REPEAT_MS`. Partials are kept by taking away what a rep added before and adding what it
adds now, so a change costs the same in a team of five and of five thousand.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Literal

from streams.core.rep import Rep
from streams.core.scoreboard import Scoreboard
from streams.core.snapshot import (
    ADDITIVE_WINDOWS,
    WITHIN_A_DAY,
    Partial,
    RepSnapshot,
    WindowName,
)
from streams.core.tally import Total, tally
from streams.core.windows import CALENDAR, Windows, snapshot, windows_at

REPEAT_MS = 15 * 60_000
"""Every rep is shown again at least this often: a lost or overtaken snapshot heals."""

SHORTEST_MS = 1_000

Group = tuple[Literal["team", "site"], str]


class _Sum:
    """What the reps of one team or site in this partition add up to."""

    __slots__ = ("reps", "totals")

    def __init__(self) -> None:
        self.reps = 0
        self.totals: dict[WindowName, Total] = {}


class Showing:
    """Snapshots and partials of one partition's scoreboard."""

    def __init__(self, board: Scoreboard) -> None:
        self.board = board
        self._shown: dict[str, Windows] = {}
        self._due: list[tuple[int, str]] = []
        self._until: dict[str, int] = {}
        self._sums: dict[Group, _Sum] = {}
        self._first_left: int | None = None

    @property
    def whole(self) -> bool:
        """Whether every rep that was due at the first refresh has been shown.

        Before that sums over what is shown are too low, and nothing in them says so.
        """
        return self._first_left == 0

    @property
    def reps(self) -> int:
        """How many reps have been shown."""
        return len(self._shown)

    def show_again(self) -> None:
        """Make every rep's snapshot anew at the next refresh."""
        for rep in self.board.reps.values():
            self._want(rep)

    def waiting(self) -> int:
        """Reps whose snapshot is due because of events."""
        return len(self.board.changed)

    def refresh(
        self, now_ms: int, position: int, most: int
    ) -> tuple[list[RepSnapshot], list[Partial]]:
        """Snapshots of at most `most` reps that are due, and partials they changed.

        `position` is the sum of the applied input positions of the partition.
        """
        board = self.board
        while self._due and self._due[0][0] <= now_ms:
            until_ms, rep_id = heappop(self._due)
            if self._until.get(rep_id) == until_ms:
                self._want(board.reps[rep_id])
        if self._first_left is None:
            self._first_left = len(board.changed)
        if not board.changed:
            return [], []
        # What changes meanwhile stands behind: the first ones are shown first.
        chosen, board.changed = board.changed[:most], board.changed[most:]
        for rep in chosen:
            rep.changed = False
        try:
            shown = self._show(chosen, now_ms, (position, now_ms))
        except Exception:
            # Whatever it was, they are still to be shown.
            for rep in chosen:
                self._want(rep)
            if self._first_left:
                self._first_left = len(board.changed)
            raise
        self._first_left = max(0, self._first_left - len(chosen))
        return shown

    def _show(
        self, chosen: list[Rep], now_ms: int, version: tuple[int, int]
    ) -> tuple[list[RepSnapshot], list[Partial]]:
        board = self.board
        board.settle_reps(chosen)
        touched: set[Group] = set()
        snapshots = []
        for rep in chosen:
            windows = windows_at(board, rep, now_ms)
            self._replace(rep.rep_id, windows, touched)
            # At least a second: a clock that is set back over midnight ends a day in the past.
            until_ms = max(min(windows.until_ms, now_ms + REPEAT_MS), now_ms + SHORTEST_MS)
            if self._until.get(rep.rep_id) != until_ms:
                self._until[rep.rep_id] = until_ms
                heappush(self._due, (until_ms, rep.rep_id))
            shot = snapshot(rep, windows, board.partition, version)
            shot.name = board.plan.name_of(rep.rep_id)
            snapshots.append(shot)
        return snapshots, [self._partial(group, version) for group in sorted(touched)]

    def _want(self, rep: Rep) -> None:
        if not rep.changed:
            rep.changed = True
            self.board.changed.append(rep)

    def _replace(self, rep_id: str, new: Windows, touched: set[Group]) -> None:
        for windows, sign in ((self._shown.get(rep_id), -1), (new, 1)):
            if windows is None:
                continue
            for group in _groups(windows):
                self._sums.setdefault(group, _Sum()).reps += sign
            for group, parts in _parts(windows).items():
                touched.add(group)
                totals = self._sums.setdefault(group, _Sum()).totals
                for name, total in parts.items():
                    into = totals.setdefault(name, Total())
                    if sign > 0:
                        into.add(total)
                    else:
                        into.take(total)
        self._shown[rep_id] = new

    def _partial(self, group: Group, version: tuple[int, int]) -> Partial:
        total = self._sums[group]
        level, name = group
        loading = bool(self.board.unloaded)
        windows = {
            window: tally(sums)
            for window, sums in total.totals.items()
            if not loading or window in WITHIN_A_DAY
        }
        for one in windows.values():
            one.leads = 0  # distinct leads do not add up over reps
        return Partial(
            level=level,
            id=name,
            partition=self.board.partition,
            version=version,
            reps=total.reps,
            windows=windows,
            loading=loading,
        )


_ADDITIVE = frozenset(ADDITIVE_WINDOWS)


def _groups(windows: Windows) -> tuple[Group, Group]:
    return ("team", windows.team_id), ("site", windows.place.site.id)


def _parts(windows: Windows) -> dict[Group, dict[WindowName, Total]]:
    """What a rep adds to each team and site: the present ones, and earlier ones of the year."""
    split = CALENDAR if windows.by_team else ()
    own = {
        name: total
        for name, total in windows.totals.items()
        if name in _ADDITIVE and name not in split
    }
    parts: dict[Group, dict[WindowName, Total]] = {g: dict(own) for g in _groups(windows)}
    for (team, site), totals in windows.by_team.items():
        groups: tuple[Group, Group] = (("team", team), ("site", site))
        for group in groups:
            into = parts.setdefault(group, {})
            for name, total in totals.items():
                both = into[name].copy() if name in into else Total()
                both.add(total)
                into[name] = both
    return parts
