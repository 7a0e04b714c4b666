"""What people do about alerts: the records of the topic `alert-actions`, as JSON."""

from __future__ import annotations

import unicodedata
from typing import Literal

from msgspec import Struct, json

from streams.core.calendar import DAY_MS

Verb = Literal["ack", "comment", "mute", "unmute"]

LONGEST_MUTE_MS = 31 * DAY_MS
"""A mute ends by itself; readers start from the records of somewhat more days than this."""
LONGEST_ID = 128
LONGEST_TEXT = 1000


class AlertAction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that somebody did; Kafka key: the `action_id`. The same id is the same action.

    `by` is who, as the page or the command line knows them, `at_ms` when, UTC ms. `ack` and
    `comment` are of one alert, `mute` and `unmute` of all alerts of one rep or one team: a mute
    until `until_ms`, which is excluded. `text` is what they had to say, and a comment has one.
    What does not go together is refused, with a ValueError of one line.
    """

    action_id: str
    at_ms: int
    by: str
    verb: Verb
    alert_id: str = ""
    rep_id: str = ""
    team_id: str = ""
    until_ms: int = 0
    text: str = ""

    def __post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            msg = "; ".join(problems)
            raise ValueError(msg)


def encode_action(action: AlertAction) -> bytes:
    """A record's value in `alert-actions`."""
    return _encode(action)


def decode_action(raw: bytes) -> AlertAction:
    """What `encode_action` made; raises one of `malformed.DECODE_FAILURES`."""
    return _decode(raw)


_encode = json.Encoder().encode
_decode = json.Decoder(AlertAction).decode


def _problems(one: AlertAction) -> list[str]:
    """What is wrong with an action, each as the field, its value and what to do."""
    out = [
        f"{field} = {value!r}: {rule}"
        for field, value, rule in (
            ("action_id", one.action_id, _id(one.action_id, needed=True)),
            ("by", one.by, _id(one.by, needed=True)),
            ("alert_id", one.alert_id, _id(one.alert_id)),
            ("rep_id", one.rep_id, _id(one.rep_id)),
            ("team_id", one.team_id, _id(one.team_id)),
        )
        if rule
    ]
    if one.at_ms < 0:
        out.append(f"at_ms = {one.at_ms}: must be UTC milliseconds, 0 or more")
    if len(one.text) > LONGEST_TEXT:
        out.append(f"text has {len(one.text):,} characters: must be {LONGEST_TEXT:,} at most")
    return out + (_of_alert(one) if one.verb in ("ack", "comment") else _of_target(one))


def _id(value: str, *, needed: bool = False) -> str:
    """What is wrong with a name or an id; "" for nothing."""
    if needed and not value.strip():
        return "must not be empty"
    if len(value) > LONGEST_ID:
        return f"must have {LONGEST_ID} characters at most"
    if any(unicodedata.category(one) == "Cc" for one in value):
        return "must have no line breaks and no control characters"
    return ""


def _of_alert(one: AlertAction) -> list[str]:
    out = []
    if not one.alert_id:
        out.append(f"alert_id = '': {one.verb} is of one alert, name it")
    for field, value in (("rep_id", one.rep_id), ("team_id", one.team_id)):
        if value:
            out.append(f"{field} = {value!r}: {one.verb} is of one alert, leave it out")
    if one.until_ms:
        out.append(f"until_ms = {one.until_ms}: only a mute ends, leave it out")
    if one.verb == "comment" and not one.text.strip():
        out.append("text = '': a comment says something")
    return out


def _of_target(one: AlertAction) -> list[str]:
    out = []
    if bool(one.rep_id) == bool(one.team_id):
        out.append(
            f"rep_id = {one.rep_id!r}, team_id = {one.team_id!r}: {one.verb} names either a rep "
            "or a team"
        )
    if one.alert_id:
        out.append(f"alert_id = {one.alert_id!r}: {one.verb} is of a rep or a team, leave it out")
    if one.verb == "unmute":
        if one.until_ms:
            out.append(f"until_ms = {one.until_ms}: only a mute ends, leave it out")
    elif not one.at_ms < one.until_ms <= one.at_ms + LONGEST_MUTE_MS:
        days = LONGEST_MUTE_MS // DAY_MS
        out.append(
            f"until_ms = {one.until_ms}: must lie after now ({one.at_ms}), {days} days at most"
        )
    return out
