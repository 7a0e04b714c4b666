"""A worker tells whom the settings name, and only what it knows whole."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from sinks.held_alerts import UNHEARD_S, HeldAlerts
from streams.cli.telling import senders
from streams.core.alerts.book import Entry
from streams.core.alerts.known import KnownAlerts
from streams.core.clock import ManualClock
from streams.engine.telemetry import Telemetry
from streams.settings_reader import load_settings
from tests.unit.alert_entries import AT_MS, ack, entries, red


def known(position: int, *alerts: Entry) -> KnownAlerts:
    return KnownAlerts(position=position, moment_ms=0, entries=alerts)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, []),
        ({"alertmanager_url": "http://am:9093"}, ["alertmanager"]),
        ({"webhook_url": "http://chat", "webhook_secret": "0123456789abcdef"}, ["webhook"]),
    ],
)
def test_whom_the_settings_name_is_told(values: dict[str, str], names: list[str]) -> None:
    telemetry = Telemetry(CollectorRegistry())
    settings = load_settings({f"FLOORCAST_{name.upper()}": one for name, one in values.items()})
    found = senders(settings, HeldAlerts(), ManualClock(AT_MS), telemetry, dict)
    assert [one.name for one in found] == names


async def test_before_the_first_word_nobody_knows_what_fires() -> None:
    held = HeldAlerts()
    assert (held.firing(), held.entries(), held.shown()) == (None, None, ())
    await held.write(known(1))
    assert (held.firing(), held.entries()) == ([], ())


async def test_the_last_word_holds_and_an_older_one_changes_nothing() -> None:
    held, alert = HeldAlerts(), red()
    await held.write(known(2, *entries(alert)))
    assert held.firing() == entries(alert)
    taken = tuple(entries(alert, ack(alert, at_ms=AT_MS + 1)))
    await held.write(known(3, *taken))
    assert (held.firing(), held.shown()) == ([], taken)
    await held.write(known(2, *entries(alert)))
    assert held.firing() == []


async def test_who_is_cut_off_from_kafka_says_nothing_until_it_hears_again() -> None:
    unheard_s = [UNHEARD_S]
    held, alert = HeldAlerts(lambda: unheard_s[0]), red()
    await held.write(known(1, *entries(alert)))
    assert held.firing() == entries(alert)
    unheard_s[0] += 1
    assert (held.firing(), held.entries()) == (None, None)
    assert held.shown() == tuple(entries(alert))
    unheard_s[0] = 0.0
    assert held.firing() == entries(alert)
