"""The board: what the live page, `floorcast board` and every other reader shows, row by row.

A pure function of snapshots, so that all of them show the same numbers.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, json

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
from streams.core.tally import Tally, add_tallies

NAMES = ("rep_id", "name", "team_id")
"""What a board can be sorted by besides KPIs."""


class Board(Struct, frozen=True):
    """A board of one window; times in UTC ms. `notices` is the banner: partitions, then sources.

    `teams` are by id. `floor` sums up all reps whatever team is shown. Windows of the last N
    contacts belong to one rep: they have neither teams nor floor.
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


def board_rows(
    snapshots: Iterable[RepSnapshot],
    window: WindowName,
    generated_at_ms: int,
    *,
    team: str | None = None,
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
    A KPI of money sorts by `currency`, absent: the one most rows have. `kpis` are those wanted,
    `sort` with them; absent: all. `partitions` is how many there should be. Raises SettingsError
    when `sort` or one of `kpis` names nothing.
    """
    _check_names(sort, kpis)
    only = None if kpis is None else {*kpis, sort}
    held = latest(snapshots)
    shown = [one for one in held if window in one.windows]
    loading = {one.team_id for one in held if one.loading and window not in WITHIN_A_DAY}
    dates: dict[str, str] = {}
    stale = {one.rep_id for one in shown if _is_over(one, generated_at_ms, dates)}
    rows = [
        rep_row(one, window, stale=one.rep_id in stale, only=only)
        for one in shown
        if team is None or one.team_id == team
    ]
    _sort(rows, sort, ascending, currency)
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
    teams = [
        sum_of(total, reps[each], window, each, names.get(each), only=only)
        for each, total in totals.items()
        if team is None or each == team
    ]
    return teams, sum_of(add_tallies(totals.values()), len(snapshots), window, only=only)


def _sort(rows: list[Row], sort: str, ascending: bool | None, currency: str | None) -> None:
    if sort in NAMES:
        rows.sort(key=lambda row: getattr(row, sort) or row.rep_id, reverse=ascending is False)
        return
    kpi = KPIS[sort]  # rows come in the order of rep_id, and sorting keeps it within ties
    if ascending is None:
        ascending = kpi.higher_is_better is False
    if kpi.per_currency and currency is None:
        currency = usual_currency(rows)
    sign = 1 if ascending else -1

    def order(row: Row) -> tuple[bool, Number]:
        own = row.money.get(currency or "", {}) if kpi.per_currency else row.kpis
        figure = own.get(sort)
        value = figure.value if figure is not None else None
        return value is None, 0 if value is None else sign * value

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
