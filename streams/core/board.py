"""The board: what the live page, `floorcast board` and every other reader shows, row by row.

A pure function of snapshots, so that all of them show the same numbers.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, json

from streams.core.board_filter import Filter, narrow
from streams.core.board_health import (
    SILENT_AFTER_MS,
    Freshness,
    Notice,
    PartitionState,
    newest_per_source,
    partition_notices,
    partition_states,
    silent_sources,
)
from streams.core.board_row import Number, Row, Sum, rep_row, sum_of
from streams.core.calendar import Zone, date_of
from streams.core.change import add_usual
from streams.core.day_line import DayLine, add_lines
from streams.core.errors import SettingsError
from streams.core.kpis import KPIS
from streams.core.snapshot import (
    ADDITIVE_WINDOWS,
    WITHIN_A_DAY,
    PartitionStatus,
    RepSnapshot,
    SourceFreshness,
    WindowName,
)
from streams.core.story import Story, story_of
from streams.core.tally import Tally, add_tallies

NAMES = ("rep_id", "name", "team_id")
"""What a board can be sorted by besides KPIs."""
EVERYTHING = Filter()


class Board(Struct, frozen=True):
    """A board of one window; times in UTC ms. `notices` is the banner: partitions, then sources.

    `teams` are by id. `floor` sums up all reps whatever team is shown. Windows of the last N
    contacts belong to one rep: they have neither teams nor floor. `loading` is how many reps of a
    team have no such window yet, after a start; `story` is there when one rep is shown. `currency`
    is the one that rows are sorted by, when `sort` is money.
    """

    window: WindowName
    generated_at_ms: int
    sort: str
    rows: list[Row]
    teams: list[Sum]
    floor: Sum | None
    freshness: list[Freshness]
    partitions: list[PartitionState]
    notices: list[Notice]
    loading: dict[str, int] = {}
    story: Story | None = None
    currency: str | None = None


def board_rows(
    snapshots: Iterable[RepSnapshot],
    window: WindowName,
    generated_at_ms: int,
    *,
    team: str | None = None,
    rep: str | None = None,
    narrowed_to: Filter = EVERYTHING,
    least: Mapping[str, int] | None = None,
    kpis: Collection[str] | None = None,
    sort: str = "deals_net",
    ascending: bool | None = None,
    currency: str | None = None,
    team_names: Mapping[str, str] | None = None,
    freshness: Iterable[SourceFreshness] = (),
    status: Iterable[PartitionStatus] = (),
    partitions: int | None = None,
    silent_after_ms: Mapping[str, int] = SILENT_AFTER_MS,
) -> Board:
    """The board of a window; of several snapshots of a rep the one with the larger version holds.

    Reps without the window (no shift now, or a worker that has just started still reads earlier
    days) are left out, and sums that would lack some of their reps too. `sort` is a KPI or one of
    `NAMES`, best first unless `ascending` says otherwise; None is always last, ties are by rep_id.
    A KPI of money sorts by `currency`, absent: the one most rows have. `rep` shows one rep, with
    story and the sums of the rep's team. `narrowed_to` leaves reps out, everywhere. A rate over
    fewer than `least` says of its KPI is sorted behind all others, as chance. `kpis` are those
    wanted, `sort` with them; absent: all. `partitions` is how many there should be. Raises
    SettingsError when `sort` or one of `kpis` names nothing.
    """
    _check_names(sort, kpis)
    only = None if kpis is None else {*kpis, sort}
    if narrowed_to.product is not None:
        # Deals are not counted by product, so there is no mean of one.
        only = (only or {*KPIS}) - {"avg_deal"}
    held = latest(snapshots)
    if narrowed_to != EVERYTHING:
        held = narrow(held, narrowed_to, window)
    alone = next((one for one in held if one.rep_id == rep), None)
    if alone is not None:
        team = alone.team_id
    shown = [one for one in held if window in one.windows]
    loading = Counter(one.team_id for one in held if one.loading and window not in WITHIN_A_DAY)
    dates: dict[str, str] = {}
    stale = {one.rep_id for one in shown if _is_over(one, generated_at_ms, dates)}
    rows = [
        rep_row(one, window, stale=one.rep_id in stale, only=only)
        for one in shown
        if (team is None or one.team_id == team) and (rep is None or one.rep_id == rep)
    ]
    if sort in KPIS and KPIS[sort].per_currency:
        currency = currency or usual_currency(rows)
    else:
        currency = None
    _sort(rows, sort, ascending, currency, (least or {}).get(sort, 0))
    added = [one for one in shown if window not in WITHIN_A_DAY or one.rep_id not in stale]
    teams, floor = _sums(added, window, team, team_names or {}, only)
    if loading:  # a sum that leaves out some of its reps is a wrong number
        teams, floor = [one for one in teams if one.id not in loading], None
    newest = newest_per_source(freshness)
    states = partition_states(status)
    notices = partition_notices(states, partitions)
    if loading:
        count = sum(one.loading for one in held)
        text = f"earlier days are still being read, after a start, for {count} reps"
        notices.append(Notice("loading", text, count=count))
    if stale:
        text = f"an earlier day is shown for reps whose workers sent nothing newer: {len(stale)}"
        notices.append(Notice("stale", text, count=len(stale)))
    notices += silent_sources(newest, generated_at_ms, silent_after_ms)
    return Board(
        window=window,
        generated_at_ms=generated_at_ms,
        sort=sort,
        rows=rows,
        teams=teams,
        floor=floor,
        freshness=newest,
        partitions=states,
        notices=notices,
        loading=dict(sorted(loading.items())),
        story=None if alone is None else story_of(alone, window),
        currency=currency,
    )


def latest(snapshots: Iterable[RepSnapshot]) -> list[RepSnapshot]:
    """Of each rep the snapshot with the larger version, by rep_id."""
    held: dict[str, RepSnapshot] = {}
    for one in snapshots:
        before = held.get(one.rep_id)
        if before is None or one.version >= before.version:
            held[one.rep_id] = one
    return [held[rep_id] for rep_id in sorted(held)]


encode_board = json.Encoder().encode
"""Compact JSON of a board or of a part of it; equal boards give equal bytes."""

decode_board = json.Decoder(Board).decode
"""Read what `encode_board` wrote; raises msgspec.DecodeError."""


def _is_over(one: RepSnapshot, now_ms: int, dates: dict[str, str]) -> bool:
    today = dates.get(one.zone)
    if today is None:
        today = dates[one.zone] = date_of(Zone(one.zone).day_of(now_ms)).isoformat()
    return one.date < today


def _sums(
    snapshots: list[RepSnapshot],
    window: WindowName,
    team: str | None,
    names: Mapping[str, str],
    only: Collection[str] | None,
) -> tuple[list[Sum], Sum | None]:
    """(teams shown, floor)."""
    if window not in ADDITIVE_WINDOWS:
        return [], None
    members: dict[str, list[Tally]] = {}
    reps = Counter(one.team_id for one in snapshots)
    for one in snapshots:
        # Days in another team count for that team, whatever team the rep is in today.
        days = {each: parts[window] for each, parts in one.by_team.items() if window in parts}
        for each, tally in (days or {one.team_id: one.windows[window]}).items():
            members.setdefault(each, []).append(tally)
    totals = {each: add_tallies(members[each]) for each in sorted(members)}
    usual, lines = _background(snapshots, window)
    teams = [
        sum_of(
            total,
            reps[each],
            window,
            each,
            names.get(each),
            only=only,
            line=lines.get(each),
            usual=usual.get(each),
        )
        for each, total in totals.items()
        if team is None or each == team
    ]
    floor = sum_of(
        add_tallies(totals.values()),
        len(snapshots),
        window,
        only=only,
        line=add_lines(lines.values()),
        usual=add_usual(usual.values()),
    )
    return teams, floor


def _background(
    snapshots: list[RepSnapshot], window: WindowName
) -> tuple[dict[str, Tally], dict[str, DayLine | None]]:
    """(what is usual, today by half hours) of the reps that are in each team today.

    What is usual is looked up for windows within a day only: longer ones are not held against it.
    """
    usual: dict[str, list[Tally]] = {}
    lines: dict[str, list[DayLine]] = {}
    for one in snapshots:
        if one.usual is not None and window in WITHIN_A_DAY:
            usual.setdefault(one.team_id, []).append(one.usual.tally)
        if one.line is not None:
            lines.setdefault(one.team_id, []).append(one.line)
    return (
        {each: add_usual(found) for each, found in usual.items()},
        {each: add_lines(found) for each, found in lines.items()},
    )


def _sort(
    rows: list[Row], sort: str, ascending: bool | None, currency: str | None, least: int
) -> None:
    if sort in NAMES:
        rows.sort(key=lambda row: getattr(row, sort) or row.rep_id, reverse=ascending is False)
        return
    kpi = KPIS[sort]  # rows come in the order of rep_id, and sorting keeps it within ties
    if ascending is None:
        ascending = kpi.higher_is_better is False
    sign = 1 if ascending else -1

    def order(row: Row) -> tuple[bool, bool, Number]:
        own = row.money.get(currency or "", {}) if kpi.per_currency else row.kpis
        figure = own.get(sort)
        if figure is None or figure.value is None:
            return True, True, 0
        return False, figure.den is not None and figure.den < least, sign * figure.value

    rows.sort(key=order)


def usual_currency(rows: list[Row]) -> str | None:
    """The currency most rows have money in; None where there is no money."""
    counts = Counter(currency for row in rows for currency in row.money)
    return min(counts, key=lambda each: (-counts[each], each)) if counts else None


def _check_names(sort: str, kpis: Collection[str] | None) -> None:
    asked = [("sort", sort, (*KPIS, *NAMES)), *(("kpis", name, (*KPIS,)) for name in kpis or ())]
    problems = []
    for option, name, known in asked:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1, 0.5)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            problems.append(f"{option} = {name!r}: no such KPI; {hint}")
    if problems:
        raise SettingsError(problems)
