"""The family `floorcast_rep_alert` of `/metrics/reps`: what is open now, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sinks.exposition import escaped, gauge
from sinks.rep_label import RepLabel, shown_id
from streams.core.alerts.book import Entry

NAME = "floorcast_rep_alert"
SHOWN = frozenset({"red", "acknowledged", "amber"})
"""States of an entry that is open."""


def alert_family(entries: Iterable[Entry], rep_label: RepLabel) -> str:
    """Open alerts by kind, site, team, rep and level; a team's own have no rep."""
    found = Counter(_labels(one, rep_label) for one in entries if one.state in SHOWN)
    return gauge(
        NAME,
        "Open alerts; 1 a rep and level, and their number where reps are not named.",
        [f"{{{labels}}} {number}\n" for labels, number in sorted(found.items())],
    )


def _labels(entry: Entry, rep_label: RepLabel) -> str:
    alert = entry.alert
    pairs = (
        ("kind", alert.kind),
        ("site", alert.site_id),
        ("team", alert.team_id),
        ("rep", shown_id(alert.rep_id, rep_label)),
        ("level", alert.level),
    )
    return ",".join(f'{name}="{escaped(value)}"' for name, value in pairs if value)
