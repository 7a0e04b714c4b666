"""One way of looking at the board, and what its viewers are sent of it.

A view is encoded once however many look at it: first the whole board, then only the lines that
changed, as frames of the server-sent events protocol.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from msgspec import Raw, Struct, json

from sinks.wallboard.choices import Choices
from sinks.wallboard.pulse import Pulse
from sinks.wallboard.scope import EVERYTHING as ALL_OF_IT
from sinks.wallboard.scope import Scope
from sinks.wallboard.wire import Message
from streams.core.board import EVERYTHING, Board
from streams.core.board_filter import Filter
from streams.core.board_row import Row
from streams.core.snapshot import WindowName
from streams.core.story import Story

TEAMS_SHOWN = 12
"""Teams whose reps an unfiltered board lists; the others are totals only."""
REPS_PER_TEAM = 25
"""Reps listed of each team of an unfiltered board."""
REPS_OF_ONE_TEAM = 200
"""Reps listed when one team is chosen, or all of them are in one list."""
FRAMES_KEPT = 24
"""Frames a viewer may have missed and still be sent instead of the whole board."""


class ViewKey(NamedTuple):
    """What a viewer chose, and may see: viewers with other rights have other frames.

    `flat`: reps in one list, those with too small a sample at its end.
    """

    window: WindowName
    team: str | None
    sort: str
    rep: str | None = None
    by: Filter = EVERYTHING
    flat: bool = False
    scope: Scope = ALL_OF_IT


class _Change(Struct, frozen=True, omit_defaults=True):
    """What is sent of a view: all of it, or with `rows` and `teams` only of what changed."""

    rows: list[Raw]
    teams: list[Raw]
    order: list[str] | None = None
    team_order: list[str] | None = None
    floor: Raw | None = None
    listed: dict[str, int] | None = None
    loading: dict[str, int] | None = None
    story: Story | None = None
    currency: str | None = None
    choices: Choices | None = None
    window: str | None = None
    sort: str | None = None
    team: str | None = None
    rep: str | None = None
    flat: bool | None = None
    by: Filter | None = None


class View:
    """The lines last sent of one view; `run` tells this process's frames from an earlier one's."""

    def __init__(self, key: ViewKey, run: str) -> None:
        self.key = key
        self._run = run
        self._number = 0
        self._frames: deque[Message] = deque(maxlen=FRAMES_KEPT)
        self._whole: Message | None = None
        self._rows: dict[str, bytes] = {}
        self._teams: dict[str, bytes] = {}
        self._floor = b"null"
        self._listed: dict[str, int] = {}
        self._loading: dict[str, int] = {}
        self._story: Story | None = None
        self._currency: str | None = None
        self._choices = Choices()

    def update(self, board: Board, choices: Choices) -> Message | None:
        """Take the board as it is now; the message that tells the change, None without any."""
        rows, listed = listed_rows(board, self.key.team, flat=self.key.flat)
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
            loading=board.loading if board.loading != self._loading else None,
            story=board.story if board.story != self._story else None,
            currency=board.currency if board.currency != self._currency else None,
            choices=choices if choices != self._choices else None,
        )
        if self._number and change == _Change(rows=[], teams=[]):
            return None
        self._rows, self._teams, self._floor = new_rows, new_teams, floor
        self._listed, self._choices = listed, choices
        self._loading, self._story = board.loading, board.story
        self._currency = board.currency
        self._number += 1
        self._whole = None
        frame = self._frame("change", change)
        self._frames.append(frame)
        return frame

    def whole(self) -> Message:
        """The message with all of the view, as of the last update."""
        if self._whole is None:
            everything = _Change(
                rows=[Raw(row) for row in self._rows.values()],
                teams=[Raw(team) for team in self._teams.values()],
                order=list(self._rows),
                team_order=list(self._teams),
                floor=Raw(self._floor),
                listed=self._listed,
                loading=self._loading,
                story=self._story,
                currency=self._currency,
                choices=self._choices,
                window=self.key.window,
                sort=self.key.sort,
                team=self.key.team,
                rep=self.key.rep,
                flat=self.key.flat,
                by=self.key.by,
            )
            self._whole = self._frame("board", everything)
        return self._whole

    def since(self, last_id: str) -> list[Message]:
        """What a viewer that got `last_id` is sent: what it missed, or all of the view."""
        run, _, number = last_id.partition(".")
        if run == self._run and number.isdecimal() and int(number) <= self._number:
            missed = [frame for frame in self._frames if frame.number > int(number)]
            if len(missed) == self._number - int(number):
                return missed
        return [self.whole()]

    def _frame(self, event: str, payload: _Change) -> Message:
        head = f"id: {self._run}.{self._number}\nevent: {event}\ndata: ".encode()
        return Message(head + json.encode(payload) + b"\n\n", self._number)


def listed_rows(
    board: Board, team: str | None, *, flat: bool = False
) -> tuple[list[Row], dict[str, int]]:
    """(the rows a page lists, in board order; how many reps each team has)."""
    counts = Counter(row.team_id for row in board.rows)
    if team is not None or flat:
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


def pulse_message(pulse: Pulse) -> Message:
    """The message that says how fresh every view is; it has no id, for it is never missed."""
    return Message(b"event: pulse\ndata: " + json.encode(pulse) + b"\n\n")
