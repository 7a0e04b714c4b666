"""What an Alertmanager is told when: all that fires, again every minute, and each end once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import UNSET, Struct, UnsetType, field, json

from sinks.alert_links import link_of
from streams.core.alerts.book import Entry
from streams.core.alerts.notices import SUMMARIES, alert_name, labels
from streams.core.alerts.told import RepAlert

EVERY_MS = 60_000
LASTS_MS = 5 * 60_000
"""An alert that nobody repeats ends by itself: when all workers are gone nobody knows."""

RUNBOOK = "deploy/alerts.md"


class PostedAlert(Struct, frozen=True, kw_only=True):
    """An alert as Alertmanager's API v2 takes it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime = field(name="startsAt")
    ends_at: datetime = field(name="endsAt")
    generator_url: str | UnsetType = field(name="generatorURL", default=UNSET)


class Told(Struct, frozen=True):
    """What the Alertmanager has taken, and when; of each alert what fired last."""

    alerts: Mapping[str, RepAlert] = {}
    at_ms: int = 0


class Round(Struct, frozen=True):
    """A post that is due, and what is told once it went through."""

    alerts: list[PostedAlert]
    told: Told


def round_of(
    told: Told, firing: Sequence[Entry], now_ms: int, page_url: str | None = None
) -> Round | None:
    """The post that is due now; None when there is nothing to say yet.

    Due is what begins or ends to fire at once, and all of it `EVERY_MS` after the last post.
    """
    now = {entry.alert.alert_id: entry.alert for entry in firing}
    same = now.keys() == told.alerts.keys()
    if same and (not now or now_ms - told.at_ms < EVERY_MS):
        return None
    over = [alert for alert_id, alert in told.alerts.items() if alert_id not in now]
    posted = [_posted(alert, now_ms, now_ms + LASTS_MS, page_url) for alert in now.values()]
    posted += [_posted(alert, now_ms, now_ms, page_url) for alert in over]
    return Round(posted, Told(now, now_ms))


def encode_alerts(alerts: Sequence[PostedAlert]) -> bytes:
    """The body of a post."""
    return json.encode(alerts)


def _posted(alert: RepAlert, now_ms: int, ends_ms: int, page_url: str | None) -> PostedAlert:
    link = link_of(alert, page_url)
    texts = {
        "summary": SUMMARIES[alert.kind]["en"],
        "summary_zh": SUMMARIES[alert.kind]["zh"],
        "description": alert.text.get("en", ""),
        "text_zh": alert.text.get("zh", ""),
        "link": link or "",
        "runbook_url": f"{RUNBOOK}#{alert_name(alert.kind).lower()}",
    }
    return PostedAlert(
        labels=labels(alert),
        annotations={name: text for name, text in texts.items() if text},
        # A source whose clock is ahead: what ends before it begins is refused.
        starts_at=_instant(min(alert.at_ms, now_ms - 1)),
        ends_at=_instant(ends_ms),
        generator_url=link or UNSET,
    )


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
