"""What a plan said of the days that may have been counted already: the part that must not change.

A hash alone could not tell a corrected past from a new future, and would trip over every midnight.
So a shape is taken up to an instant, `upto_ms`: in each zone, up to the end of the local day that
is under way there. A later plan has the same shape when it says the same of these days, whatever it
says of tomorrow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec import Struct, json

from streams.core.calendar import DAY_MS, HOUR_MS, MINUTE_MS, Zone, date_of
from streams.core.plan import Plan, merged_spans

LEAD_MS = 10 * MINUTE_MS
"""A day counts as begun so much before it begins: event times may run 5 minutes ahead."""
_FARTHEST_MS = 16 * HOUR_MS
"""No local clock has ever been further from UTC."""
_STEP_MS = 15 * MINUTE_MS
"""Instants are cut to this, so that workers that start together name the same one."""


class PlanShape(Struct, frozen=True, kw_only=True):
    """What shapes contributions, for the days from `first_day` on that have begun by `upto_ms`.

    `dispositions` and `roster` are hashes, the roster's of all days up to then. `zones` is zone to
    (local day from which on days begin so, ms between that and the same midnight in UTC).
    """

    first_day: int
    upto_ms: int
    default_zone: str
    dispositions: str
    reversals: str
    roster: str
    zones: dict[str, list[tuple[int, int]]]


def shape_at(plan: Plan, now_ms: int, detail_days: int) -> PlanShape:
    """The shape of a plan now, over the days that are kept."""
    return shape_over(plan, kept_from(now_ms, detail_days), known_until(now_ms))


def known_until(now_ms: int) -> int:
    """The instant up to which days may have been counted, now."""
    return (now_ms + LEAD_MS) // _STEP_MS * _STEP_MS


def kept_from(now_ms: int, detail_days: int) -> int:
    """The first local day that may be kept now, in any zone."""
    return now_ms // DAY_MS - detail_days - 1


def shape_over(plan: Plan, first_day: int, upto_ms: int) -> PlanShape:
    """The shape of a plan over these days, to be compared with a stored one."""
    entries = plan.roster.entries()
    spans = merged_spans(
        (entry, entry.from_day, end if entry.until_day is None else min(entry.until_day, end))
        for entry in entries
        for end in [_end(entry.team.site.zone, upto_ms)]
        if entry.from_day is None or entry.from_day < end
    )
    named = {span[1] for span in spans}
    zones = {plan.default_zone} | {
        entry.team.site.zone for entry in entries if entry.team.site.zone.name in named
    }
    return PlanShape(
        first_day=first_day,
        upto_ms=upto_ms,
        default_zone=plan.default_zone.name,
        dispositions=_hash({code: sorted(flags) for code, flags in plan.dispositions.items()}),
        reversals=plan.reversals,
        roster=_hash(spans),
        zones={zone.name: list(_runs(zone, first_day, _end(zone, upto_ms))) for zone in zones},
    )


def plan_changes(stored: PlanShape, found: PlanShape, first_day: int) -> list[str]:
    """What differs, in words, of the days from `first_day` on; both shapes up to one instant."""
    changes = []
    if found.default_zone != stored.default_zone:
        changes.append(
            f"the zone of whoever the plan does not place is {found.default_zone}, "
            f"it was {stored.default_zone}"
        )
    if found.dispositions != stored.dispositions:
        changes.append("dispositions have other flags")
    if found.reversals != stored.reversals:
        changes.append(f"deals.reversals is {found.reversals}, it was {stored.reversals}")
    if found.roster != stored.roster:
        last = date_of(stored.upto_ms // DAY_MS)
        changes.append(f"the roster says something else of local days up to {last}")
    changes += [
        f"days of {name} begin at other instants than before (another release of tzdata?)"
        for name in sorted(stored.zones.keys() & found.zones.keys())
        if _from(stored.zones[name], first_day) != _from(found.zones[name], first_day)
    ]
    return changes


def fingerprint(shape: PlanShape) -> str:
    """A short name of a shape, to tell plans apart at a glance."""
    return _hash((shape.default_zone, shape.dispositions, shape.reversals, shape.roster))[:16]


def days_begun(plan: Plan, upto_ms: int) -> dict[str, int]:
    """Zone to the first local day that has not begun there by `upto_ms`."""
    zones = {plan.default_zone} | {entry.team.site.zone for entry in plan.roster.entries()}
    return {zone.name: _end(zone, upto_ms) for zone in zones}


def _end(zone: Zone, upto_ms: int) -> int:
    return zone.day_of(upto_ms) + 1


def _runs(zone: Zone, first: int, end: int) -> Iterator[tuple[int, int]]:
    held: int | None = None
    for day in range(first, end):
        ahead_ms = _begins(zone, day) - day * DAY_MS
        if ahead_ms != held:
            held = ahead_ms
            yield day, ahead_ms


def _begins(zone: Zone, day: int) -> int:
    """`Zone.first_at` of a midnight, without its search where the offset does not change."""
    midnight_ms = day * DAY_MS
    offset_ms = zone.offset_ms(midnight_ms - _FARTHEST_MS)
    if offset_ms == zone.offset_ms(midnight_ms + _FARTHEST_MS):
        return midnight_ms - offset_ms
    return zone.first_at(midnight_ms)


def _from(runs: list[tuple[int, int]], first_day: int) -> list[tuple[int, int]]:
    """The runs from a day on, the one under way cut to begin there."""
    before = [ahead for day, ahead in runs if day <= first_day][-1:]
    return [(first_day, ahead) for ahead in before] + [run for run in runs if run[0] > first_day]


def _hash(what: object) -> str:
    return hashlib.sha256(json.encode(what, order="deterministic")).hexdigest()
