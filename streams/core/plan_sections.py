"""The sections of a plan file, checked one by one: no fault stops the rest from being read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from itertools import combinations
from typing import Literal, get_args

from streams.core.calendar import Shift, Zone, date_of, day_number
from streams.core.errors import SettingsError
from streams.core.plan_problems import Problems, join
from streams.core.roster import DEFAULT_SITE, Entry, Site, Team

Reversals = Literal["restate", "contra"]
"""Reversed deals count on the day of the close (restate) or of the reversal (contra)."""

FLAGS = ("contact", "positive", "negative", "callback", "do_not_call", "unworkable")
"""What a disposition may say of a call."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNASSIGNED = "unassigned"
_DAY_MINUTES = 24 * 60
_FIRST_YEAR = 1970
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


def read_sites(value: object, problems: Problems) -> dict[str, Site | None]:
    """Sites by id; None for one with a fault, so that its teams are not faulted too."""
    sites: dict[str, Site | None] = {}
    for site_id, content in problems.table("sites", value).items():
        where = join("sites", site_id)
        sites[site_id] = None
        table = problems.table(where, content, ("zone", "shifts"))
        if site_id == DEFAULT_SITE:
            problems.add(where, "this id stands for reps outside the roster; choose another")
        shifts = _shifts(where, table.get("shifts", []), problems)
        name = problems.text(where, table, "zone")
        if name is not None:
            try:
                sites[site_id] = Site(site_id, Zone(name), shifts)
            except SettingsError as error:
                problems.add(where, str(error))
    return sites


def _shifts(where: str, value: object, problems: Problems) -> tuple[Shift, ...]:
    shifts: list[Shift] = []
    known = ("name", "start", "end", "days")
    for place, table in problems.tables(f"{where}.shifts", value, known):
        name = problems.text(place, table, "name")
        start, end = (_minute(place, table, key, problems) for key in ("start", "end"))
        days = _weekdays(place, table.get("days", list(WEEKDAYS)), problems)
        if name is None or start is None or end is None:
            continue
        if name in {shift.name for shift in shifts}:
            problems.wrong(f"{place}.name", name, "this site has a shift of that name already")
        if start == end:
            problems.wrong(f"{place}.end", table["end"], "must differ from start")
        shifts.append(Shift(name, start, end if end > start else end + _DAY_MINUTES, days))
    return tuple(shifts)


def _minute(where: str, table: Mapping[str, object], key: str, problems: Problems) -> int | None:
    value = table.get(key)
    if value is None:
        problems.add(where, f"{key} is missing")
        return None
    if (
        not isinstance(value, str)
        or not _TIME.fullmatch(value)
        or (key, value) == ("start", "24:00")
    ):
        problems.wrong(f"{where}.{key}", value, 'must be a time in quotes, such as "08:30"')
        return None
    hours, minutes = value.split(":")
    return int(hours) * 60 + int(minutes)


def _weekdays(where: str, value: object, problems: Problems) -> frozenset[int]:
    if not isinstance(value, list) or not value or any(day not in WEEKDAYS for day in value):
        rule = f"must be a list of some of {', '.join(WEEKDAYS)}"
        problems.wrong(f"{where}.days", value, rule)
        return frozenset()
    return frozenset(WEEKDAYS.index(day) for day in value)


def read_teams(
    value: object, sites: Mapping[str, Site | None], problems: Problems
) -> dict[str, Team | None]:
    """Teams by id; None for one with a fault, so that its reps are not faulted too."""
    teams: dict[str, Team | None] = {}
    for team_id, content in problems.table("teams", value).items():
        where = join("teams", team_id)
        teams[team_id] = None
        table = problems.table(where, content, ("site", "name"))
        if team_id == UNASSIGNED:
            problems.add(where, "this id stands for reps without a team; choose another")
        name = problems.label(where, table, "name") or team_id
        site_id = problems.text(where, table, "site")
        if site_id is None:
            continue
        if site_id not in sites:
            problems.unknown(f"{where}.site", site_id, "site", sites)
        elif (site := sites[site_id]) is not None:
            teams[team_id] = Team(team_id, site, name)
    return teams


def read_roster(value: object, teams: Mapping[str, Team | None], problems: Problems) -> list[Entry]:
    """The roster's entries that have no fault."""
    own: dict[str, list[tuple[str, Entry]]] = {}
    for place, table in problems.tables("roster", value, ("rep", "team", "name", "from", "until")):
        rep_id = problems.text(place, table, "rep")
        where = place if rep_id is None else f"{place} ({rep_id})"
        team_id = problems.text(where, table, "team")
        name = problems.label(where, table, "name")
        start, end = (_day(where, table, key, problems) for key in ("from", "until"))
        if start is not None and end is not None and start >= end:
            problems.wrong(f"{where}.until", date_of(end), "must be later than from")
            continue
        if team_id is not None and team_id not in teams:
            problems.unknown(f"{where}.team", team_id, "team", teams)
        team = teams.get(team_id or "")
        if rep_id is not None and team is not None:
            own.setdefault(rep_id, []).append((place, Entry(rep_id, team, name, start, end)))
    for rep_id, entries in own.items():
        for (first, one), (second, other) in combinations(entries, 2):
            if one.overlaps(other):
                rule = f"overlaps {first}: give one an until and the other a later from"
                problems.add(f"{second} ({rep_id})", rule)
    return [entry for entries in own.values() for _, entry in entries]


def _day(where: str, table: Mapping[str, object], key: str, problems: Problems) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime) or value.year < _FIRST_YEAR:
        rule = f"must be a date without quotes from {_FIRST_YEAR} on, such as 2026-01-31"
        problems.wrong(f"{where}.{key}", value, rule)
        return None
    return day_number(value)


def read_dispositions(value: object, problems: Problems) -> dict[str, frozenset[str]]:
    """Disposition code to flags; a code without flags is mapped, and no contact."""
    dispositions: dict[str, frozenset[str]] = {}
    for code, flags in problems.table("dispositions", value).items():
        where = join("dispositions", code)
        if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
            problems.wrong(where, flags, 'must be a list of flags, such as ["positive"]')
            continue
        for flag in flags:
            if flag not in FLAGS:
                problems.unknown(where, flag, "flag", FLAGS)
        if {"positive", "negative"} <= set(flags):
            problems.add(where, "a call cannot be both positive and negative; keep one")
        dispositions[code] = frozenset(flags)
    return dispositions


def read_reversals(value: object, problems: Problems) -> Reversals:
    """How reversed deals are dated; restate when the plan does not say."""
    table = problems.table("deals", value, ("reversals",))
    mode = table.get("reversals", "restate")
    if mode == "contra":
        return "contra"
    if mode != "restate":
        rule = f"must be one of {', '.join(get_args(Reversals))}"
        problems.wrong("deals.reversals", mode, rule)
    return "restate"
