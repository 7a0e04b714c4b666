"""The alerts that somebody may see, and what a page is sent of them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, json, structs

from sinks.wallboard.scope import Scope
from sinks.wallboard.wire import Message
from streams.core.alerts.book import OPEN, Entry, EntryState

MOST = 200
"""Alerts a page lists; badges are of all that are open."""
_OF_PEOPLE = frozenset({"ack", "comment", "mute", "unmute"})
_URGENT: tuple[EntryState, ...] = (*OPEN, "recovered", "cleared")


class Badge(Struct, frozen=True, omit_defaults=True):
    """The most urgent open alert of a rep or a team; `muted`: nobody is told of it now."""

    state: EntryState
    muted: bool = False


class AlertsShown(Struct, frozen=True):
    """What a page is sent: the most urgent alerts first, of equals the newest.

    `total` is how many there are beside those in `entries`, too; `unseen` how many reds nobody has
    in hand. `reps` and `teams` are ids to badges.
    """

    entries: list[Entry]
    total: int
    unseen: int
    reps: dict[str, Badge]
    teams: dict[str, Badge]


def entries_for(entries: Iterable[Entry], scope: Scope) -> list[Entry]:
    """The alerts that somebody may see, the newest first.

    What people said is for whoever leads the team: a rep sees the own alerts without it.
    """
    out = []
    for entry in entries:
        alert = entry.alert
        if scope.allows_team(alert.team_id):
            out.append(entry)
        elif alert.rep_id and scope.allows_rep(alert.rep_id, alert.team_id):
            life = tuple(one for one in entry.life if one.what not in _OF_PEOPLE)
            out.append(structs.replace(entry, life=life))
    return out


def alerts_shown(entries: Iterable[Entry]) -> AlertsShown:
    """What a page is sent of these."""
    ordered = sorted(entries, key=lambda one: _URGENT.index(one.state))  # stable: newest first
    reps: dict[str, Badge] = {}
    teams: dict[str, Badge] = {}
    for one in ordered:
        if one.state in OPEN and (one.alert.rep_id or one.alert.team_id):
            badges, about = (
                (reps, one.alert.rep_id) if one.alert.rep_id else (teams, one.alert.team_id)
            )
            badges.setdefault(about, Badge(one.state, one.muted_until_ms > 0))
    return AlertsShown(
        entries=ordered[:MOST],
        total=len(ordered),
        unseen=sum(one.unseen for one in ordered),
        reps=reps,
        teams=teams,
    )


def alerts_message(entries: Iterable[Entry], scope: Scope) -> Message:
    """The message with all alerts of a scope; it has no id, for the next one replaces it."""
    shown = alerts_shown(entries_for(entries, scope))
    return Message(b"event: alerts\ndata: " + json.encode(shown) + b"\n\n")
