"""Joins the page to Kafka: what people do about alerts there is written to `alert-actions`."""

from __future__ import annotations

import asyncio
import getpass
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from streams.settings import Settings

if TYPE_CHECKING:
    from sinks.wallboard.api.acting import Acting

NOBODY = "page"
"""Who acts on a page without a log-in, where who runs it has no name."""
WITHIN_S = 8.0
"""Somebody waits at the page for it."""
THREADS = 2


def acting(settings: Settings, within_s: float = WITHIN_S) -> Acting:
    """What the page needs; a producer is made for each action, for people act seldom."""
    from sinks.wallboard.api.acting import Acting
    from streams.core.alerts.actions import AlertAction, encode_action
    from streams.core.errors import PipelineError
    from streams.topics import ALERT_ACTIONS

    # Their own threads: with Kafka away actions wait in them, and boards need those of the loop.
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="acting")

    async def write(action: AlertAction) -> None:
        import click

        from streams.cli.kafka_write import write_record

        topic, key = settings.topic(ALERT_ACTIONS), action.action_id.encode()
        put = partial(write_record, settings, topic, key, encode_action(action), within_s)
        try:
            await asyncio.get_running_loop().run_in_executor(threads, put)
        except click.ClickException as error:
            raise PipelineError(error.format_message()) from error

    return Acting(write, _user())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return NOBODY
