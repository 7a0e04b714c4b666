"""Makes the playlist of the wallboards in a Grafana server, or brings it up to date.

Grafana does not provision playlists from files, so this asks its HTTP API: the one of Grafana 12
and later where the server has it, the older one elsewhere. Running it again changes nothing. Only
the standard library is needed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

NAME, TITLE = "floorcast", "floorcast"
BOARDS = ("floorcast-floor", "floorcast-team", "floorcast-alerts")
NEWER = "/apis/playlist.grafana.app"
OLDER = "/api/playlists"
TIMEOUT_S = 10.0
DENIED, NOT_FOUND = (401, 403), 404


class Refused(Exception):
    """The server did not do what was asked; the message says what to do."""


class Grafana:
    """The API of a server; `token` is a service account's, empty where nobody has to log in."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self._token = token

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer as JSON, None where there is nothing at `path`; raises Refused."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read() or b"null")
        except HTTPError as error:
            with error:
                if error.code == NOT_FOUND and method == "GET":
                    return None
                if error.code in DENIED:
                    msg = f"{self.url} says {error.code}: give a token with the role Editor"
                    raise Refused(msg) from error
                said = error.read()[:200].decode(errors="replace")
                msg = f"{method} {self.url}{path} says {error.code}: {said}"
                raise Refused(msg) from error
        except (URLError, TimeoutError, ValueError) as error:
            msg = f"{self.url} does not answer as a Grafana server: {error}"
            raise Refused(msg) from error

    def put_playlist(self, boards: Sequence[str], interval: str) -> str:
        """Make the playlist, or bring it up to date; returns the path that plays it."""
        items = [{"type": "dashboard_by_uid", "value": uid} for uid in boards]
        group = self.ask("GET", NEWER)
        if group is not None:
            version = group["preferredVersion"]["version"]
            place = f"{NEWER}/{version}/namespaces/default/playlists"
            uid = self._put_newer(place, f"{NEWER[6:]}/{version}", items, interval)
        else:
            uid = self._put_older(items, interval)
        return f"/playlists/play/{quote(uid)}?kiosk"

    def _put_newer(
        self, place: str, api: str, items: Sequence[Mapping[str, str]], interval: str
    ) -> str:
        have = self.ask("GET", f"{place}/{NAME}")
        made = {
            "apiVersion": api,
            "kind": "Playlist",
            "metadata": {"name": NAME},
            "spec": {"title": TITLE, "interval": interval, "items": items},
        }
        if have is None:
            self.ask("POST", place, made)
        else:
            # The version that is replaced: somebody's change in the meantime is not lost unseen.
            made["metadata"] = {
                "name": NAME,
                "resourceVersion": have["metadata"]["resourceVersion"],
            }
            self.ask("PUT", f"{place}/{NAME}", made)
        return NAME

    def _put_older(self, items: Sequence[Mapping[str, str]], interval: str) -> str:
        made = {"name": TITLE, "interval": interval, "items": items}
        listed = self.ask("GET", f"{OLDER}?query={quote(TITLE)}") or []
        for one in listed:
            if one["name"] == TITLE:
                uid = str(one["uid"])
                self.ask("PUT", f"{OLDER}/{quote(uid)}", {"uid": uid, **made})
                return uid
        return str(self.ask("POST", OLDER, made)["uid"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the playlist and print the address for the TV; exit code 1 when Grafana refuses."""
    parser = argparse.ArgumentParser(prog="python -m grafana.playlist", description=__doc__)
    parser.add_argument("--url", default="http://localhost:3000", help="the Grafana server")
    parser.add_argument("--interval", default="30s", help="time per board, such as 30s or 1m")
    parser.add_argument("--board", action="append", help="a dashboard's uid, in order; repeat")
    parser.add_argument(
        "--token-file", type=Path, help="file with a token; or set GRAFANA_TOKEN; or none at all"
    )
    given = parser.parse_args(arguments)
    if urlsplit(given.url).scheme not in {"http", "https"}:
        parser.error(f"--url {given.url}: give an address such as http://localhost:3000")
    if not re.fullmatch(r"[1-9]\d*[smh]", given.interval):
        parser.error(f"--interval {given.interval}: give a time such as 30s, 1m or 1h")
    try:
        token = given.token_file.read_text("utf-8") if given.token_file else ""
    except OSError as error:
        parser.error(f"--token-file {given.token_file}: {error.strerror}")
    server = Grafana(given.url, token.strip() or os.environ.get("GRAFANA_TOKEN", ""))
    try:
        played = server.put_playlist(given.board or BOARDS, given.interval)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{server.url}{played}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
