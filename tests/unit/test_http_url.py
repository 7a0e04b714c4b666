"""Addresses that alerts go to: what is wrong is said with what to do, and secrets never."""

from __future__ import annotations

import pytest

from streams.core.errors import SettingsError
from streams.settings import Settings, masked
from streams.settings_reader import load_settings

SECRET = "0123456789abcdef"


def settings(**values: str) -> Settings:
    return load_settings({f"FLOORCAST_{name.upper()}": value for name, value in values.items()})


def test_without_an_address_nobody_is_told() -> None:
    assert settings(alertmanager_url="").alertmanager_url is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"alertmanager_url": "alertmanager:9093"}, "alertmanager_url: must be an address such as"),
        ({"alertmanager_url": "http://"}, "alertmanager_url: must be an address such as"),
        ({"alertmanager_url": "http://am:99999"}, "alertmanager_url: host or port"),
        ({"alertmanager_url": "http://am:9093/?x=1"}, "alertmanager_url: must end with the path"),
        ({"page_url": "https://me:secret@boards"}, "page_url: must have no password"),
        ({"webhook_url": "https://chat/secret"}, "webhook_secret: must be set"),
        ({"webhook_secret": "secret-secret-secret"}, "webhook_secret: goes with webhook_url"),
        ({"webhook_url": "https://chat/x", "webhook_secret": "secret"}, "at least 16 characters"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(values: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(**values)
    (line,) = str(refused.value).splitlines()
    assert said in line
    assert "secret-" not in line
    assert ":secret" not in line


def test_nothing_that_opens_a_door_is_shown() -> None:
    found = settings(
        alertmanager_url="https://floor:pass@am.example.com/alerts",
        webhook_url="https://hooks.example.com/services/T0/opens-the-door",
        webhook_secret=SECRET,
    )
    assert found.shown()["alertmanager_url"] == "https://****@am.example.com/alerts"
    assert found.shown()["webhook_url"] == "https://hooks.example.com/****"
    assert found.shown()["webhook_secret"] == "****"
    for shown in (repr(found), str(found)):
        assert "pass" not in shown.replace("password", "")
        assert "opens-the-door" not in shown
        assert SECRET not in shown


def test_a_webhook_address_with_a_login_is_masked_too() -> None:
    shown = masked("webhook_url", "https://a:pass@hooks.example.com/x")
    assert shown == "https://hooks.example.com/****"
