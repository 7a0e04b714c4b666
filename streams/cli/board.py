"""`floorcast board`: the board in a terminal, or as the JSON that the live page shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from streams.cli.main import Context
from streams.core.board import Board, board_rows, encode_board, latest
from streams.core.plan import Plan
from streams.core.snapshot import WINDOWS, RepSnapshot, WindowName, decode_rep_snapshot
from streams.settings import Settings

SHOWN = ("contacts", "conversion", "deals_net", "connect_rate", "aht_ms", "csat")
WATCH_S = 1.0


@click.command()
@click.option("--team", metavar="T", help="Only the reps of this team.")
@click.option("--site", metavar="S", help="Only this site, in sums too.")
@click.option("--shift", metavar="S", help="Only sites whose shift of this name runs now.")
@click.option("--product", metavar="P", help="Money of this product only.")
@click.option("--window", type=click.Choice(WINDOWS), default="today", show_default=True)
@click.option("--at", metavar="TIME", help="As it was then: RFC 3339 with offset.")
@click.option("--sort", metavar="KPI", default="deals_net", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.option("--watch", is_flag=True, help="Go on showing it as it changes.")
@click.pass_obj
def command(  # noqa: PLR0917 # click passes each option by name
    context: Context,
    team: str | None,
    site: str | None,
    shift: str | None,
    product: str | None,
    window: WindowName,
    at: str | None,
    sort: str,
    as_json: bool,
    watch: bool,
) -> None:
    """Show the board: the latest snapshots of all workers, or the state as it was at a time.

    \b
    Examples:
      floorcast board --team north --window 60m --sort conversion
      floorcast board --at 2026-11-02T15:00:00+08:00 --json
    """
    from streams.cli.forgotten import forgotten_reps
    from streams.cli.plan_file import load_plan
    from streams.core.board_filter import Filter
    from streams.core.clock import SystemClock

    if watch and (at is not None or as_json):
        msg = "--watch goes with neither --at nor --json"
        raise click.UsageError(msg)
    settings = context.settings()
    plan = load_plan(settings)
    clock = SystemClock()
    by = Filter(site, shift, product)
    names = {each.id: each.name for each in plan.teams.values() if each.name}
    forgotten = forgotten_reps(settings)

    def make(shots: list[RepSnapshot], now_ms: int) -> Board:
        shown, _ = forgotten.replace(shots)
        return board_rows(
            shown, window, now_ms, team=team, narrowed_to=by, sort=sort, team_names=names
        )

    if at is not None:
        at_ms = _instant(at)
        _show(make(list(_as_of(context.live(), plan, at_ms)), at_ms), as_json)
    elif watch:
        with Live(console=Console(), auto_refresh=False) as live:
            for shots in _follow(settings):
                live.update(_tables(make(shots, clock.now_ms())), refresh=True)
                time.sleep(WATCH_S)
    else:
        _show(make(next(_follow(settings)), clock.now_ms()), as_json)


def _instant(text: str) -> int:
    from streams.core.codec import to_ms

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        msg = f"--at {text}: must be RFC 3339 with offset, e.g. 2026-11-02T15:00:00+08:00"
        raise click.UsageError(msg)
    return to_ms(at)


def _follow(settings: Settings) -> Iterator[list[RepSnapshot]]:
    """The latest snapshot of every rep, again and again."""
    from streams.cli.kafka_read import read_topics
    from streams.topics import REP_SCOREBOARD

    held: dict[str, RepSnapshot] = {}
    since: dict[tuple[str, int], int] = {}
    while True:
        for record in read_topics(settings, [settings.topic(REP_SCOREBOARD)], since=since):
            since[record.topic, record.partition] = record.offset + 1
            if record.value is None:
                held.pop((record.key or b"").decode(), None)
            else:
                shot = decode_rep_snapshot(record.value)
                both = [held[shot.rep_id], shot] if shot.rep_id in held else [shot]
                held[shot.rep_id] = latest(both)[0]
        yield list(held.values())


def _as_of(settings: Settings, plan: Plan, at_ms: int) -> Iterator[RepSnapshot]:
    """Snapshots made out of the state's changelog, of what had happened by then."""
    from streams.cli.state import read_state
    from streams.core.as_of import segments_before
    from streams.core.scoreboard import Scoreboard
    from streams.core.windows import snapshot, windows_at
    from streams.engine.stores import MemorySegments

    state = read_state(settings)
    board = Scoreboard(0, 1, plan, MemorySegments(), settings.detail_days)
    board.recover(segments_before(state.rep_days, at_ms), 0)
    board.recovered()
    for rep in board.reps.values():
        shot = snapshot(rep, windows_at(board, rep, at_ms), 0, (0, at_ms))
        shot.name = plan.name_of(rep.rep_id)
        yield shot


def _show(board: Board, as_json: bool) -> None:
    if as_json:
        click.echo(encode_board(board))
    else:
        Console().print(_tables(board))


def _tables(board: Board) -> Group:
    from streams.cli.board_table import reps_table, teams_table

    parts: list[Table | str] = [notice.text for notice in board.notices]
    if board.floor is not None:
        parts.append(teams_table(board, SHOWN))
    parts.append(reps_table(board, SHOWN))
    return Group(*parts)
