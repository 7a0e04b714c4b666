"""`floorcast resume` refuses what is no input before it asks Kafka anything."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from streams.cli.main import cli

NOWHERE = {"FLOORCAST_BROKERS": "127.0.0.1:1", "FLOORCAST_TOPIC_PREFIX": "hall-2."}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("call-ended", "is not of the form TOPIC:PARTITION"),
        ("call-ended:", "is not of the form TOPIC:PARTITION"),
        ("call-ended:-1", "is not of the form TOPIC:PARTITION"),
        ("calls:0", "is no input; inputs are hall-2.call-ended, "),
        ("rep-scoreboard:0", "is no input"),
        ("visit-logged:0", "is no input"),  # unless the setting `visits` is on
        ("call-ended:8", "partition 8 is not one of hall-2.call-ended's: they are 0 to 7"),
        ("hall-2.call-ended:8", "partition 8 is not one of hall-2.call-ended's"),
    ],
)
def test_a_name_that_is_no_input_is_a_usage_error(name: str, problem: str) -> None:
    done = CliRunner().invoke(cli, ["resume", name], env=NOWHERE)
    assert done.exit_code == 2
    assert problem in done.output
