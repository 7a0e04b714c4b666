"""Where an alert leads: the board of its rep, team or floor on the live page."""

from __future__ import annotations

from urllib.parse import quote

from streams.core.alerts.told import RepAlert


def link_of(alert: RepAlert, page_url: str | None) -> str | None:
    """The address of the board; None when nobody knows where the page is."""
    if not page_url:
        return None
    path = "floor"
    if alert.rep_id:
        path = f"rep/{quote(alert.rep_id, safe='')}"
    elif alert.team_id:
        path = f"team/{quote(alert.team_id, safe='')}"
    return f"{page_url.rstrip('/')}/{path}"
