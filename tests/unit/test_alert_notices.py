"""What others are told of an alert: the same from everybody, nothing where there is nothing."""

from __future__ import annotations

from typing import get_args

from msgspec import structs

from streams.core.alerts.notices import SUMMARIES, Notice, labels, notice_of
from streams.core.alerts.told import Kind
from tests.unit.alert_entries import AT_MS, MINUTE_MS, ack, end_of, entries, mute, red, silent

LATER_MS = AT_MS + 40 * MINUTE_MS


def notices(*heard: object, now_ms: int = AT_MS + 60 * MINUTE_MS) -> list[Notice]:
    return [one for one in map(notice_of, entries(*heard, now_ms=now_ms)) if one is not None]  # type: ignore[arg-type] # records of both topics


def test_every_kind_of_alert_has_its_sentence_in_both_languages() -> None:
    assert SUMMARIES.keys() == set(get_args(Kind))
    assert all(one.keys() == {"en", "zh"} for one in SUMMARIES.values())


def test_labels_say_what_who_and_which() -> None:
    assert labels(red()) == {
        "alertname": "FloorcastConversionDrop",
        "severity": "warning",
        "site": "lisbon",
        "team": "north",
        "rep": "r-1",
        "alert_id": f"r-1-{AT_MS}",
    }


def test_a_team_has_no_rep() -> None:
    found = labels(red("", kind="team_conversion_drop", team_id="north"))
    assert found["alertname"] == "FloorcastTeamConversionDrop"
    assert "rep" not in found


def test_a_silent_site_has_neither_rep_nor_team() -> None:
    found = labels(silent())
    assert found.keys() == {"alertname", "severity", "site", "alert_id"}
    assert found["alertname"] == "FloorcastDealsSilent"


def test_an_end_that_is_no_recovery_is_not_called_one() -> None:
    alert = red()
    (notice,) = notices(alert, end_of(alert, at_ms=LATER_MS, why="moved"))
    assert notice.text["en"].startswith("Ended, with no word on recovery. It was: Ana")


def test_a_red_is_told_until_somebody_has_it_in_hand() -> None:
    alert = red()
    (notice,) = notices(alert)
    assert (notice.id, notice.event, notice.at_ms) == (f"{alert.alert_id}:red", "red", AT_MS)
    assert notices(alert, ack(alert, at_ms=LATER_MS)) == []


def test_a_recovery_is_told_in_words_of_its_own() -> None:
    alert = red()
    (notice,) = notices(alert, end_of(alert, at_ms=LATER_MS))
    assert (notice.event, notice.at_ms, notice.why) == ("recovered", LATER_MS, "evidence")
    assert notice.text["en"].startswith("Recovered. It was: Ana: 7 sales")
    assert notice.text["zh"].startswith("已恢复。原提醒：Ana")


def test_a_red_that_another_red_takes_the_place_of_has_not_recovered() -> None:
    first, second = red(), red(at_ms=LATER_MS)
    (notice,) = notices(first, second, end_of(first, at_ms=LATER_MS, why="again"))
    assert notice.id == f"{second.alert_id}:red"


def test_of_a_muted_rep_nothing_is_told() -> None:
    alert = red()
    muted = mute("r-1", at_ms=AT_MS, until_ms=AT_MS + 600 * MINUTE_MS)
    assert notices(alert, muted) == []
    assert notices(alert, end_of(alert, at_ms=LATER_MS), muted) == []


def test_a_silent_site_in_hand_fires_on_and_is_not_told_again() -> None:
    site = silent()
    taken = ack(site, at_ms=LATER_MS)
    (entry,) = entries(site, taken)
    assert (entry.firing, entry.unseen) == (True, False)
    assert notices(site, taken) == []
    sold = red(
        "",
        kind="deals_silent",
        team_id="",
        at_ms=LATER_MS,
        alert_id="heard",
        state="recovered",
        ends=site.alert_id,
    )
    (entry,) = entries(site, taken, sold)
    assert not entry.firing


def test_what_began_and_ended_under_a_mute_is_not_told_when_the_mute_ends() -> None:
    alert, over_ms = red(), LATER_MS + 2 * MINUTE_MS
    muted = mute("r-1", at_ms=AT_MS - 1, until_ms=LATER_MS + MINUTE_MS)
    assert notices(alert, end_of(alert, at_ms=LATER_MS), muted, now_ms=over_ms) == []
    # It began under the mute and was told when that ended.
    open_still = end_of(alert, at_ms=LATER_MS + MINUTE_MS)
    (notice,) = notices(alert, open_still, muted, now_ms=over_ms)
    assert notice.event == "recovered"


def test_a_mute_that_was_ended_keeps_no_recovery_back() -> None:
    alert = red()
    muted = mute("r-1", at_ms=AT_MS + 1, until_ms=LATER_MS + 600 * MINUTE_MS)
    free = structs.replace(muted, verb="unmute", at_ms=AT_MS + 2, until_ms=0, action_id="free")
    (notice,) = notices(alert, muted, free, end_of(alert, at_ms=LATER_MS))
    assert notice.event == "recovered"


def test_an_amber_is_a_colour_and_no_message() -> None:
    assert notices(red(state="amber", level="amber")) == []
