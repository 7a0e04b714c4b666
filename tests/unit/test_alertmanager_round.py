"""The Alertmanager is told what fires, again every minute, and of each end once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sinks.alertmanager_round import EVERY_MS, LASTS_MS, Round, Told, encode_alerts, round_of
from streams.core.alerts.book import Entry
from tests.unit.alert_entries import AT_MS, MINUTE_MS, TEXT, entries, red, silent

NOW_MS = AT_MS + 60 * MINUTE_MS


def firing(*reps: str) -> list[Entry]:
    return entries(*map(red, reps))


def due(told: Told, *reps: str, now_ms: int = NOW_MS) -> Round:
    found = round_of(told, firing(*reps), now_ms)
    assert found is not None
    return found


def ends(one: Round) -> dict[str, int]:
    """Rep to how long its alert is said to last from now, ms."""
    return {
        alert.labels["rep"]: round(alert.ends_at.timestamp() * 1000) - one.told.at_ms
        for alert in one.alerts
    }


def test_nothing_is_said_while_nothing_fires() -> None:
    assert round_of(Told(), [], NOW_MS) is None


def test_what_begins_to_fire_is_told_at_once_and_then_every_minute() -> None:
    first = due(Told(), "r-1")
    assert ends(first) == {"r-1": LASTS_MS}
    assert round_of(first.told, firing("r-1"), NOW_MS + EVERY_MS - 1) is None
    again = due(first.told, "r-1", now_ms=NOW_MS + EVERY_MS)
    assert ends(again) == {"r-1": LASTS_MS}
    other = due(first.told, "r-1", "r-2", now_ms=NOW_MS + 1)
    assert ends(other) == {"r-1": LASTS_MS, "r-2": LASTS_MS}


def test_an_end_is_told_once() -> None:
    first = due(Told(), "r-1", "r-2")
    over = due(first.told, "r-2", now_ms=NOW_MS + 5_000)
    assert ends(over) == {"r-1": 0, "r-2": LASTS_MS}
    assert round_of(over.told, firing("r-2"), NOW_MS + 10_000) is None
    assert round_of(due(over.told, now_ms=NOW_MS + 9_000).told, [], NOW_MS + EVERY_MS * 2) is None


def test_an_end_that_was_not_taken_is_told_again() -> None:
    first = due(Told(), "r-1")
    assert ends(due(first.told, now_ms=NOW_MS + 1)) == {"r-1": 0}
    assert ends(due(first.told, now_ms=NOW_MS + 9)) == {"r-1": 0}


def test_two_workers_say_it_with_the_same_labels() -> None:
    mine = due(Told(), "r-1", "r-2")
    theirs = round_of(Told(), firing("r-2", "r-1"), NOW_MS + 777, "https://boards")
    assert theirs is not None
    assert [one.labels for one in mine.alerts] == [one.labels for one in theirs.alerts]


def test_an_alert_leads_to_the_reps_board_and_to_what_it_means() -> None:
    alert = red("r/1 ?")
    found = round_of(Told(), entries(alert), NOW_MS, "https://boards.example.com/")
    assert found is not None
    (posted,) = json.loads(encode_alerts(found.alerts))
    link = "https://boards.example.com/rep/r%2F1%20%3F"
    assert posted["generatorURL"] == link
    assert posted["annotations"] == {
        "summary": "A rep's conversion has really dropped.",
        "summary_zh": "一名坐席的转化率确实下降了。",
        "description": TEXT["en"],
        "text_zh": TEXT["zh"],
        "link": link,
        "runbook_url": "deploy/alerts.md#floorcastconversiondrop",
    }
    assert posted["startsAt"] == datetime.fromtimestamp(AT_MS / 1000, UTC).isoformat().replace(
        "+00:00", "Z"
    )


def test_a_team_leads_to_its_own_board() -> None:
    alert = red("", kind="team_conversion_drop", team_id="north")
    found = round_of(Told(), entries(alert), NOW_MS, "https://boards")
    assert found is not None
    assert found.alerts[0].annotations["link"] == "https://boards/team/north"


def test_a_site_leads_to_the_floor() -> None:
    found = round_of(Told(), entries(silent()), NOW_MS, "https://boards")
    assert found is not None
    assert found.alerts[0].annotations["link"] == "https://boards/floor"


def test_nothing_ends_before_it_begins_whatever_clocks_say() -> None:
    ahead = entries(red(at_ms=NOW_MS + MINUTE_MS))
    found = round_of(Told(), ahead, NOW_MS)
    assert found is not None
    over = round_of(found.told, [], NOW_MS)
    assert over is not None
    assert over.alerts[0].starts_at < over.alerts[0].ends_at
