"""Alerts as the book has them, for the tests of what is sent."""

from __future__ import annotations

from typing import Any

from streams.core.alerts.actions import AlertAction
from streams.core.alerts.book import AlertBook, Entry
from streams.core.alerts.told import RepAlert

AT_MS = 1_772_445_600_000
MINUTE_MS = 60_000
TEXT = {
    "en": "Ana: 7 sales in the last 248 contacts (2.8 %); expected 21 (8.4 %).",
    "zh": "Ana：最近 248 次接触成交 7 单（2.8 %）；预期 21 单（8.4 %）。",
}


def red(rep: str = "r-1", *, at_ms: int = AT_MS, **more: Any) -> RepAlert:
    """A red alert; its id follows from the rep and the time."""
    values: dict[str, Any] = {
        "alert_id": f"{rep or more.get('team_id')}-{at_ms}",
        "kind": "conversion_drop",
        "state": "red",
        "site_id": "lisbon",
        "team_id": "north",
        "rep_id": rep,
        "at_ms": at_ms,
        "evidence": 8_100.0,
        "contacts": 248,
        "sales": 7,
        "expected": 21.0,
        "text": TEXT,
    }
    return RepAlert(**values | more)


def silent(site: str = "lisbon") -> RepAlert:
    """No sale on a whole site."""
    return red("", kind="deals_silent", site_id=site, team_id="", alert_id=f"silent-{site}")


def end_of(alert: RepAlert, *, at_ms: int, why: str = "evidence") -> RepAlert:
    """What ends a red."""
    return red(
        alert.rep_id,
        at_ms=at_ms,
        alert_id=f"{alert.alert_id}-end",
        state="recovered",
        ends=alert.alert_id,
        why=why,
    )


def ack(alert: RepAlert, *, at_ms: int) -> AlertAction:
    """Somebody has it in hand."""
    return AlertAction(
        action_id=f"ack-{at_ms}", at_ms=at_ms, by="sue", verb="ack", alert_id=alert.alert_id
    )


def mute(rep: str, *, at_ms: int, until_ms: int) -> AlertAction:
    """Nobody wants to hear of a rep for a while."""
    return AlertAction(
        action_id=f"mute-{at_ms}",
        at_ms=at_ms,
        by="sue",
        verb="mute",
        rep_id=rep,
        until_ms=until_ms,
    )


def entries(*heard: RepAlert | AlertAction, now_ms: int = AT_MS + 60 * MINUTE_MS) -> list[Entry]:
    """The entries of a book that has heard this."""
    book = AlertBook()
    for one in heard:
        if isinstance(one, AlertAction):
            book.act(one)
        else:
            book.hear(one)
    return book.entries(now_ms)
