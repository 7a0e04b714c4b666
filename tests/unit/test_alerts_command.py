"""`floorcast alerts`: what is wrong is told before Kafka is asked, or in one line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from streams.cli.alerts_act import _action
from streams.cli.instant import Until
from streams.cli.main import cli
from streams.core.clock import SystemClock
from tests.builders import DAY_MS, HOUR_MS

NOWHERE = {"FLOORCAST_BROKERS": "127.0.0.1:1"}


@pytest.mark.parametrize("name", ["list", "show", "ack", "comment", "mute", "unmute"])
def test_each_command_has_help_with_an_example(name: str) -> None:
    done = CliRunner().invoke(cli, ["alerts", name, "--help"])
    assert done.exit_code == 0
    assert f"floorcast alerts {name}" in done.output.replace("\n", " ")
    assert "Example" in done.output


def test_a_time_to_come_counts_from_now() -> None:
    now_ms = SystemClock().now_ms()
    until_ms = Until().convert("2h", None, None)
    assert 0 <= until_ms - now_ms - 2 * HOUR_MS < DAY_MS


def test_who_is_logged_in_did_it_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "mia")
    assert _action("ack", None, alert_id="a").by == "mia"
    assert _action("ack", "tom", alert_id="a").by == "tom"
    first, second = (_action("ack", None, alert_id="a") for _ in range(2))
    assert first.action_id != second.action_id


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["--until", "2h"], "mute names either a rep or a team"),
        (["--rep", "a", "--team", "t", "--until", "2h"], "mute names either a rep or a team"),
        (["--rep", "a", "--until", "400d"], "must lie after now"),
        (["--rep", "a", "--until", "2020-01-01T00:00:00Z"], "must lie after now"),
        (["--rep", "a", "--until", "2h", "--by", ""], "by = '': must not be empty"),
    ],
)
def test_a_mute_that_means_nothing_is_a_usage_error(args: list[str], problem: str) -> None:
    done = CliRunner().invoke(cli, ["alerts", "mute", *args], env=NOWHERE)
    assert done.exit_code == 2
    assert problem in done.output


def test_a_mute_without_an_end_is_a_usage_error() -> None:
    done = CliRunner().invoke(cli, ["alerts", "mute", "--rep", "ana"], env=NOWHERE)
    assert done.exit_code == 2
    assert "--until" in done.output
