"""The floor that is simulated: its sites, shifts, teams and reps with their skills."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from producers.simulator.draws import Draws

_MINUTES_A_DAY = 1_440
_EPOCH = date(1970, 1, 1)
_SITES_FROM_TEAMS = 4
"""From so many teams on the floor has a third site."""

_SITES = (
    ("shanghai", "Asia/Shanghai", "CNY", 700),
    ("new-york", "America/New_York", "USD", 100),
    ("berlin", "Europe/Berlin", "EUR", 90),
)
_GIVEN = (
    *("Ada", "Bo", "Chen", "Dana", "Emil", "Fatima", "Grace", "Hugo", "Ines", "Jun"),
    *("Kofi", "Li", "Mira", "Noor", "Otto", "Priya", "Rosa", "Sam", "Tariq", "Yuki"),
)
_FAMILY = (
    *("Adler", "Braun", "Cruz", "Diaz", "Evans", "Fischer", "Guo", "Hoffmann", "Ito", "Jansen"),
    *("Khan", "Lopez", "Meyer", "Novak", "Okafor", "Park", "Rossi", "Silva", "Tan", "Wang"),
)
_TEAMS = ("North", "East", "South", "West", "Harbour", "River", "Hill", "Garden")


class Shift(Struct, frozen=True):
    """When a site works, in minutes of its local day; past 1440 it ends on the next one.

    `weekdays` are the days it starts on, Monday = 0. Activity follows the share of the shift that
    has passed, so the dip of lunch comes at 12:00 of a shift from 09:00 to 18:00.
    """

    name: str
    start_minute: int
    end_minute: int
    weekdays: tuple[int, ...]

    def bounds_ms(self, zone: str, day: int) -> tuple[int, int]:
        """Start and end of the shift of a local day (days since 1970-01-01), UTC ms."""
        midnight = datetime.combine(_EPOCH + timedelta(days=day), time(), ZoneInfo(zone))
        start, end = (
            midnight + timedelta(minutes=minute) for minute in (self.start_minute, self.end_minute)
        )
        return int(start.timestamp() * 1000), int(end.timestamp() * 1000)

    def works_on(self, day: int) -> bool:
        """Whether the shift starts on this local day."""
        return (_EPOCH + timedelta(days=day)).weekday() in self.weekdays


class Site(Struct, frozen=True):
    """A place with a zone, a currency and a shift; prices there are `price_scale` per cent."""

    id: str
    zone: str
    currency: str
    price_scale: int
    shift: Shift


class Team(Struct, frozen=True):
    """A team at a site."""

    id: str
    name: str
    site: Site


class Drop(Struct, frozen=True):
    """From `from_ms` on (UTC) a rep makes only this share of the sales that there would be."""

    share: float
    from_ms: int


class Rep(Struct, frozen=True):
    """A rep and what makes this one different from the others.

    `pace` scales the time between calls, `connect` is the chance that a dial reaches a human,
    `conversion` that a contact buys; `satisfaction` lies in 0-1, `talk_ms` is a contact's median.
    `drop` is what alerts are to find.
    """

    id: str
    number: int
    name: str
    team: Team
    pace: float
    connect: float
    conversion: float
    talk_ms: float
    satisfaction: float
    drop: Drop | None = None


class FloorProfile(Struct, frozen=True):
    """A whole floor: equal profiles give equal events.

    `lively` is 1 for a real floor. Above, calls are that much shorter and closer together,
    follow-ups come in minutes instead of hours, and more deals have a second life, so that one
    minute of watching shows everything move (4 does it for 36 reps).
    """

    seed: int
    sites: tuple[Site, ...]
    teams: tuple[Team, ...]
    reps: tuple[Rep, ...]
    lively: float = 1.0
    visits: bool = False

    @property
    def hurry(self) -> float:
        """How much faster follow-ups come than on a real floor; at `lively` 4, 32 times."""
        return math.pow(self.lively, 2.5)


def floor_profile(
    reps: int,
    teams: int,
    seed: int,
    *,
    lively: float = 1.0,
    visits: bool = False,
    around_ms: int | None = None,
) -> FloorProfile:
    """A floor of `reps` in `teams` at two sites in two time zones (three from four teams on).

    Shifts are 09:00-18:00, Monday to Saturday. With `around_ms` every site instead works twelve
    hours a day of which two to three have passed at that time, whatever the hour is there.
    Raises ValueError when a team would be empty or `lively` lies below 1.
    """
    if not 1 <= teams <= reps:
        msg = f"a floor needs 1 to {reps} teams for {reps} reps, not {teams}"
        raise ValueError(msg)
    if lively < 1:
        msg = f"lively must be 1 or more, not {lively}"
        raise ValueError(msg)
    count = min(teams, 3 if teams >= _SITES_FROM_TEAMS else 2)
    sites = tuple(
        Site(name, zone, currency, scale, _shift(zone, around_ms))
        for name, zone, currency, scale in _SITES[:count]
    )
    floor_teams = tuple(_team(number, sites) for number in range(teams))
    roster = tuple(_rep(number, seed, floor_teams[number % teams]) for number in range(reps))
    return FloorProfile(seed, sites, floor_teams, roster, lively, visits)


def with_drops(profile: FloorProfile, drops: Mapping[str, Drop]) -> FloorProfile:
    """The floor with reps who sell less from some moment on; raises ValueError for unknown reps."""
    unknown = sorted(set(drops) - {rep.id for rep in profile.reps})
    if unknown:
        last = profile.reps[-1].id
        msg = f"there is no rep {', '.join(unknown)}: reps are {profile.reps[0].id} to {last}"
        raise ValueError(msg)
    reps = tuple(structs.replace(rep, drop=drops.get(rep.id)) for rep in profile.reps)
    return structs.replace(profile, reps=reps)


def running_since(profile: FloorProfile, now_ms: int) -> int:
    """The earliest start of the shifts that run at `now_ms`; `now_ms` itself when none does."""
    starts = [now_ms]
    for site in profile.sites:
        today = local_day(site.zone, now_ms)
        for day in (today - 1, today):
            start, end = site.shift.bounds_ms(site.zone, day)
            if site.shift.works_on(day) and start <= now_ms < end:
                starts.append(start)
    return min(starts)


def local_day(zone: str, at_ms: int) -> int:
    """The local date at an instant, as days since 1970-01-01."""
    return (datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date() - _EPOCH).days


def day_start_ms(zone: str, day: date) -> int:
    """The instant a local date begins, UTC ms."""
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp() * 1000)


def _shift(zone: str, around_ms: int | None) -> Shift:
    if around_ms is None:
        return Shift("day", 9 * 60, 18 * 60, (0, 1, 2, 3, 4, 5))
    hour = datetime.fromtimestamp(around_ms / 1000, ZoneInfo(zone)).hour
    start = (hour - 2) * 60 % _MINUTES_A_DAY
    return Shift("now", start, start + 12 * 60, tuple(range(7)))


def _team(number: int, sites: tuple[Site, ...]) -> Team:
    name = _TEAMS[number % len(_TEAMS)]
    if number >= len(_TEAMS):
        name += f" {number // len(_TEAMS) + 1}"
    return Team(name.lower().replace(" ", "-"), name, sites[number % len(sites)])


def _rep(number: int, seed: int, team: Team) -> Rep:
    draws = Draws(seed, "rep", number)
    name = f"{draws.pick(_GIVEN)} {draws.pick(_FAMILY)}"
    return Rep(
        id=f"r-{number + 1:04d}",
        number=number,
        name=name,
        team=team,
        pace=draws.between(0.8, 1.25),
        connect=draws.between(0.28, 0.42),
        conversion=draws.spread(0.08, 0.3),
        talk_ms=draws.between(80_000, 150_000),
        satisfaction=draws.between(0.6, 0.95),
    )
