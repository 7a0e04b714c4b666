"""What is done on the page does not hold up what is shown there."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from streams.cli.acting import acting
from streams.core.alerts.actions import AlertAction
from streams.core.errors import PipelineError
from streams.settings_reader import load_settings


async def test_with_kafka_away_an_action_fails_soon_and_takes_no_thread_of_the_boards() -> None:
    gone = ThreadPoolExecutor(1)
    gone.shutdown()
    asyncio.get_running_loop().set_default_executor(gone)  # whoever asks for its threads fails
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        servers = f"127.0.0.1:{taken.getsockname()[1]}"
        acts = acting(load_settings({"FLOORCAST_BROKERS": servers}), within_s=0.2)
        action = AlertAction(action_id="x", at_ms=1, by="mia", verb="ack", alert_id="a-1")
        with pytest.raises(PipelineError, match="could not be written to"):
            await acts.write(action)
