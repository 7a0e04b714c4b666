"""The plan: sites, teams, roster, what dispositions mean, alerts, as one validated TOML text."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping

from msgspec import json

from streams.core.alerts.settings import AlertSettings, read_alerts
from streams.core.calendar import DAY_MS, Zone
from streams.core.errors import PlanError
from streams.core.plan_problems import Problems
from streams.core.plan_sections import (
    Reversals,
    read_dispositions,
    read_reversals,
    read_roster,
    read_sites,
    read_teams,
)
from streams.core.roster import DEFAULT_SITE, Entry, Place, Roster, Site, Team

__all__ = ["Place", "Plan", "Site", "Team", "parse_plan"]

_SECTIONS = ("sites", "teams", "roster", "dispositions", "deals", "alerts")


class Plan:
    """A plan without faults. `default_zone` is the zone of reps outside the roster.

    `dispositions` is code to flags; `reversals` says how cancelled and refunded deals are dated;
    `alerts` says when a drop of conversion is told, and shapes no contribution.
    """

    def __init__(
        self,
        default_zone: Zone,
        *,
        sites: Mapping[str, Site],
        teams: Mapping[str, Team],
        entries: Iterable[Entry],
        dispositions: Mapping[str, frozenset[str]],
        reversals: Reversals,
        alerts: AlertSettings | None = None,
    ) -> None:
        self.default_zone = default_zone
        self.sites = dict(sites)
        self.teams = dict(teams)
        self.dispositions = dict(dispositions)
        self.reversals: Reversals = reversals
        self.alerts = alerts or AlertSettings()
        self.roster = Roster(entries, Site(DEFAULT_SITE, default_zone))

    @classmethod
    def empty(cls, default_zone: str) -> Plan:
        """The plan of a floor that has none; raises SettingsError when there is no such zone."""
        return cls(
            Zone(default_zone), sites={}, teams={}, entries=(), dispositions={}, reversals="restate"
        )

    def place(self, rep_id: str, at_ms: int) -> Place:
        """Where a rep belongs at an instant; outside the roster site `default`, and no team."""
        return self.roster.place(rep_id, at_ms)

    def fixed_place(self, rep_id: str) -> Place | None:
        """Where a rep belongs for all time; None when that depends on the time."""
        return self.roster.fixed_place(rep_id)

    def name_of(self, rep_id: str) -> str | None:
        """The name of a rep in the roster, for boards."""
        return self.roster.name_of(rep_id)

    def called(self, rep_id: str, team_id: str) -> str:
        """What to call a rep, or with `rep_id` "" a team, in a sentence: the name, else the id."""
        if rep_id:
            return self.name_of(rep_id) or rep_id
        team = self.teams.get(team_id)
        return (team.name if team else "") or team_id

    def reps(self) -> list[str]:
        """Every rep of the roster, sorted."""
        return self.roster.reps()

    def fingerprint(self, days: tuple[int, int] | None = None) -> str:
        """A hash, in hex, of all that decides what an event adds to which rep and local day.

        That is: in which zone each rep is on the roster when, the zone of everybody else, what
        dispositions mean, how reversals are dated. Labels, shifts and moves between teams of one
        zone are not part of it. With `days`, half-open local days, only what the roster says of
        these counts, and the moments at which these days begin in each zone do too: a later entry
        changes nothing, a corrected zone rule does.
        """
        held = [(entry, *_clipped(entry, days)) for entry in self.roster.entries()]
        held = [one for one in held if one[1] is None or one[2] is None or one[1] < one[2]]
        zones = {self.default_zone} | {entry.team.site.zone for entry, _, _ in held}
        spans = merged_spans(held)
        first, last_day = days or (0, -1)
        shape = (
            "plan 1",
            self.default_zone.name,
            {z.name: [z.first_at(d * DAY_MS) for d in range(first, last_day + 1)] for z in zones},
            spans,
            {code: sorted(flags) for code, flags in self.dispositions.items()},
            self.reversals,
        )
        return hashlib.sha256(json.encode(shape, order="deterministic")).hexdigest()


def merged_spans(
    entries: Iterable[tuple[Entry, int | None, int | None]],
) -> list[tuple[str, str, int | None, int | None]]:
    """(rep, zone, first day, end) of (entry, first day, end), by rep and then by time.

    Neighbours in one zone are one span: moves between teams of a zone shape nothing.
    """
    spans: list[tuple[str, str, int | None, int | None]] = []
    for entry, start, end in entries:
        rep, zone = entry.rep_id, entry.team.site.zone.name
        if spans and spans[-1][:2] == (rep, zone) and spans[-1][3] == start:
            spans.append((rep, zone, spans.pop()[2], end))
        else:
            spans.append((rep, zone, start, end))
    return spans


def _clipped(entry: Entry, days: tuple[int, int] | None) -> tuple[int | None, int | None]:
    if days is None:
        return entry.from_day, entry.until_day
    first, end = days
    return (
        first if entry.from_day is None else max(entry.from_day, first),
        end if entry.until_day is None else min(entry.until_day, end),
    )


def parse_plan(text: str, default_zone: str) -> Plan:
    """Read a plan; raises PlanError with every problem in it.

    `default_zone` comes from the settings; raises SettingsError when there is no such zone.
    """
    zone = Zone(default_zone)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"plan: not TOML: {error}"
        raise PlanError([msg]) from error
    problems = Problems()
    problems.known_keys("", content, _SECTIONS)
    sites = read_sites(content.get("sites", {}), problems)
    teams = read_teams(content.get("teams", {}), sites, problems)
    entries = read_roster(content.get("roster", []), teams, problems)
    dispositions = read_dispositions(content.get("dispositions", {}), problems)
    reversals = read_reversals(content.get("deals", {}), problems)
    alerts = read_alerts(content.get("alerts", {}), problems)
    if problems.lines:
        raise PlanError(problems.lines)
    return Plan(
        zone,
        sites={name: site for name, site in sites.items() if site is not None},
        teams={name: team for name, team in teams.items() if team is not None},
        entries=entries,
        dispositions=dispositions,
        reversals=reversals,
        alerts=alerts,
    )
