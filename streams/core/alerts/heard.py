"""Records of `rep-alerts` and `alert-actions`, as they are on Kafka, into the book."""

from __future__ import annotations

from streams.core.alerts.actions import decode_action
from streams.core.alerts.book import AlertBook
from streams.core.alerts.told import decode_alert
from streams.core.malformed import DECODE_FAILURES


def hear_alert(book: AlertBook, raw: bytes | None) -> str:
    """Take the value of a record of `rep-alerts`; why it is not understood, "" when it is."""
    try:
        alert = decode_alert(raw or b"")
    except DECODE_FAILURES as error:
        return _why(error)
    book.hear(alert)
    return ""


def hear_action(book: AlertBook, raw: bytes | None) -> str:
    """Take the value of a record of `alert-actions`; why it is not understood, "" when it is."""
    try:
        action = decode_action(raw or b"")
    except DECODE_FAILURES as error:
        return _why(error)
    book.act(action)
    return ""


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__
