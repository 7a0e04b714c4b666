"""What the API answers: the published shapes, of which the OpenAPI document is made."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from sinks.wallboard.pulse import Source, State
from streams.core.alerts.book import Entry
from streams.core.board_health import Notice, PartitionState
from streams.core.board_row import Figure, Figures, Row, Sum
from streams.core.snapshot import WindowName

Instant = Annotated[int, Meta(description="UTC, milliseconds since 1970.")]
Next = Annotated[str | None, Meta(description="The `cursor` of the next page; null: no more.")]


class RepPage(Struct, frozen=True, kw_only=True):
    """Reps of one window, by rep_id."""

    window: WindowName
    generated_at_ms: Instant
    items: list[Row]
    next: Next


class RepWindow(Struct, frozen=True, kw_only=True):
    """A rep's figures in one window; `money` is currency to figures in minor units."""

    kpis: Figures
    money: dict[str, Figures]


class RepDetail(Struct, frozen=True, kw_only=True):
    """One rep in all windows there are now.

    `date` is the rep's local date in `zone`. `stale`: that date is over and nothing newer came.
    `loading`: earlier days are still being read, so windows beyond today are left out. `newest_ms`
    is the newest event counted, by kind.
    """

    generated_at_ms: Instant
    rep_id: str
    name: str | None
    team_id: str
    site: str
    zone: str
    date: str
    in_roster: bool
    stale: bool
    loading: bool
    newest_ms: dict[str, Instant]
    windows: dict[WindowName, RepWindow]


class TeamPage(Struct, frozen=True, kw_only=True):
    """Sums of teams in one window, by id; windows of the last N contacts have none."""

    window: WindowName
    generated_at_ms: Instant
    items: list[Sum]
    next: Next


class TeamDetail(Struct, frozen=True, kw_only=True):
    """One team's sums in all windows that add up and are whole now."""

    generated_at_ms: Instant
    id: str
    name: str
    windows: dict[WindowName, Sum]


class Place(Struct, frozen=True, kw_only=True):
    """A rep's place; reps with the same value share a rank.

    `rank` is null without a value, with a denominator below the smallest sample, or for a rep of
    whom an earlier day is shown: these come last.
    """

    rank: int | None
    rep_id: str
    name: str | None
    team_id: str
    site: str
    figure: Figure


class Leaderboard(Struct, frozen=True, kw_only=True):
    """Reps by one KPI, best first; `currency` is null for KPIs without one."""

    window: WindowName
    generated_at_ms: Instant
    kpi: str
    currency: str | None
    min_sample: int
    items: list[Place]
    next: Next


class FreshnessAnswer(Struct, frozen=True, kw_only=True):
    """How far the numbers can be trusted now.

    `state` is live, catching_up, stale (as of `since_ms`, because of `why`) or waiting (nothing was
    ever heard). `age_ms` is since the workers' last word, `lag` the events not counted yet.
    """

    generated_at_ms: Instant
    state: State
    since_ms: Instant | None
    why: str
    age_ms: int
    lag: int
    sources: list[Source]
    partitions: list[PartitionState]


class Alerts(Struct, frozen=True, kw_only=True):
    """What is wrong with the pipeline (`items`, as in a board's banner), and with reps (`reps`).

    Alerts of reps and teams are all that are open, and those that ended within a day, the newest
    first. What people said of them is for whoever leads the team.
    """

    generated_at_ms: Instant
    items: list[Notice]
    reps: list[Entry]
