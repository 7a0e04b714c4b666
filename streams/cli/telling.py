"""Who is told of alerts by a worker: an Alertmanager and a webhook, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from streams.core.alerts.told import RepAlert
from streams.core.partition import partition_of

if TYPE_CHECKING:
    from sinks.alertmanager import AlertmanagerPusher
    from sinks.held_alerts import HeldAlerts
    from sinks.webhook import WebhookPusher
    from streams.core.clock import Clock
    from streams.engine.telemetry import Telemetry
    from streams.settings import Settings


def senders(
    settings: Settings,
    held: HeldAlerts,
    clock: Clock,
    telemetry: Telemetry,
    owned: Callable[[], Collection[int]],
    *,
    grace_ms: int = 0,
) -> list[AlertmanagerPusher | WebhookPusher]:
    """Those that the settings name; `owned` gives the partitions this worker owns now.

    `grace_ms`: how old a contact is when it is scored, as the plan says.
    """
    found: list[AlertmanagerPusher | WebhookPusher] = []
    if settings.alertmanager_url:
        from sinks.alertmanager import AlertmanagerPusher

        found.append(
            AlertmanagerPusher(
                settings.alertmanager_url,
                held.firing,
                clock,
                page_url=settings.page_url,
                tried=partial(telemetry.alert_post, AlertmanagerPusher.name),
            )
        )
    if settings.webhook_url and settings.webhook_secret:
        from sinks.webhook import WebhookPusher

        def mine(alert: RepAlert) -> bool:
            return partition_of(alert.key.encode(), settings.partitions) in owned()

        found.append(
            WebhookPusher(
                settings.webhook_url,
                settings.webhook_secret,
                held.entries,
                clock,
                mine=mine,
                grace_ms=grace_ms,
                page_url=settings.page_url,
                tried=partial(telemetry.alert_post, WebhookPusher.name),
            )
        )
    return found
