"""The option `--drop` of `floorcast simulate`: reps who sell less from some day on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import click

from producers.simulator import FloorProfile
from producers.simulator.profile import Drop, day_start_ms, with_drops

FORM = "REP:SHARE[:YYYY-MM-DD]"


def with_named_drops(profile: FloorProfile, named: Iterable[str], last: date) -> FloorProfile:
    """The floor with the drops that options name; without a date they begin on `last`.

    Raises click.UsageError for what is none.
    """
    drops: dict[str, Drop] = {}
    zones = {rep.id: rep.team.site.zone for rep in profile.reps}
    for text in named:
        rep_id, share, day = _read(text, last)
        drops[rep_id] = Drop(share, day_start_ms(zones.get(rep_id, "UTC"), day))
    try:
        return with_drops(profile, drops)
    except ValueError as error:
        msg = f"--drop: {error}"
        raise _usage(msg) from error


def _read(text: str, last: date) -> tuple[str, float, date]:
    rep_id, _, rest = text.partition(":")
    share, _, day = rest.partition(":")
    try:
        found = float(share), date.fromisoformat(day) if day else last
    except ValueError:
        found = -1.0, last
    if not rep_id or not 0 <= found[0] <= 1:
        msg = f"--drop {text!r}: must be {FORM}, SHARE from 0 to 1, such as r-0007:0.5"
        raise _usage(msg)
    return rep_id, *found


def _usage(problem: str) -> click.UsageError:
    return click.UsageError(problem, click.get_current_context())
