"""Who is told of alerts: whether the Alertmanager answers; a webhook cannot be asked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

import orjson

from streams.cli.doctor_checks.finding import Finding
from streams.settings import Settings

HTTP_TIMEOUT_S = 10


def receivers(settings: Settings) -> Iterator[Finding]:
    """Whether red alerts reach an Alertmanager, and whether anybody is named at all."""
    if settings.alertmanager_url is None:
        if settings.webhook_url is None:
            text = "no alertmanager_url and no webhook_url is set: nobody is sent red alerts"
            yield Finding("alertmanager", "skipped", text)
        return
    yield _asked(settings.alertmanager_url)


def _asked(url: str) -> Finding:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    where = f"{parts.scheme}://{place}{parts.path}"
    request = Request(
        urlunsplit((parts.scheme, place, parts.path.rstrip("/") + "/api/v2/status", "", ""))
    )
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    try:
        with urlopen(request, timeout=HTTP_TIMEOUT_S) as answer:
            said: Any = orjson.loads(answer.read())
        version = said["versionInfo"]["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"HTTP {error.code}" if isinstance(error, HTTPError) else str(error)
        do = "start it, or mend FLOORCAST_ALERTMANAGER_URL; alerts are on boards meanwhile"
        return Finding("alertmanager", "fail", f"{where} does not answer as one: {why}", do)
    return Finding("alertmanager", "ok", f"{where} answers, version {version}")
