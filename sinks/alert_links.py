"""Where an alert leads: the board of its rep or team on the live page."""

from __future__ import annotations

from urllib.parse import quote

from streams.core.alerts.told import RepAlert


def link_of(alert: RepAlert, page_url: str | None) -> str | None:
    """The address of the board; None when nobody knows where the page is."""
    if not page_url:
        return None
    path = f"rep/{quote(alert.rep_id, safe='')}" if alert.rep_id else ""
    return f"{page_url.rstrip('/')}/{path or 'team/' + quote(alert.team_id, safe='')}"
