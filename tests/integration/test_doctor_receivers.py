"""The doctor says whether red alerts reach an Alertmanager."""

from __future__ import annotations

from collections.abc import Callable

from streams.cli.doctor_checks.finding import Finding
from streams.cli.doctor_checks.receivers import receivers
from streams.settings import Settings
from tests.services.alertmanager import AlertmanagerServer
from tests.services.ports import free_port
from tests.services.programs import REPOSITORY

CONFIG = (REPOSITORY / "deploy/alertmanager/alertmanager.yml").read_text("utf-8")


def found(**values: str) -> list[Finding]:
    return list(receivers(Settings(**values)))  # type: ignore[arg-type] # texts only


def test_an_alertmanager_that_answers_is_well(
    alertmanager_server: Callable[[str], AlertmanagerServer],
) -> None:
    server = alertmanager_server(CONFIG)
    (one,) = found(alertmanager_url=server.url.replace("http://", "http://floor:pass@") + "/")
    assert one.status == "ok"
    assert one.found.startswith(f"{server.url}/ answers, version ")
    (wrong,) = found(alertmanager_url=f"{server.url}/elsewhere")
    assert (wrong.status, "HTTP 404" in wrong.found) == ("fail", True)


def test_one_that_is_away_is_named_without_its_password() -> None:
    (one,) = found(alertmanager_url=f"http://floor:pass@127.0.0.1:{free_port()}")
    assert one.status == "fail"
    assert "pass" not in one.found
    assert "FLOORCAST_ALERTMANAGER_URL" in one.do


def test_that_nobody_is_told_is_said_and_no_fault() -> None:
    (one,) = found()
    assert one.status == "skipped"
    assert found(webhook_url="https://chat", webhook_secret="0123456789abcdef") == []
