"""What somebody may see of a floor: everything, some teams, or some reps."""

from __future__ import annotations

from msgspec import Struct, structs

from sinks.wallboard.choices import Choices
from streams.core.board import Board
from streams.core.board_row import Row


class Scope(Struct, frozen=True):
    """A manager sees `everything`, a supervisor `teams`, a rep the one of `reps`.

    Every answer that names a rep or a team asks here, or is narrowed here.
    """

    everything: bool = False
    teams: frozenset[str] = frozenset()
    reps: frozenset[str] = frozenset()

    def allows_rep(self, rep_id: str, team_id: str) -> bool:
        """Whether a rep, who is in this team now, may be seen."""
        return self.everything or team_id in self.teams or rep_id in self.reps

    def allows_team(self, team_id: str) -> bool:
        """Whether the sum of a team, and with it each of its reps, may be seen."""
        return self.everything or team_id in self.teams

    def narrow(self, board: Board) -> Board:
        """The board without what may not be seen; the floor's sum is for whoever sees all of it."""
        if self.everything:
            return board
        return structs.replace(
            board,
            rows=[row for row in board.rows if self._allows(row)],
            teams=[one for one in board.teams if self.allows_team(one.id or "")],
            floor=None,
            loading={t: n for t, n in board.loading.items() if self.allows_team(t)},
            # Of the one rep that is shown, so of nobody when that one may not be seen.
            story=board.story if any(self._allows(row) for row in board.rows) else None,
        )

    def choices(self, choices: Choices, board: Board) -> Choices:
        """What there is to choose from: teams that may be seen or have a row on this board."""
        if self.everything:
            return choices
        shown = self.teams | {row.team_id for row in board.rows}
        teams = [one for one in choices.teams if one.id in shown]
        return structs.replace(choices, teams=teams, sites=sorted({one.site for one in teams}))

    def _allows(self, row: Row) -> bool:
        return self.allows_rep(row.rep_id, row.team_id)

    def in_words(self) -> str:
        """For lists and logs: `everything`, `team north`, `rep r-0001`."""
        if self.everything:
            return "everything"
        named = [("team", sorted(self.teams)), ("rep", sorted(self.reps))]
        return ", ".join(f"{kind} {each}" for kind, ids in named for each in ids) or "nothing"


EVERYTHING = Scope(everything=True)
"""The scope of whoever asks where nobody has to log in."""
