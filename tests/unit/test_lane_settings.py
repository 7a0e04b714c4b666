"""From floorcast's settings to what Faust connects with."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from faust.auth import SASLCredentials
from faust.types.auth import AuthProtocol, SASLMechanism

from streams.core.errors import SettingsError
from streams.engine.lane.settings import app_options, credentials, require_settings
from streams.settings import Settings


def test_a_plain_connection_has_no_credentials() -> None:
    assert credentials(Settings()) is None


@pytest.mark.parametrize(("protocol", "encrypted"), [("SASL_PLAINTEXT", False), ("SASL_SSL", True)])
def test_a_login_is_passed_with_its_mechanism(protocol: str, encrypted: bool) -> None:
    settings = Settings(
        security_protocol="SASL_SSL" if encrypted else "SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-256",
        sasl_username="floor",
        sasl_password="secret",
    )
    found = credentials(settings)
    assert isinstance(found, SASLCredentials)
    assert found.protocol is AuthProtocol(protocol)
    assert found.mechanism is SASLMechanism.SCRAM_SHA_256
    assert (found.username, found.password) == ("floor", "secret")
    assert (found.ssl_context is not None) is encrypted


def test_tls_without_a_login_is_passed() -> None:
    found = credentials(Settings(security_protocol="SSL"))
    assert found is not None
    assert found.protocol is AuthProtocol.SSL


def test_a_tls_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "ca.pem")
    with pytest.raises(SettingsError, match=r"ca\.pem cannot be used"):
        credentials(Settings(security_protocol="SSL", ssl_ca=missing))


def test_every_broker_is_asked_for_by_the_lane() -> None:
    options = app_options(Settings(brokers="a:1, b:2"))
    assert [str(url) for url in options["broker"]] == ["lane://a:1", "lane://b:2"]


def test_settings_that_would_lose_events_are_refused_all_at_once() -> None:
    conf = SimpleNamespace(
        processing_guarantee=SimpleNamespace(value="exactly_once"),
        table_standby_replicas=1,
        stream_wait_empty=False,
        consumer_auto_offset_reset="latest",
        producer_threaded=False,
        topic_disable_leader=True,
    )
    with pytest.raises(SettingsError) as caught:
        require_settings(conf)
    assert [problem.split(" = ")[0] for problem in caught.value.problems] == [
        "the lane needs processing_guarantee.value",
        "the lane needs table_standby_replicas",
        "the lane needs consumer_auto_offset_reset",
    ]
