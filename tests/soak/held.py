"""The board as one viewer holds it: the first message, with every change since applied to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType, json

from sinks.wallboard.view import listed_rows
from streams.core.board import decode_board


class Message(Struct, frozen=True):
    """One message of an event stream; `last_id` is empty for those that are never missed."""

    event: str
    last_id: str
    data: bytes


class Messages:
    """Cuts what comes over a connection into messages, as a browser does."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Message]:
        """The messages that are whole with this piece."""
        *whole, self._rest = (self._rest + piece).split(b"\n\n")
        for block in whole:
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
            if b"data" in fields:
                event, last_id = fields.get(b"event", b""), fields.get(b"id", b"")
                yield Message(event.decode(), last_id.decode(), fields[b"data"])


class _Told(Struct):
    rows: list[Raw]
    teams: list[Raw]
    order: list[str] | None = None
    team_order: list[str] | None = None
    floor: Raw | UnsetType = UNSET
    listed: dict[str, int] | None = None


class _Rep(Struct):
    rep_id: str


class _Team(Struct):
    id: str


_told = json.Decoder(_Told).decode
_rep = json.Decoder(_Rep).decode
_team = json.Decoder(_Team).decode


class Held:
    """What `merge` of the page's stream.js makes of the messages, for the numbers of a board."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.teams: dict[str, bytes] = {}
        self.floor = b"null"
        self.listed: dict[str, int] = {}

    def take(self, message: Message) -> None:
        """Apply a `board` or `change` message."""
        if message.event == "board":
            self.rows, self.teams = {}, {}
        told = _told(message.data)
        # Copies: a Raw keeps the whole message it is a part of.
        self.rows |= {_rep(row).rep_id: bytes(row) for row in told.rows}
        self.teams |= {_team(team).id: bytes(team) for team in told.teams}
        if told.order is not None:
            self.rows = {rep_id: self.rows[rep_id] for rep_id in told.order}
        if told.team_order is not None:
            self.teams = {team: self.teams[team] for team in told.team_order}
        if told.floor is not UNSET:
            self.floor = bytes(told.floor)
        if told.listed is not None:
            self.listed = told.listed

    def shown(self) -> dict[str, Any]:
        """The numbers on show, in their order."""
        return {
            "rows": [json.decode(row) for row in self.rows.values()],
            "teams": [json.decode(team) for team in self.teams.values()],
            "floor": json.decode(self.floor),
            "listed": self.listed,
        }


def due(body: bytes, *, team: str | None, flat: bool) -> dict[str, Any]:
    """What a viewer of an `/api/board` answer has to show: the same lines, as many as it lists."""
    board = decode_board(body)
    rows, listed = listed_rows(board, team, flat=flat)
    lines = {"rows": rows, "teams": board.teams, "floor": board.floor, "listed": listed}
    plain: dict[str, Any] = json.decode(json.encode(lines))
    return plain
