"""What goes out on the topic `rep-alerts`: alerts, and what became of them, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct, json

from streams.core.alerts.activity_words import activity_text
from streams.core.alerts.also import Also
from streams.core.alerts.outcomes import (
    ActivityChanged,
    Alert,
    Cleared,
    FeedHeard,
    FeedSilent,
    Level,
    Metric,
    Outcome,
    Recovered,
    Restarted,
    Whose,
    alert_id,
    silence_id,
)
from streams.core.alerts.words import alert_text, heard_text, recovered_text, silent_text

Kind = Literal[
    "conversion_drop",
    "team_conversion_drop",
    "deals_silent",
    "connect_rate_drop",
    "dials_drop",
    "short_calls_rise",
]
State = Literal["red", "amber", "cleared", "recovered"]
Why = Literal["", "evidence", "again", "moved", "gone"]
NameOf = Callable[[str, str], str]
"""The name to call a rep by, or with rep_id "" a team: (rep_id, team_id) to words."""


class Usual(Struct, frozen=True, kw_only=True):
    """What a rep's usual conversion is taken from."""

    days: int
    contacts: int


class Counted(Struct, frozen=True, kw_only=True):
    """What of a team was counted: `seen` of `of`, where `expected` are usual.

    `connect_rate_drop`: connects of dials. `dials_drop`: dials of reps at work, each in every 5
    minutes. `short_calls_rise`: calls over at once of those that a person answered.
    """

    seen: int
    of: int
    expected: float


