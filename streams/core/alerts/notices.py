"""What others are told of an alert: its name, its labels and a sentence, the same from everybody.

Alertmanager and chats know an alert by its labels or its id, so none of them may depend on the
worker, the time or the settings.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from streams.core.alerts.book import Entry
from streams.core.alerts.told import Kind, RepAlert

SUMMARIES: dict[Kind, dict[str, str]] = {
    "conversion_drop": {
        "en": "A rep's conversion has really dropped.",
        "zh": "一名坐席的转化率确实下降了。",
    },
    "team_conversion_drop": {
        "en": "A team's conversion has really dropped.",
        "zh": "一个团队的转化率确实下降了。",
    },
    "connect_rate_drop": {
        "en": "A team reaches fewer people than usual.",
        "zh": "一个团队的接通率低于平时。",
    },
    "dials_drop": {
        "en": "A team dials less than usual.",
        "zh": "一个团队的拨打量低于平时。",
    },
    "short_calls_rise": {
        "en": "More of a team's calls than usual end at once.",
        "zh": "一个团队秒挂的通话多于平时。",
    },
    "deals_silent": {
        "en": "No sales come in from a whole site.",
        "zh": "整个职场没有成交数据。",
    },
}
"""Language to the sentence, the same for every alert of a kind."""

_OVER = {
    "evidence": {"en": "Recovered. It was: ", "zh": "已恢复。原提醒："},
    "": {"en": "Ended, with no word on recovery. It was: ", "zh": "已结束，是否恢复不详。原提醒："},
}
"""Why a red has ended, "" for any other reason, to what is said before its own words."""
_SILENT_ENDS = frozenset({"again"})
"""Why a red ended with nothing to tell: another red of the same rep has taken its place."""

Event = Literal["red", "recovered"]


class Notice(Struct, frozen=True, kw_only=True):
    """One message about an alert, sent once or more often; the same `id` is the same message.

    `at_ms`: the contact that brought the event about, UTC ms. `why`: why a red has ended.
    """

    id: str
    event: Event
    at_ms: int
    alert: RepAlert
    why: str = ""

    @property
    def text(self) -> dict[str, str]:
        """Language to what there is to say."""
        if self.event == "red":
            return self.alert.text
        over = _OVER.get(self.why, _OVER[""])
        return {one: over.get(one, "") + text for one, text in self.alert.text.items()}


def alert_name(kind: str) -> str:
    """Such as `FloorcastConversionDrop` for `conversion_drop`."""
    return "Floorcast" + "".join(part.capitalize() for part in kind.split("_"))


def labels(alert: RepAlert) -> dict[str, str]:
    """What an Alertmanager knows the alert by; empty ones are left out."""
    found = {
        "alertname": alert_name(alert.kind),
        "severity": "warning",
        "site": alert.site_id,
        "team": alert.team_id,
        "rep": alert.rep_id,
        "alert_id": alert.alert_id,
    }
    return {name: value for name, value in found.items() if value}


def notice_of(entry: Entry) -> Notice | None:
    """What there is to tell of an alert now; None for nothing, as while it is muted.

    Of what ended under a mute nothing is told afterwards either: it may have begun under it.
    """
    if entry.unseen:
        return _notice(entry, "red", entry.alert.at_ms)
    if entry.state != "recovered" or entry.muted_until_ms or entry.ended_muted:
        return None
    end = next(one for one in reversed(entry.life) if one.what == "recovered")
    if end.text in _SILENT_ENDS:
        return None
    return _notice(entry, "recovered", end.at_ms, end.text)


def _notice(entry: Entry, event: Event, at_ms: int, why: str = "") -> Notice:
    alert = entry.alert
    return Notice(id=f"{alert.alert_id}:{event}", event=event, at_ms=at_ms, alert=alert, why=why)
