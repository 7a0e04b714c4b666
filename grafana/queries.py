"""PromQL about people: the floor, a team, a rep.

Sums come from the rules of `recording.py`; ratios are sums divided by sums. A rep may show on two
workers for the moment in which a partition changes hands, so what asks for a rep's own series takes
one of them (`max by (rep)`). Where no rep series are exported (`rep_label = "off"`) the sums are
those of the team series, which have no site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from grafana import recording as r

TEAMS = f"label_values({r.recorded('today_contacts')}, team)"
SITES = f"label_values({r.REPS}, site)"
SITES_OF_TEAM = f'label_values({r.REPS}{{team="$team"}}, site)'
REPS = 'label_values(floorcast_rep_info{team=~"$team",site=~"$site"}, rep)'
TEAM_OF_REP = 'label_values(floorcast_rep_info{rep="$rep"}, team)'

NO_EXPONENT = "BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF"
EXPONENT_3 = "BHD|IQD|JOD|KWD|LYD|OMR|TND"
"""Currencies whose minor unit is not a hundredth (ISO 4217); amounts come in minor units."""


class People(Protocol):
    """Whose numbers are asked for; `suffix` is a family's name behind `floorcast_rep_`."""

    def count(self, suffix: str) -> str:
        """A count such as `today_contacts`."""

    def money(self, suffix: str, currencies: str) -> str:
        """An amount in minor units per currency that the matcher `currencies` lets through."""


@dataclass(frozen=True)
class Sum:
    """Everybody that `chosen` (matchers of team and site) lets through, in one number or `by`."""

    chosen: str
    by: str = ""

    def count(self, suffix: str) -> str:
        """A count of all of them."""
        over = f" by ({self.by})" if self.by else ""
        return f"sum{over} ({r.recorded(suffix)}{{{self.chosen}}})"

    def money(self, suffix: str, currencies: str) -> str:
        """An amount of all of them."""
        return f"sum by (currency) ({r.recorded(suffix)}{{{_both(self.chosen, currencies)}}})"


@dataclass(frozen=True)
class Each:
    """Each rep that `chosen` lets through."""

    chosen: str

    def count(self, suffix: str) -> str:
        """A count of each of them."""
        return f"max by (rep) (floorcast_rep_{suffix}{{{self.chosen}}})"

    def money(self, suffix: str, currencies: str) -> str:
        """An amount of each of them."""
        match = _both(self.chosen, currencies)
        return f"max by (rep, currency) (floorcast_rep_{suffix}{{{match}}})"


CHOSEN = Sum('team=~"$team",site=~"$site"')
BY_TEAM = Sum(CHOSEN.chosen, by="team")
EVERYBODY = Sum("")
OF_TEAM = Sum('team="$team",site=~"$site"')
TEAM_REPS = Each('team="$team",site=~"$site"')
REP = Each('rep="$rep"')
ITS_TEAM = Sum('team="$own_team"')
"""Whom each board is about, as chosen at its top."""


def net_deals(who: People, window: str = "today") -> str:
    """Deals closed less deals reversed in `today` or `trailing_60m`."""
    return f"({who.count(f'{window}_deals_gross')} - {who.count(f'{window}_deals_reversed')})"


def conversion(who: People, window: str = "today") -> str:
    """Net deals per contact, 0-1 (negative when more was reversed than closed)."""
    return f"{net_deals(who, window)} / {who.count(f'{window}_contacts')}"


def share(who: People, part: str, whole: str) -> str:
    """One count of today over another."""
    return f"{who.count(f'today_{part}')} / {who.count(f'today_{whole}')}"


def handle_time(who: People) -> str:
    """Average handle time in seconds: talk, hold and wrap-up per human-answered call."""
    spent = " + ".join(who.count(f"today_{one}_seconds") for one in ("talk", "hold", "wrap"))
    return f"({spent}) / {who.count('today_human_answered_calls')}"


def revenue(who: People) -> str:
    """Net revenue today per currency, in whole units of the currency."""
    kinds = (
        (f'currency=~"{NO_EXPONENT}"', ""),
        (f'currency=~"{EXPONENT_3}"', " / 1000"),
        (f'currency!~"{NO_EXPONENT}|{EXPONENT_3}"', " / 100"),
    )
    return " or ".join(f"{_net_revenue(who, match)}{scale}" for match, scale in kinds)


def names(who: Each) -> str:
    """Who each of them is: labels rep, name and team."""
    return f"max by (rep, name, team) (floorcast_rep_info{{{who.chosen}}})"


GAP = "30m"
"""An alert that is not seen for less than this has not begun anew: a restart of all workers."""


def open_alerts(match: str = "") -> str:
    """1 for each open alert, their number by team where reps are not named.

    Every worker shows all of them.
    """
    return f"max by (kind, site, team, rep, level) (floorcast_rep_alert{{{match}}})"


ABOUT_PEOPLE = 'kind!="deals_silent"'
"""Alerts of reps and teams; those of a site say that its feed is silent."""


def open_count(level: str) -> str:
    """How many reps and teams have an open alert of a level; 0 while rules are evaluated."""
    found = open_alerts(f'level="{level}",{ABOUT_PEOPLE}')
    return f"sum({found}) or 0 * {r.WORKERS}"


def open_by_team(level: str) -> str:
    """How many alerts of a level are open in each team that has any."""
    found = open_alerts(f'level="{level}",{ABOUT_PEOPLE}')
    return f"sum by (team) ({found})"


def begun(match: str) -> str:
    """1 for a minute where a red alert begins: of a rep, or of a team."""
    red = open_alerts(f'level="red",{match}')
    return f"{red} unless max_over_time({red}[{GAP}:1m] offset 1m)"


def scored_until() -> str:
    """Up to when all contacts are scored, in ms since 1970."""
    until = "floorcast_alerts_scored_until_timestamp_seconds"
    return f"1000 * min(max by (partition) ({until}))"


def left_out() -> str:
    """Rep series that `rep_series_limit` cuts off."""
    return "sum(floorcast_rep_series_dropped)"


def _net_revenue(who: People, match: str) -> str:
    gross, back = (
        who.money(f"today_revenue_{one}_minor_units", match) for one in ("gross", "reversed")
    )
    return f"({gross} - {back})"


def _both(chosen: str, more: str) -> str:
    return f"{chosen},{more}" if chosen else more
