"""`floorcast tokens`, and pages that do not start because others could see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sinks.wallboard.tokens import Grants
from streams.cli.main import Context, cli, main
from streams.cli.page_auth import check_page, page_auth
from streams.core.clock import ManualClock, SystemClock
from streams.core.errors import SettingsError
from streams.settings import Settings
from streams.settings_reader import load_settings

PROXY = {
    "page_auth": "proxy",
    "page_user_header": "X-User",
    "page_proxies": "10.0.0.5, 10.1.0.0/16",
    "page_hosts": "board.example",
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLOORCAST_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data" / "tokens.jsonl"


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["tokens", *args], obj=Context(None))


def test_a_made_token_is_printed_once_and_lets_in(file: Path) -> None:
    made = run("create", "--name", "TV north", "--team", "north")

    token = made.stdout.strip()
    grant, _ = Grants(file, SystemClock()).of_token(token)
    assert grant is not None
    assert grant.scope.allows_team("north")
    assert not grant.scope.allows_team("south")
    assert token not in made.stderr
    assert token not in run("list").output + run("list", "--json").output


def test_the_list_says_who_sees_what(file: Path) -> None:
    run("create", "--name", "ana", "--rep", "r-1", "--days", "90")
    run("create", "--name", "boss", "--everything", "--user", "boss@example.com")

    lines = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [one["name"] for one in lines] == ["ana", "boss"]
    assert lines[0]["expires_ms"] - lines[0]["created_ms"] == pytest.approx(90 * 86_400_000, abs=9)
    assert lines[1]["user"] == "boss@example.com"
    assert "rep r-1" in run("list").output


def test_revoked_is_void_and_twice_is_once(file: Path) -> None:
    token = run("create", "--name", "TV", "--everything").stdout.strip()
    grants = Grants(file, SystemClock())
    (grant,) = grants.all()

    assert run("revoke", grant.id).exit_code == 0
    first = grants.all()
    assert run("revoke", grant.id).exit_code == 0

    assert grants.of_token(token) == (None, "revoked")
    assert grants.all() == first


def test_revoking_what_is_not_there_changes_nothing(file: Path) -> None:
    token = run("create", "--name", "TV", "--everything").stdout.strip()
    grants = Grants(file, SystemClock())
    (grant,) = grants.all()

    done = run("revoke", grant.id, "00000000")

    assert done.exit_code == 1
    assert "00000000" in done.output
    assert grants.of_token(token)[0] is not None


@pytest.mark.parametrize(
    "args", [[], ["--everything", "--team", "north"]], ids=["nothing", "too-much"]
)
def test_what_may_be_seen_must_be_said(file: Path, args: list[str]) -> None:
    done = run("create", "--name", "x", *args)

    assert done.exit_code == 2
    assert not file.exists()


def test_a_user_has_one_grant_at_a_time(file: Path) -> None:
    first = ["create", "--name", "sue", "--team", "north", "--user", "sue"]
    assert run(*first).stdout == ""
    again = run(*first)
    assert isinstance(again.exception, SettingsError)

    (grant,) = Grants(file, SystemClock()).all()
    run("revoke", grant.id)
    assert run(*first).exit_code == 0
    assert Grants(file, SystemClock()).of_user("sue")[0] is not None


def test_a_broken_file_is_not_written_over(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("secret-pasted-here\n")

    done = run("create", "--name", "x", "--everything")

    assert isinstance(done.exception, SettingsError)
    assert "line 1" in str(done.exception)
    assert "secret" not in str(done.exception)
    assert file.read_text() == "secret-pasted-here\n"


def test_all_generations_share_the_file() -> None:
    settings = Settings(data_dir="/data")

    assert settings.tokens_file == settings.of_generation(3).tokens_file


@pytest.mark.parametrize("command", ["worker", "wallboard"])
def test_a_page_that_others_could_read_does_not_start(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOORCAST_PAGE_HOST", "0.0.0.0")
    monkeypatch.setenv("FLOORCAST_REDIS_URL", "redis://127.0.0.1:1")

    with pytest.raises(SystemExit) as stopped:
        main([command])

    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "page_host = '0.0.0.0'" in said
    assert "page_auth" in said


@pytest.mark.parametrize("auth", [{"page_auth": "token"}, PROXY])
def test_with_auth_any_address_may_be_listened_on(auth: dict[str, str]) -> None:
    check_page(Settings(page_host="0.0.0.0", **auth), ManualClock())  # type: ignore[arg-type] # every value is of its field's type


@pytest.mark.parametrize("without", ["page_user_header", "page_proxies", "page_hosts"])
def test_a_proxy_needs_its_header_its_address_and_its_names(without: str) -> None:
    settings = Settings(**{name: value for name, value in PROXY.items() if name != without})  # type: ignore[arg-type] # every value is of its field's type

    with pytest.raises(SettingsError, match=without):
        page_auth(settings, ManualClock())


def test_rules_without_auth_are_a_mistake() -> None:
    with pytest.raises(SettingsError, match="page_auth is none"):
        page_auth(Settings(page_hosts="board.example"), ManualClock())


def test_a_proxys_address_is_checked() -> None:
    wrong = {**PROXY, "page_proxies": "proxy.example"}

    with pytest.raises(SettingsError, match=r"page_proxies = 'proxy\.example'"):
        page_auth(Settings(**wrong), ManualClock())  # type: ignore[arg-type] # every value is of its field's type


def test_every_setting_can_be_given_as_a_variable() -> None:
    settings = load_settings(
        {f"FLOORCAST_{name.upper()}": value for name, value in PROXY.items()}
        | {"FLOORCAST_PAGE_TOKENS": "/etc/floorcast/tokens.jsonl"}
    )

    assert page_auth(settings, ManualClock()) is not None
    assert settings.tokens_file == Path("/etc/floorcast/tokens.jsonl")
    with pytest.raises(SettingsError, match="page_user_header"):
        load_settings({"FLOORCAST_PAGE_USER_HEADER": "X User"})
