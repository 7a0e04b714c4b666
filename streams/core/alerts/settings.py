"""The section `[alerts]` of the plan: when a drop of conversion is told, and of whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from streams.core.calendar import HOUR_MS, MINUTE_MS
from streams.core.plan_problems import Problems, join


class Limits(NamedTuple):
    """Mean number of contacts between false words of each kind; `recovered` of one still low.

    `guard`: down to this share of the usual is no drop.
    """

    red: float
    amber: float
    recovered: float
    guard: float


class AlertSettings(Struct, frozen=True, kw_only=True):
    """How drops of conversion are found; the defaults are those that were measured.

    `red`, `amber`: mean number of contacts between false alarms at a right baseline. `recovered`:
    the same between false all-clears of a rep who still sells at the middle ratio. `team_days`: of
    a whole team, the mean number of its working days between false alarms. `ratios`: the
    drops looked for, as shares of a rep's usual conversion. `guard`, `team_guard`: down to this
    share is no drop; of a team it may be another campaign.
    `grace_minutes`: age at which a contact is scored and its deals are counted. A baseline is the
    `baseline_days` working days before the last `baseline_lag_days`, an older day counting 5 % less
    than the next; with fewer than `minimum_days`
    of them, or than `minimum_contacts`, the rep is still learned. Below `minimum_team` reps the
    floor stands for the team. For `moved_days` working days after a move nothing is scored.
    `half_life_hours`: the memory of the team's level, which must not outlive a campaign: with 2 the
    floors of real outcomes had twice the false alarms, with 1 simulated ones had no more.
    `window_hours`: how long after a contact a deal of the same lead or customer belongs to it.
    """

    red: float = 8000.0
    amber: float = 1000.0
    recovered: float = 400.0
    team_days: int = 60
    team_guard: float = 0.75
    ratios: tuple[float, float, float] = (0.4, 0.55, 0.7)
    guard: float = 0.9
    grace_minutes: int = 45
    half_life_hours: float = 1.0
    baseline_days: int = 60
    baseline_lag_days: int = 10
    minimum_days: int = 10
    minimum_contacts: int = 400
    minimum_team: int = 10
    moved_days: int = 10
    window_hours: int = 24

    @property
    def of_rep(self) -> Limits:
        """What a rep's evidence is held against."""
        return Limits(self.red, self.amber, self.recovered, self.guard)

    def of_team(self, contacts_a_day: float) -> Limits:
        """What a team's evidence is held against; the three stand to each other as a rep's do."""
        red = self.team_days * contacts_a_day
        share = red / self.red
        return Limits(red, share * self.amber, share * self.recovered, self.team_guard)

    @property
    def grace_ms(self) -> int:
        """Age at which a contact is scored, ms."""
        return self.grace_minutes * MINUTE_MS

    @property
    def window_ms(self) -> int:
        """How long after a contact a deal may still belong to it, ms."""
        return self.window_hours * HOUR_MS


# Key: (lowest, highest), both allowed. Whole numbers where the default is one.
_RANGES: dict[str, tuple[float, float]] = {
    "red": (10, 1e9),
    "amber": (10, 1e9),
    "recovered": (10, 1e9),
    "team_days": (1, 1000),
    "team_guard": (0.5, 1),
    "guard": (0.5, 1),
    "grace_minutes": (0, 24 * 60),
    "half_life_hours": (0.25, 1000),
    "baseline_days": (1, 120),
    "baseline_lag_days": (0, 60),
    "minimum_days": (1, 120),
    "minimum_contacts": (1, 1_000_000),
    "minimum_team": (2, 10_000),
    "moved_days": (0, 120),
    "window_hours": (1, 24 * 7),
}
_RATIO = (0.05, 0.95)


def read_alerts(value: object, problems: Problems) -> AlertSettings:
    """The settings of a plan's section; defaults for what it does not say, and for faults."""
    table = problems.table("alerts", value, (*_RANGES, "ratios"))
    default = AlertSettings()
    read: dict[str, float] = {
        key: _number(table, key, getattr(default, key), problems) for key in _RANGES
    }
    days = read["baseline_days"]
    if read["minimum_days"] > days:
        rule = (
            f"minimum_days ({read['minimum_days']}) must be at most baseline_days ({days}): "
            "nobody would ever be learned"
        )
        _clash(table, ("minimum_days", "baseline_days"), rule, problems)
    if read["amber"] >= read["red"]:
        rule = f"amber ({read['amber']:g}) must be below red ({read['red']:g})"
        _clash(table, ("amber", "red"), rule, problems)
    return AlertSettings(
        red=read["red"],
        amber=read["amber"],
        recovered=read["recovered"],
        team_days=int(read["team_days"]),
        team_guard=read["team_guard"],
        ratios=_ratios(table.get("ratios"), default.ratios, problems),
        guard=read["guard"],
        grace_minutes=int(read["grace_minutes"]),
        half_life_hours=read["half_life_hours"],
        baseline_days=int(days),
        baseline_lag_days=int(read["baseline_lag_days"]),
        minimum_days=int(read["minimum_days"]),
        minimum_contacts=int(read["minimum_contacts"]),
        minimum_team=int(read["minimum_team"]),
        moved_days=int(read["moved_days"]),
        window_hours=int(read["window_hours"]),
    )


def _number(table: Mapping[str, object], key: str, default: float, problems: Problems) -> float:
    value = table.get(key, default)
    low, high = _RANGES[key]
    whole = isinstance(default, int)
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        rule = f"must be {kind} from {low:,g} to {high:,g}; the default is {default:g}"
        problems.wrong(join("alerts", key), value, rule)
        return default
    return value if whole else float(value)


def _clash(
    table: Mapping[str, object], pair: tuple[str, str], rule: str, problems: Problems
) -> None:
    """Note that two keys do not go together, at the one that the plan names."""
    named = pair[0] if pair[0] in table or pair[1] not in table else pair[1]
    problems.add(join("alerts", named), rule)


def _ratios(
    value: object, default: tuple[float, float, float], problems: Problems
) -> tuple[float, float, float]:
    if value is None:
        return default
    low, high = _RATIO
    numbers = value if isinstance(value, list) else []
    good = [
        float(one)
        for one in numbers
        if isinstance(one, int | float) and not isinstance(one, bool) and low <= one <= high
    ]
    if len(numbers) != len(default) or len(set(good)) != len(default):
        rule = f"must be three different numbers from {low} to {high}, such as [0.4, 0.55, 0.7]"
        problems.wrong("alerts.ratios", value, rule)
        return default
    first, second, third = sorted(good)
    return first, second, third
