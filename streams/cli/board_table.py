"""A board as tables for a terminal: every rate with its numerator and denominator."""

from __future__ import annotations

from collections.abc import Collection

from rich.table import Table

from streams.core.board import Board
from streams.core.board_row import Figure, Figures, Row, Sum
from streams.core.kpis import KPIS

MINUTE_MS = 60_000


def reps_table(board: Board, kpis: Collection[str]) -> Table:
    """The reps in the board's order."""
    table = Table("", "rep", "team", box=None, title=f"{board.window}, by {board.sort}")
    _columns(table, kpis)
    for rank, row in enumerate(board.rows, 1):
        table.add_row(str(rank), row.name or row.rep_id, row.team_id, *_cells(row, kpis))
    return table


def teams_table(board: Board, kpis: Collection[str]) -> Table:
    """The teams, and the floor under them."""
    table = Table("team", "reps", box=None)
    _columns(table, kpis)
    for one in board.teams:
        table.add_row(one.name or one.id, str(one.reps), *_cells(one, kpis))
    if board.floor is not None:
        table.add_row("floor", str(board.floor.reps), *_cells(board.floor, kpis), style="bold")
    return table


def _columns(table: Table, kpis: Collection[str]) -> None:
    for name in kpis:
        table.add_column(KPIS[name].label, justify="right")
    table.add_column("Revenue, net (minor units)", justify="right")


def _cells(line: Row | Sum, kpis: Collection[str]) -> list[str]:
    cells = [shown(name, line.kpis.get(name)) for name in kpis]
    return [*cells, _revenue(line.money)]


def shown(name: str, figure: Figure | None) -> str:
    """A KPI for people; a dash when it has no denominator."""
    if figure is None or figure.value is None:
        return "–"
    value, unit = figure.value, KPIS[name].unit
    if unit == "ratio":
        return f"{value:.1%} {figure.num:g}/{figure.den:g}"
    if unit == "ms":
        minutes, rest = divmod(round(value), MINUTE_MS)
        return f"{minutes}:{rest // 1000:02}"
    if unit == "rating":
        return f"{value:.2f} ({figure.den:g})"
    return f"{value:,.10g}"


def _revenue(money: dict[str, Figures]) -> str:
    """Net revenue per currency, in minor units."""
    amounts = [
        f"{figures['revenue_net'].value or 0:,} {currency}" for currency, figures in money.items()
    ]
    return ", ".join(amounts) or "–"
