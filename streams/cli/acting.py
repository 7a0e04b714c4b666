"""Joins the page to Kafka: what people do about alerts there is written to `alert-actions`."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING

from streams.settings import Settings

if TYPE_CHECKING:
    from sinks.wallboard.api.acting import Acting

NOBODY = "page"
"""Who acts on a page without a log-in, where who runs it has no name."""


def acting(settings: Settings) -> Acting:
    """What the page needs; a producer is made for each action, for people act seldom."""
    from sinks.wallboard.api.acting import Acting
    from streams.core.alerts.actions import AlertAction, encode_action
    from streams.core.errors import PipelineError
    from streams.topics import ALERT_ACTIONS

    async def write(action: AlertAction) -> None:
        import click

        from streams.cli.kafka_write import write_record

        topic, key = settings.topic(ALERT_ACTIONS), action.action_id.encode()
        try:
            await asyncio.to_thread(write_record, settings, topic, key, encode_action(action))
        except click.ClickException as error:
            raise PipelineError(error.format_message()) from error

    return Acting(write, _user())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return NOBODY
