"""What happens to a floor's detector between two local days: profiles, baselines, team sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean, pvariance

from streams.core.alerts.floor_watch import FLOOR, FloorWatch
from streams.core.alerts.rep_watch import RepWatch
from streams.core.alerts.settings import AlertSettings

LATELY_DAYS = 14
"""Local days without a contact after which a rep no longer counts in the size of the team."""
FORGET_DAYS = 120
"""Local days without a contact after which a rep or a team starts anew: the baseline is of another
time."""
_LEAST_VARIANCE, _MOST_PULL = 0.005, 200.0
"""Bounds of the method of moments; below this variance reps are taken to be alike."""
_UNKNOWN_PULL = 10.0
"""Expected sales a rep is drawn by while too few are learned to tell how much reps differ."""
_FEW = 5


def begin_day(
    floor: FloorWatch, day: int, settings: AlertSettings
) -> list[tuple[str, str, RepWatch]]:
    """Close the day before, and make the rates and baselines of this one.

    Returns who is forgotten, by rep and team id.
    """
    whole = floor.groups.get(FLOOR)
    if whole is not None:
        whole.close_day(None)
    for team_id, group in floor.groups.items():
        if team_id != FLOOR:
            group.close_day(whole)
    gone = [
        (rep_id, rep.team_id, rep)
        for rep_id, rep in floor.reps.items()
        if day - rep.last_day > FORGET_DAYS
    ]
    gone += [
        ("", team_id, team)
        for team_id, team in floor.teams.items()
        if day - team.last_day > FORGET_DAYS
    ]
    for rep_id, team_id, _ in gone:
        if rep_id:
            del floor.reps[rep_id]
        else:
            del floor.teams[team_id]
    used = _used(floor)
    floor.groups = {name: group for name, group in floor.groups.items() if name in used}
    floor.campaigns.forget(day - FORGET_DAYS)
    for one in (*floor.reps.values(), *floor.teams.values()):
        one.close_day(settings)
    floor.sizes = dict(
        Counter(rep.team_id for rep in floor.reps.values() if day - rep.last_day <= LATELY_DAYS)
    )
    learned = [
        rep.usual() for rep in floor.reps.values() if rep.learned(settings) and rep.base_expected
    ]
    floor.pull = pull(learned)
    for rep in (*floor.reps.values(), *floor.teams.values()):
        sales, expected = rep.usual()
        rep.theta = (sales + floor.pull) / (expected + floor.pull)
    floor.day = day
    return gone


def _used(floor: FloorWatch) -> set[str]:
    """The groups that somebody is in, or has a part of; made anew they would not go with it."""
    everybody = (*floor.reps.values(), *floor.teams.values())
    return {FLOOR, *floor.teams, *(one.team_id for one in everybody), *(e.group for e in everybody)}


def pull(baselines: Sequence[tuple[float, float]]) -> float:
    """By how many expected sales a rep is drawn to the group: k of `theta = (S + k)/(E + k)`.

    `baselines` are (sales, expected sales > 0). Method of moments: the variance of S/E over reps,
    less what chance alone gives, is 1/k. Sums in which older days count less are taken to have the
    chance of so few sales: what reps change by on their own is then part of it.
    """
    if len(baselines) < _FEW:
        return _UNKNOWN_PULL
    ratios = [sales / expected for sales, expected in baselines]
    mean = fmean(ratios)
    chance = fmean(mean / expected for _, expected in baselines)
    return min(1.0 / max(pvariance(ratios, mean) - chance, _LEAST_VARIANCE), _MOST_PULL)
