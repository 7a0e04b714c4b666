"""Asking the HTTP interfaces of Prometheus and Alertmanager."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any


def is_ready(url: str) -> bool:
    """Whether a GET of `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2.0) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def ask(url: str, parameters: Mapping[str, str] | None = None) -> Any:
    """GET `url` and return the JSON of the answer; raises urllib's HTTPError on a refusal."""
    query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
    with urllib.request.urlopen(url + query, timeout=10.0) as answer:
        return json.load(answer)


def post(url: str, body: Any = None) -> None:
    """POST `body` as JSON to `url`; raises urllib's HTTPError on a refusal."""
    data = b"" if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data=data, headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10.0):
        pass