class RepAlert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be told of a rep, a team or a site.

    Kafka key: `rep_id`; `team_id` of a whole team; `site_id` where both are "".

    The same id means the same thing. `kind`: `conversion_drop` of a rep, `team_conversion_drop` of
    a whole team; `deals_silent`: no sale on the whole site, whose alerts wait; the others of what a
    team does, see `Counted`. `state`: `red` is a drop of conversion, told once; `amber` a colour,
    no message; `cleared` that an amber is none any more; `recovered` that a red is over. `ends` is
    the id of the alert that is over, of a red the amber it grew from; `why` it is over: `evidence`
    (sales are as usual again), `again` (the next red stands for it), `moved` (the rep has changed
    teams), `gone` (no contacts for months). `at_ms` is the contact that brought it about,
    `since_ms` the first of the stretch that `contacts`, `sales` and `expected` speak of, UTC ms.
    `evidence` is how many contacts a rep selling normally has, in the mean, between two such
    alerts; of `recovered` one who still sells too little; of what is `counted` it is working days.
    `team_id` is the rep's, `against` whose rate was allowed for. `usual` is what the own rate
    stands on, `also` what else was looked at over that stretch, and whether it changed. `text` is
    language to the sentences for a supervisor. `generation` is that of the state that found it: a
    rebuild tells beside the live one.
    """

    alert_id: str
    kind: Kind
    state: State
    site_id: str
    at_ms: int
    evidence: float
    team_id: str = ""
    rep_id: str = ""
    level: Level = "red"
    ends: str = ""
    why: Why = ""
    against: Literal["team", "floor"] = "team"
    since_ms: int = 0
    contacts: int = 0
    sales: int = 0
    expected: float = 0.0
    usual: Usual | None = None
    counted: Counted | None = None
    also: tuple[Also, ...] = ()
    text: dict[str, str] = {}
    generation: int = 0

    @property
    def key(self) -> str:
        """The Kafka key."""
        return self.rep_id or self.team_id or self.site_id


def told(site_id: str, outcome: Outcome, name_of: NameOf) -> RepAlert | None:
    """What an outcome of the detector is to the world; None for what is only bookkeeping."""
    match outcome:
        case Alert():
            return _alert(outcome, name_of)
        case Cleared():
            return RepAlert(
                alert_id=_end_id(site_id, outcome, outcome.level),
                kind=_kind(outcome.rep_id),
                state="cleared",
                site_id=site_id,
                team_id=outcome.team_id,
                rep_id=outcome.rep_id,
                at_ms=outcome.at_ms,
                evidence=outcome.evidence,
                level=outcome.level,
                ends=outcome.ends,
                why=outcome.reason,
            )
        case Recovered():
            name = name_of(outcome.rep_id, outcome.team_id)
            return RepAlert(
                alert_id=_end_id(site_id, outcome, "red"),
                kind=_kind(outcome.rep_id),
                state="recovered",
                site_id=site_id,
                team_id=outcome.team_id,
                rep_id=outcome.rep_id,
                at_ms=outcome.at_ms,
                evidence=outcome.evidence,
                ends=outcome.ends,
                why=outcome.reason,
                against="team" if outcome.group else "floor",
                since_ms=outcome.since_ms,
                contacts=outcome.contacts,
                sales=outcome.sales,
                expected=outcome.expected,
                text={one: recovered_text(outcome, name, one) for one in ("en", "zh")},
            )
        case FeedSilent():
            return RepAlert(
                alert_id=outcome.id,
                kind="deals_silent",
                state="red",
                site_id=site_id,
                at_ms=outcome.at_ms,
                evidence=0.0,
                since_ms=outcome.since_ms,
                contacts=outcome.contacts,
                expected=outcome.expected,
                text={one: silent_text(outcome, site_id, one) for one in ("en", "zh")},
            )
        case FeedHeard():
            return RepAlert(
                alert_id=silence_id(site_id, 0, outcome.at_ms),
                kind="deals_silent",
                state="recovered",
                site_id=site_id,
                at_ms=outcome.at_ms,
                evidence=0.0,
                ends=outcome.ends,
                why="evidence",
                text={one: heard_text(site_id, one) for one in ("en", "zh")},
            )
        case ActivityChanged():
            red = outcome.state == "red"
            name = name_of("", outcome.team_id)
            return RepAlert(
                alert_id=outcome.id,
                kind=_ACTIVITY[outcome.metric],
                state=outcome.state,
                site_id=site_id,
                team_id=outcome.team_id,
                at_ms=outcome.at_ms,
                evidence=outcome.days,
                ends=outcome.ends,
                why="" if red else outcome.why,
                since_ms=outcome.since_ms,
                counted=Counted(seen=outcome.seen, of=outcome.of, expected=outcome.expected),
                text={one: activity_text(outcome, name, one) for one in ("en", "zh")},
            )
        case Restarted() | _:
            return None


def _alert(alert: Alert, name_of: NameOf) -> RepAlert:
    name = name_of(alert.rep_id, alert.team_id)
    return RepAlert(
        alert_id=alert.id,
        kind=_kind(alert.rep_id),
        state=alert.level,
        site_id=alert.site_id,
        team_id=alert.team_id,
        rep_id=alert.rep_id,
        at_ms=alert.at_ms,
        evidence=alert.evidence,
        level=alert.level,
        ends=alert.ends,
        against="team" if alert.group else "floor",
        since_ms=alert.since_ms,
        contacts=alert.contacts,
        sales=alert.sales,
        expected=alert.expected,
        usual=Usual(days=alert.baseline_days, contacts=alert.baseline_contacts),
        also=alert.also,
        text={one: alert_text(alert, name, one) for one in ("en", "zh")},
    )


def _kind(rep_id: str) -> Kind:
    return "conversion_drop" if rep_id else "team_conversion_drop"


_ACTIVITY: dict[Metric, Kind] = {
    "connect_rate": "connect_rate_drop",
    "dials": "dials_drop",
    "short_calls": "short_calls_rise",
}


def _end_id(site_id: str, end: Cleared | Recovered, level: Level) -> str:
    whose = Whose(end.rep_id, end.team_id)
    return alert_id(site_id, whose, level, end.at_ms, f"ends {end.ends}")


def encode_alert(alert: RepAlert) -> bytes:
    """A record's value in `rep-alerts`."""
    return _encode(alert)


def decode_alert(raw: bytes) -> RepAlert:
    """What `encode_alert` made; raises one of `malformed.DECODE_FAILURES`."""
    return _decode(raw)


_encode = json.Encoder().encode
_decode = json.Decoder(RepAlert).decode
