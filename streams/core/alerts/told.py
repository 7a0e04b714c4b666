"""What goes out on the topic `rep-alerts`: alerts, and what became of them, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct, json

from streams.core.alerts.outcomes import (
    Alert,
    Cleared,
    Outcome,
    Restarted,
    Suppressed,
    Suppression,
    alert_id,
)
from streams.core.alerts.words import alert_text

Kind = Literal["conversion_drop"]
State = Literal["red", "amber", "held_back", "cleared"]


class Usual(Struct, frozen=True, kw_only=True):
    """What a rep's usual conversion is taken from."""

    days: int
    contacts: int


class RepAlert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be told of a rep; Kafka key: the `rep_id`. The same id means the same thing.

    `state`: `red` is a drop of conversion, told once; `amber` a colour, no message; `held_back` a
    red that waits for the end of what `held_by` says; `cleared` that an amber, or a red that was
    held back, is none any more. `at_ms` is the contact that brought it about, `since_ms` the first
    of the stretch that `contacts`, `sales` and `expected` speak of, UTC ms. `evidence` is how many
    contacts a rep selling normally has, in the mean, between two alerts such as this. `team_id` is
    the rep's, `against` whose rate was allowed for. `usual` is what the rep's own rate stands on.
    `text` is language to the sentences for a supervisor.
    """

    alert_id: str
    kind: Kind
    state: State
    site_id: str
    team_id: str
    rep_id: str
    at_ms: int
    evidence: float
    level: Literal["red", "amber"] = "red"
    against: Literal["team", "floor"] = "team"
    since_ms: int = 0
    contacts: int = 0
    sales: int = 0
    expected: float = 0.0
    usual: Usual | None = None
    held_by: tuple[Suppression, ...] = ()
    text: dict[str, str] = {}


def told(site_id: str, outcome: Outcome, name_of: Callable[[str], str | None]) -> RepAlert | None:
    """What an outcome of the detector is to the world; None for what is only bookkeeping.

    `name_of` gives the name of a rep, for the sentences; None: the id stands for it.
    """
    match outcome:
        case Alert():
            return _alert(outcome, outcome.level, (), name_of)
        case Suppressed():
            return _alert(outcome.alert, "held_back", outcome.reasons, name_of)
        case Cleared():
            return RepAlert(
                alert_id=alert_id(site_id, outcome.rep_id, outcome.level, outcome.at_ms, "cleared"),
                kind="conversion_drop",
                state="cleared",
                site_id=site_id,
                team_id=outcome.team_id,
                rep_id=outcome.rep_id,
                at_ms=outcome.at_ms,
                evidence=outcome.evidence,
                level=outcome.level,
            )
        case Restarted() | _:
            return None


def _alert(
    alert: Alert,
    state: State,
    held_by: tuple[Suppression, ...],
    name_of: Callable[[str], str | None],
) -> RepAlert:
    name = name_of(alert.rep_id) or alert.rep_id
    return RepAlert(
        alert_id=alert.id,
        kind="conversion_drop",
        state=state,
        site_id=alert.site_id,
        team_id=alert.team_id,
        rep_id=alert.rep_id,
        at_ms=alert.at_ms,
        evidence=alert.evidence,
        level=alert.level,
        against="team" if alert.group else "floor",
        since_ms=alert.since_ms,
        contacts=alert.contacts,
        sales=alert.sales,
        expected=alert.expected,
        usual=Usual(days=alert.baseline_days, contacts=alert.baseline_contacts),
        held_by=held_by,
        text={"en": alert_text(alert, name, "en"), "zh": alert_text(alert, name, "zh")},
    )


def encode_alert(alert: RepAlert) -> bytes:
    """A record's value in `rep-alerts`."""
    return _encode(alert)


def decode_alert(raw: bytes) -> RepAlert:
    """What `encode_alert` made; raises msgspec.DecodeError or ValidationError."""
    return _decode(raw)


_encode = json.Encoder().encode
_decode = json.Decoder(RepAlert).decode
