"""The playlist script against servers that keep playlists as Grafana's two APIs do."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from grafana.playlist import BOARDS, main
from tests.grafana.dashboards import DASHBOARDS, load

PLACE = "/apis/playlist.grafana.app/v1/namespaces/default/playlists"


class Kept:
    """What a server holds, and how it was asked."""

    def __init__(self, *, newer: bool, token: str = "") -> None:
        self.newer = newer
        self.token = token
        self.playlists: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    def answer(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, object]:
        """(status, JSON) as the API documents say."""
        self.asked.append(method)
        if path == "/apis/playlist.grafana.app" and self.newer:
            return 200, {"preferredVersion": {"version": "v1"}}
        if self.newer and path.startswith(PLACE):
            return self._newer(method, path.removeprefix(PLACE).strip("/"), body)
        if not self.newer and re.match(r"/api/playlists\b", path):
            return self._older(method, path.removeprefix("/api/playlists").strip("/"), body)
        return 404, {"message": "Not found"}

    def _newer(self, method: str, name: str, body: dict[str, Any] | None) -> tuple[int, object]:
        have = self.playlists.get(name)
        if method == "GET":
            return (200, have) if have else (404, {"message": "Not found"})
        assert body is not None
        assert (body["apiVersion"], body["kind"]) == ("playlist.grafana.app/v1", "Playlist")
        if method == "PUT":
            assert have is not None
            if body["metadata"]["resourceVersion"] != have["metadata"]["resourceVersion"]:
                return 409, {"message": "the object has been modified"}
        name = body["metadata"]["name"]
        if method == "POST" and name in self.playlists:
            return 409, {"message": "already exists"}
        body["metadata"]["resourceVersion"] = str(len(self.asked))
        self.playlists[name] = body
        return 200, body

    def _older(self, method: str, uid: str, body: dict[str, Any] | None) -> tuple[int, object]:
        if method == "GET":
            return 200, [{"uid": uid, "name": one["name"]} for uid, one in self.playlists.items()]
        assert body is not None
        if method == "POST":
            uid = f"p{len(self.playlists)}"
        self.playlists[uid] = body
        return 200, {"uid": uid, "name": body["name"]}


@contextmanager
def grafana(kept: Kept) -> Iterator[str]:
    """A server over what is kept; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            if kept.token and self.headers.get("Authorization") != f"Bearer {kept.token}":
                status, answer = 401, object()
                text = b"{}"
            else:
                status, answer = kept.answer(self.command, self.path, body)
                text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _do  # the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def played(kept: Kept) -> list[str]:
    """The boards of the one playlist there is."""
    (one,) = kept.playlists.values()
    return [item["value"] for item in one.get("spec", one)["items"]]


@pytest.mark.parametrize("newer", [True, False])
def test_a_playlist_is_made_once_and_then_brought_up_to_date(
    newer: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Kept(newer=newer)
    with grafana(kept) as url:
        assert main(["--url", url]) == 0
        (first,) = capsys.readouterr().out.splitlines()
        assert played(kept) == list(BOARDS)
        assert main(["--url", url, "--board", "floorcast-floor", "--interval", "1m"]) == 0
        assert capsys.readouterr().out.splitlines() == [first]
    assert first.startswith(f"{url}/playlists/play/")
    assert first.endswith("?kiosk")
    assert played(kept) == ["floorcast-floor"]


def test_the_playlist_names_wallboards_that_exist() -> None:
    walls = {board["uid"] for board in map(load, DASHBOARDS) if "wallboard" in board["tags"]}
    assert set(BOARDS) <= walls


def test_a_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("secret\n", encoding="utf-8")
    with grafana(Kept(newer=True, token="secret")) as url:
        assert main(["--url", url]) == 1
        assert main(["--url", url, "--token-file", str(file)]) == 0
        monkeypatch.setenv("GRAFANA_TOKEN", "secret")
        assert main(["--url", url]) == 0


def test_who_may_not_is_told_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    with grafana(Kept(newer=False, token="secret")) as url:
        assert main(["--url", url]) == 1
    assert capsys.readouterr().err == f"{url} says 401: give a token with the role Editor\n"


def test_a_server_that_is_away_is_named_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with grafana(Kept(newer=True)) as url:
        pass
    assert main(["--url", url]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{url} does not answer")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--interval", "often"], "--interval often: give a time such as 30s"),
        (["--url", "localhost:3000"], "--url localhost:3000: give an address such as http://"),
        (["--token-file", "/nowhere/token"], "--token-file /nowhere/token: No such file"),
    ],
)
def test_wrong_arguments_are_refused_in_a_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err
