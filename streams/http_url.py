"""Addresses of others that alerts go to, or that they name: what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

URLS = ("alertmanager_url", "webhook_url", "page_url")
LEAST_SECRET = 16
"""Characters: a shorter secret can be found by trying."""


def problems_of(values: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong, each with its setting's name and what to do; never with a secret."""
    for name in URLS:
        if url := values.get(name):
            yield from _of_url(name, url)
    secret = values.get("webhook_secret")
    if values.get("webhook_url") and not secret:
        yield "webhook_secret: must be set when webhook_url is; receivers check who sends by it"
    if secret and not values.get("webhook_url"):
        yield "webhook_secret: goes with webhook_url, which is not set"
    if secret and len(secret) < LEAST_SECRET:
        yield f"webhook_secret: must have at least {LEAST_SECRET} characters"


def _of_url(name: str, url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        yield f"{name}: host or port cannot be read"
        return
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        yield f"{name}: must be an address such as https://host/path"
    if name != "webhook_url" and (parts.query or parts.fragment):
        yield f"{name}: must end with the path, without ? and #"
    if name == "page_url" and "@" in parts.netloc:
        yield "page_url: must have no password in it; it stands in alerts"
