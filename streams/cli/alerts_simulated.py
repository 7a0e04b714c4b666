"""What `floorcast alerts simulate` found: as a table, as a picture, as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence

import click
import msgspec

from streams.core.alerts.measured import delay_and_error, delay_words, quantile, share_found
from streams.core.alerts.picture import Bar, Curve, bars, below, curves
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.simulate import Asked, Row, Setting, Simulated

WITHIN_DAYS = (5, 10, 20)


def print_table(done: Simulated, asked: Asked) -> None:
    """Rows side by side, and what must be known to read them."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=10_000)  # its lines are not to be broken
    table = Table("", box=None)
    for column in (
        "false per 1000\nrep-days",
        "on the floor\na day",
        f"sales x {asked.keep:g}, contacts:\nmedian",
        "\n95 %",
        "days:\nmedian",
        "\n95 %",
        *(f"found in\n{days} days" for days in WITHIN_DAYS),
    ):
        table.add_column(column, justify="right")
    for row in done.rows:
        table.add_row(
            _named(row),
            row.rate.words,
            f"{row.rate.alarms / max(done.days, 1):.2g}",
            delay_and_error(row.delay_contacts, 0.5),
            delay_and_error(row.delay_contacts, 0.95),
            delay_words(quantile(row.delay_days, 0.5)),
            delay_words(quantile(row.delay_days, 0.95)),
            *(f"{share_found(row.delay_days, days):.0%}" for days in WITHIN_DAYS),
        )
    console.print(table)
    rep_days = done.rows[0].rate.rep_days
    click.echo(
        f"\n{done.contacts:,} contacts of {done.reps:,} reps; {rep_days:,} rep-days watched on "
        f"{done.days:,} working days.\nEvery alarm counts as false, though real drops are among "
        f"them.\n{len(done.drops):,} drops, seed {asked.seed}, each followed for {done.followed} "
        "working days of its rep, the first being the day it begins on. ± is the standard error."
    )


class _RowRecord(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: str
    level: str
    settings: AlertSettings | None
    alarms: int
    rep_days: int
    alarms_per_1000_rep_days: float
    standard_error: float
    delay_contacts_median: float | None
    delay_contacts_p95: float | None
    delay_days_median: float | None
    delay_days_p95: float | None
    found_within_days: dict[int, float]
    found: float


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    contacts: int
    reps: int
    working_days: int
    trials: int
    followed_days: int
    drop: float
    seed: int
    rows: list[_RowRecord]


def as_record(done: Simulated, settings: Sequence[Setting], asked: Asked) -> bytes:
    """All of it as one JSON object; a delay that is longer than was followed is null."""
    by_name = {one.name: one.alerts for one in settings}
    return msgspec.json.encode(
        _Record(
            contacts=done.contacts,
            reps=done.reps,
            working_days=done.days,
            trials=len(done.drops),
            followed_days=done.followed,
            drop=asked.keep,
            seed=asked.seed,
            rows=[_row_record(row, by_name.get(row.name)) for row in done.rows],
        )
    )


def _row_record(row: Row, settings: AlertSettings | None) -> _RowRecord:
    return _RowRecord(
        name=row.name,
        kind=row.kind,
        level=row.level,
        settings=settings,
        alarms=row.rate.alarms,
        rep_days=row.rate.rep_days,
        alarms_per_1000_rep_days=row.rate.per_1000,
        standard_error=row.rate.error,
        delay_contacts_median=_known(quantile(row.delay_contacts, 0.5)),
        delay_contacts_p95=_known(quantile(row.delay_contacts, 0.95)),
        delay_days_median=_known(quantile(row.delay_days, 0.5)),
        delay_days_p95=_known(quantile(row.delay_days, 0.95)),
        found_within_days={days: share_found(row.delay_days, days) for days in WITHIN_DAYS},
        found=share_found(row.delay_days),
    )


def _known(delay: float) -> float | None:
    return delay if math.isfinite(delay) else None


def draw(done: Simulated, keep: float) -> str:
    """An SVG: false alarms as bars, and below them how soon drops are found."""
    false = [Bar(_named(row), row.rate.per_1000, row.rate.error) for row in done.rows]
    settings = [row for row in done.rows if row.kind == "setting"]
    late = max((day for row in settings for day in row.delay_days if math.isfinite(day)), default=0)
    days = range(1, max(int(late), min(done.followed, WITHIN_DAYS[-1])) + 1)
    found = [
        Curve(_named(row), [share_found(row.delay_days, day) for day in days]) for row in settings
    ]
    upper = bars("Alarms in 1000 working days of reps, as history stands", false)
    lower = curves(f"Share of drops (sales x {keep:g}) found, by working day", found)
    return below("Alert settings tried on this floor's history", upper, lower)


def _named(row: Row) -> str:
    return f"{row.name}, {row.level}" if row.kind == "setting" else row.name
