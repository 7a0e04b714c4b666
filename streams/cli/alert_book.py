"""Reads the life of every alert out of Kafka: what `floorcast alerts` shows and acts on."""

from __future__ import annotations

from collections.abc import Iterable

import click

from streams.core.alerts.book import AlertBook, Entry
from streams.settings import Settings

_EVER_MS = 10**15


def read_entries(settings: Settings) -> list[Entry]:
    """Every alert there is, the newest first, but those of reps who are forgotten.

    What nobody understands is left out. Raises click.ClickException when Kafka fails or has no such
    topic.
    """
    from streams.cli.forgotten import forgotten_reps
    from streams.core.clock import SystemClock

    forgotten = forgotten_reps(settings)
    entries = _book(settings).entries(SystemClock().now_ms())
    return [one for one in entries if not forgotten.hides(one.alert.rep_id)]


def _book(settings: Settings) -> AlertBook:
    from streams.cli.kafka_read import read_topics
    from streams.core.alerts.heard import hear_action, hear_alert
    from streams.topics import ALERT_ACTIONS, REP_ALERTS

    # An import of history tells of contacts of long ago, and these are asked about, too.
    book = AlertBook(kept_ms=_EVER_MS, generation=settings.generation)
    actions = settings.topic(ALERT_ACTIONS)
    for record in read_topics(settings, [settings.topic(REP_ALERTS), actions]):
        (hear_action if record.topic == actions else hear_alert)(book, record.value)
    return book


def one_of(entries: Iterable[Entry], alert_id: str) -> Entry:
    """The one alert whose id, or that of an amber it grew from, begins like this.

    Raises click.ClickException when there is none, or more than one.
    """
    found = [
        one
        for one in entries
        if any(each.startswith(alert_id) for each in (one.alert.alert_id, *one.grew_from))
    ]
    if len(found) != 1:
        count = f"{len(found)} alerts begin" if found else "no alert begins"
        msg = f"{count} with {alert_id!r}: `floorcast alerts list` shows what there is"
        raise click.ClickException(msg)
    return found[0]
