"""Topics keep what somebody still counts on."""

from __future__ import annotations

import pytest

from streams.core.alerts.actions import LONGEST_MUTE_MS
from streams.core.alerts.book import KEPT_MS
from streams.settings import Settings
from streams.topics import ALERT_ACTIONS, REP_ALERTS, all_topics
from tests.builders import DAY_MS


@pytest.mark.parametrize("days", [1, 35, 36, 400])
def test_alerts_and_actions_outlive_the_book_whatever_the_retention(days: int) -> None:
    settings = Settings(retention_days=days)
    kept = {t.name: int(t.config.get("retention.ms", -1)) for t in all_topics(settings)}
    assert kept["call-ended"] == days * DAY_MS
    for name in (REP_ALERTS, ALERT_ACTIONS):
        assert kept[settings.topic(name)] == max(days, 36) * DAY_MS
        assert kept[settings.topic(name)] > KEPT_MS > LONGEST_MUTE_MS
