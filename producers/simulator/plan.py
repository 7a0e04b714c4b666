"""The plan file that goes with a simulated floor: sites, teams, roster, dispositions."""

from __future__ import annotations

import json

from producers.simulator.profile import FloorProfile

_MINUTES_A_DAY = 1_440
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DISPOSITIONS = (
    ("SALE", ("contact", "positive")),
    ("NI", ("contact", "negative")),
    ("CB", ("contact", "callback")),
    ("INFO", ("contact",)),
    ("DNC", ("contact", "negative", "do_not_call")),
    ("WRONG", ("unworkable",)),
    ("DC", ("unworkable",)),
    ("AM", ()),
    ("NA", ()),
    ("B", ()),
)


def plan_text(profile: FloorProfile) -> str:
    """The plan as TOML; its teams and reps are exactly those of the profile."""
    lines = ["# The plan of a simulated floor."]
    for site in profile.sites:
        shift = site.shift
        days = ", ".join(f'"{_DAYS[weekday]}"' for weekday in shift.weekdays)
        lines += [
            "",
            f"[sites.{site.id}]",
            f'zone = "{site.zone}"',
            f'shifts = [{{ name = "{shift.name}", start = "{_clock(shift.start_minute)}", '
            f'end = "{_clock(shift.end_minute)}", days = [{days}] }}]',
        ]
    for team in profile.teams:
        lines += [
            "",
            f"[teams.{team.id}]",
            f'site = "{team.site.id}"',
            f"name = {_text(team.name)}",
        ]
    for rep in profile.reps:
        lines += [
            "",
            "[[roster]]",
            f'rep = "{rep.id}"',
            f'team = "{rep.team.id}"',
            f"name = {_text(rep.name)}",
        ]
    lines += ["", "[dispositions]"]
    for code, flags in _DISPOSITIONS:
        lines.append(f"{code} = [{', '.join(_text(flag) for flag in flags)}]")
    return "\n".join(lines) + "\n"


def _clock(minute: int) -> str:
    return f"{minute % _MINUTES_A_DAY // 60:02}:{minute % 60:02}"


def _text(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)
