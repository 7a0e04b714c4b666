"""One way of looking at the board, and what its viewers are sent of it.

A view is encoded once however many look at it: first the whole board, then only the lines that
changed, as frames of the server-sent events protocol.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from msgspec import Raw, Struct, json

from sinks.wallboard.pulse import Pulse
from sinks.wallboard.scope import EVERYTHING, Scope
from streams.core.board import Board
from streams.core.board_row import Row
from streams.core.snapshot import WindowName

TEAMS_SHOWN = 12
"""Teams whose reps an unfiltered board lists; the others are totals only."""
REPS_PER_TEAM = 25
"""Reps listed of each team of an unfiltered board."""
REPS_OF_ONE_TEAM = 200
"""Reps listed when one team is chosen."""
FRAMES_KEPT = 24
"""Frames a viewer may have missed and still be sent instead of the whole board."""


Teams = list[tuple[str, str]]
"""(id, label) of the teams a viewer can choose."""


class ViewKey(NamedTuple):
    """What a viewer chose, and what they may see: viewers with other rights have other frames."""

    window: WindowName
    team: str | None
    sort: str
    scope: Scope = EVERYTHING


class Frame(NamedTuple):
    """A message as it goes over the wire; `number` orders those of one view."""

    number: int
    data: bytes


class _Change(Struct, frozen=True, omit_defaults=True):
    """What is sent of a view: all of it, or with `rows` and `teams` only of what changed."""

    rows: list[Raw]
    teams: list[Raw]
    order: list[str] | None = None
    team_order: list[str] | None = None
    floor: Raw | None = None
    listed: dict[str, int] | None = None
    choices: Teams | None = None
    window: str | None = None
    sort: str | None = None
    team: str | None = None


class View:
    """The lines last sent of one view; `run` tells this process's frames from an earlier one's."""

    def __init__(self, key: ViewKey, run: str) -> None:
        self.key = key
        self._run = run
        self._number = 0
        self._frames: deque[Frame] = deque(maxlen=FRAMES_KEPT)
        self._whole: Frame | None = None
        self._rows: dict[str, bytes] = {}
        self._teams: dict[str, bytes] = {}
        self._floor = b"null"
        self._listed: dict[str, int] = {}
        self._choices: Teams = []

    def update(self, board: Board, choices: Teams) -> Frame | None:
        """Take the board as it is now; the frame that tells the change, None without any."""
        rows, listed = listed_rows(board, self.key.team)
        new_rows = {row.rep_id: json.encode(row) for row in rows}
        new_teams = {one.id or "": json.encode(one) for one in board.teams}
        floor = json.encode(board.floor)
        change = _Change(
            rows=_changed(self._rows, new_rows),
            teams=_changed(self._teams, new_teams),
            order=_order(self._rows, new_rows),
            team_order=_order(self._teams, new_teams),
            floor=Raw(floor) if floor != self._floor else None,
            listed=listed if listed != self._listed else None,
            choices=choices if choices != self._choices else None,
        )
        if self._number and change == _Change(rows=[], teams=[]):
            return None
        self._rows, self._teams, self._floor = new_rows, new_teams, floor
        self._listed, self._choices = listed, choices
        self._number += 1
        self._whole = None
        frame = self._frame("change", change)
        self._frames.append(frame)
        return frame

    def whole(self) -> Frame:
        """The frame with all of the view, as of the last update."""
        if self._whole is None:
            everything = _Change(
                rows=[Raw(row) for row in self._rows.values()],
                teams=[Raw(team) for team in self._teams.values()],
                order=list(self._rows),
                team_order=list(self._teams),
                floor=Raw(self._floor),
                listed=self._listed,
                choices=self._choices,
                window=self.key.window,
                sort=self.key.sort,
                team=self.key.team,
            )
            self._whole = self._frame("board", everything)
        return self._whole

    def since(self, last_id: str) -> list[Frame]:
        """What a viewer that got `last_id` is sent: what it missed, or all of the view."""
        run, _, number = last_id.partition(".")
        if run == self._run and number.isdecimal() and int(number) <= self._number:
            missed = [frame for frame in self._frames if frame.number > int(number)]
            if len(missed) == self._number - int(number):
                return missed
        return [self.whole()]

    def _frame(self, event: str, payload: _Change) -> Frame:
        head = f"id: {self._run}.{self._number}\nevent: {event}\ndata: ".encode()
        return Frame(self._number, head + json.encode(payload) + b"\n\n")


def listed_rows(board: Board, team: str | None) -> tuple[list[Row], dict[str, int]]:
    """(the rows a page lists, in board order; how many reps each team has)."""
    counts = Counter(row.team_id for row in board.rows)
    if team is not None:
        return board.rows[:REPS_OF_ONE_TEAM], dict(sorted(counts.items()))
    room = dict.fromkeys(sorted(counts)[:TEAMS_SHOWN], REPS_PER_TEAM)
    rows = []
    for row in board.rows:
        if room.get(row.team_id, 0):
            room[row.team_id] -= 1
            rows.append(row)
    return rows, dict(sorted(counts.items()))


def _changed(old: dict[str, bytes], new: dict[str, bytes]) -> list[Raw]:
    return [Raw(line) for key, line in new.items() if old.get(key) != line]


def _order(old: dict[str, bytes], new: dict[str, bytes]) -> list[str] | None:
    return None if list(old) == list(new) else list(new)


def pulse_frame(pulse: Pulse) -> bytes:
    """The message that says how fresh every view is; it has no id, for it is never missed."""
    return b"event: pulse\ndata: " + json.encode(pulse) + b"\n\n"
