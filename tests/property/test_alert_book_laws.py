"""Laws of the alert book: it depends on what was heard, not on the order or how often."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import ValidationError, structs

from streams.core.alerts.actions import (
    LONGEST_MUTE_MS,
    AlertAction,
    Verb,
    decode_action,
    encode_action,
)
from streams.core.alerts.book import KEPT_MS, AlertBook, Entry
from streams.core.alerts.outcomes import Level
from streams.core.alerts.told import RepAlert, State
from streams.core.calendar import DAY_MS, HOUR_MS

NOW_MS = 20_000 * DAY_MS
REPS = {"ana": "north", "ben": "north", "cho": "south"}

Word = RepAlert | AlertAction


@st.composite
def alerts(draw: st.DrawFn) -> RepAlert:
    """A record about one of few alerts, so that its states and its end meet."""
    number = draw(st.integers(0, 7))
    rep_id = [*REPS, ""][number % 4]
    level: Level = "amber" if number > 3 else "red"
    grown = draw(st.booleans())
    state: State = draw(st.sampled_from([level, level, "cleared"]))
    ended = state == "cleared"
    if ended and level == "red":
        state = "recovered"
    at_ms = NOW_MS - draw(st.integers(0, 40)) * DAY_MS if ended else _begin(number)
    return RepAlert(
        alert_id=f"end-{number}-{at_ms}" if ended else f"a-{number}",
        kind="conversion_drop" if rep_id else "team_conversion_drop",
        state=state,
        site_id="s",
        team_id=REPS.get(rep_id, "north"),
        rep_id=rep_id,
        at_ms=at_ms,
        evidence=9_000,
        level=level,
        ends=f"a-{number}" if ended else f"a-{number + 4}" if state == "red" and grown else "",
        why=draw(st.sampled_from(["evidence", "gone"])) if ended else "",
    )


def _begin(number: int) -> int:
    return NOW_MS - (number * 7 % 45 + 1) * DAY_MS  # ambers lie before, and behind, the reds


@st.composite
def actions(draw: st.DrawFn) -> AlertAction:
    verb: Verb = draw(st.sampled_from(["ack", "comment", "mute", "unmute"]))
    at_ms = NOW_MS - draw(st.integers(0, 45)) * DAY_MS
    rep_id = team_id = ""
    if verb in ("mute", "unmute"):
        rep_id = draw(st.sampled_from(["", *REPS]))
        team_id = "" if rep_id else draw(st.sampled_from(["north", "south"]))
    return AlertAction(
        action_id=f"x-{draw(st.integers(0, 10**6))}",
        at_ms=at_ms,
        by=draw(st.sampled_from(["mia", "tom"])),
        verb=verb,
        alert_id=f"a-{draw(st.integers(0, 8))}" if verb in ("ack", "comment") else "",
        rep_id=rep_id,
        team_id=team_id,
        until_ms=at_ms + draw(st.integers(1, LONGEST_MUTE_MS)) if verb == "mute" else 0,
        text="seen",
    )


words = st.lists(alerts() | actions(), max_size=30)


def book_of(said: list[Word]) -> AlertBook:
    book = AlertBook()
    for word in said:
        take(book, word)
    return book


def take(book: AlertBook, word: Word) -> None:
    if isinstance(word, RepAlert):
        book.hear(word)
    else:
        book.act(word)


def without_mutes(entries: list[Entry]) -> list[tuple[object, ...]]:
    return [(one.alert, one.state, one.grew_from) for one in entries]


@given(words, st.randoms(use_true_random=False))
def test_order_and_repeats_change_no_entry(said: list[Word], chance: random.Random) -> None:
    again = said + chance.choices(said, k=5) if said else []
    chance.shuffle(again)
    assert book_of(said).entries(NOW_MS) == book_of(again).entries(NOW_MS)


@given(words)
def test_a_replay_changes_nothing(said: list[Word]) -> None:
    book = book_of(said)
    before = book.entries(NOW_MS), book.revision
    for word in said:
        take(book, word)
    assert (book.entries(NOW_MS), book.revision) == before


@given(words, alerts() | actions())
def test_entries_change_only_with_the_revision(said: list[Word], word: Word) -> None:
    book = book_of(said)
    before = book.entries(NOW_MS), book.revision
    take(book, word)
    if book.revision == before[1]:
        assert book.entries(NOW_MS) == before[0]


@given(words, st.integers(-20, 20), st.integers(0, 20), st.sampled_from([1, 9, 35]))
def test_forgetting_takes_nothing_from_what_is_listed(
    said: list[Word], forgotten: int, later: int, ended_kept: int
) -> None:
    first_ms = NOW_MS + forgotten * DAY_MS
    asked_ms = first_ms + later * DAY_MS
    book = AlertBook(ended_kept_ms=ended_kept * DAY_MS)
    for word in said:
        take(book, word)
    before = book.entries(asked_ms)
    book.forget(first_ms)
    found = book.entries(asked_ms)
    # Only what was said of an alert that nobody has in 35 days may be gone, and old mutes with it.
    assert without_mutes(found) == without_mutes(before)
    assert [one.muted_until_ms for one in found] == [one.muted_until_ms for one in before]
    assert [one.firing for one in found] == [one.firing for one in before]


@given(words)
def test_a_book_that_is_let_go_of_is_empty(said: list[Word]) -> None:
    book = book_of(said)
    book.forget(NOW_MS + 2 * KEPT_MS)
    held = ("_told", "_ends", "_of_alert", "_of_target")
    assert not any(vars(book)[one] for one in held)


@given(words, st.sampled_from(["rep", "team"]), st.integers(1, LONGEST_MUTE_MS))
def test_a_mute_hides_firing_until_it_ends_and_loses_nothing(
    said: list[Word], kind: str, long_ms: int
) -> None:
    quiet = [one for one in said if isinstance(one, RepAlert) or one.verb in ("ack", "comment")]
    book = book_of(quiet)
    free = book.firing(NOW_MS), without_mutes(book.entries(NOW_MS))
    until_ms = NOW_MS + long_ms
    book.act(_mute(kind, until_ms))
    assert without_mutes(book.entries(NOW_MS)) == free[1]
    hidden = {"ana"} if kind == "rep" else {"ana", "ben", ""}
    assert [one.alert for one in book.firing(NOW_MS)] == [
        one.alert for one in free[0] if one.alert.rep_id not in hidden
    ]
    ids = {one.alert.alert_id for one in book_of(quiet).firing(until_ms)}
    assert {one.alert.alert_id for one in book.firing(until_ms)} == ids


def _mute(kind: str, until_ms: int) -> AlertAction:
    return AlertAction(
        action_id="m-1",
        at_ms=NOW_MS,
        by="mia",
        verb="mute",
        rep_id="ana" if kind == "rep" else "",
        team_id="" if kind == "rep" else "north",
        until_ms=until_ms,
    )


def red(alert_id: str = "a-1", at_ms: int = NOW_MS, **more: object) -> RepAlert:
    fields: dict[str, object] = {
        "alert_id": alert_id,
        "kind": "conversion_drop",
        "state": "red",
        "site_id": "s",
        "team_id": "north",
        "rep_id": "ana",
        "at_ms": at_ms,
        "evidence": 8_100.0,
    }
    return RepAlert(**(fields | more))  # type: ignore[arg-type]  # a dict has one type of value


def ack(alert_id: str = "a-1", at_ms: int = NOW_MS + 1) -> AlertAction:
    return AlertAction(action_id="x-1", at_ms=at_ms, by="mia", verb="ack", alert_id=alert_id)


def test_an_ack_of_an_unknown_alert_is_kept_until_the_alert_comes() -> None:
    book = book_of([ack()])
    assert book.entries(NOW_MS) == []
    book.forget(NOW_MS)
    book.hear(red())
    (entry,) = book.entries(NOW_MS)
    assert entry.state == "acknowledged"
    assert not book.firing(NOW_MS)


def test_one_life_goes_from_amber_over_red_and_ack_to_recovered() -> None:
    amber = red("a-0", NOW_MS - HOUR_MS, state="amber", level="amber")
    text = {"en": "sales are as usual again"}
    end = red("e-1", NOW_MS + HOUR_MS, state="recovered", ends="a-1", why="evidence", text=text)
    (entry,) = book_of([end, ack(), red(ends="a-0"), amber]).entries(NOW_MS)
    assert [one.what for one in entry.life] == ["amber", "red", "ack", "recovered"]
    assert (entry.state, entry.grew_from) == ("recovered", ("a-0",))
    assert (entry.life[-1].text, entry.end_text) == ("evidence", text)


def test_an_amber_that_ended_before_the_red_is_an_alert_of_its_own() -> None:
    amber = red("a-0", NOW_MS - HOUR_MS, state="amber", level="amber")
    end = red("e-0", NOW_MS - 1, state="cleared", level="amber", ends="a-0")
    found = book_of([end, red(), amber]).entries(NOW_MS)
    assert [one.state for one in found] == ["red", "cleared"]


def test_an_acknowledged_amber_fires_when_it_becomes_red() -> None:
    amber = red("a-0", NOW_MS - HOUR_MS, state="amber", level="amber")
    (entry,) = book_of([amber, ack("a-0"), red(ends="a-0")]).entries(NOW_MS)
    assert entry.firing
    assert "ack" in [one.what for one in entry.life]


def test_an_unmute_lifts_the_mute_of_its_target_only() -> None:
    un = AlertAction(action_id="u", at_ms=NOW_MS + 5, by="tom", verb="unmute", rep_id="ana")
    until_ms = NOW_MS + HOUR_MS
    book = book_of([red(), un, _mute("rep", until_ms)])
    assert len(book.firing(NOW_MS + 6)) == 1
    team = _mute("team", until_ms)
    book.act(
        AlertAction(**{f: getattr(team, f) for f in team.__struct_fields__} | {"action_id": "t"})
    )
    (entry,) = book.entries(NOW_MS + 6)
    assert (entry.firing, entry.muted_until_ms) == (False, until_ms)
    assert [one.what for one in entry.life] == ["mute", "mute", "red", "unmute"]


@given(actions())
def test_an_action_survives_its_record(action: AlertAction) -> None:
    assert decode_action(encode_action(action)) == action


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verb": "ack", "alert_id": ""}, "alert_id = '': ack is of one alert, name it"),
        ({"verb": "ack", "rep_id": "ana"}, "rep_id = 'ana': ack is of one alert, leave it out"),
        ({"verb": "comment", "text": " "}, "text = '': a comment says something"),
        ({"by": ""}, "by = '': must not be empty"),
        ({"by": "a\nb"}, "by = 'a\\nb': must have no line breaks and no control characters"),
        ({"text": "x" * 1001}, "text has 1,001 characters: must be 1,000 at most"),
        ({"until_ms": 5}, "until_ms = 5: only a mute ends, leave it out"),
        ({"at_ms": -1}, "at_ms = -1: must be UTC milliseconds, 0 or more"),
        (
            {"verb": "mute", "alert_id": "", "rep_id": "a", "team_id": "t", "until_ms": 11},
            "rep_id = 'a', team_id = 't': mute names either a rep or a team",
        ),
        (
            {"verb": "mute", "alert_id": "", "rep_id": "a", "until_ms": 10},
            "until_ms = 10: must lie after now (10), 31 days at most",
        ),
        (
            {"verb": "unmute", "rep_id": "a"},
            "alert_id = 'a-1': unmute is of a rep or a team, leave it out",
        ),
    ],
)
def test_what_does_not_go_together_is_named(change: dict[str, object], said: str) -> None:
    fields = {"action_id": "x", "at_ms": 10, "by": "mia", "verb": "ack", "alert_id": "a-1"} | change
    with pytest.raises(ValueError, match=r".") as caught:
        AlertAction(**fields)  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value) == said


def test_a_record_that_breaks_a_rule_is_not_read() -> None:
    raw = b'{"action_id":"x","at_ms":1,"by":"mia","verb":"ack"}'
    with pytest.raises(ValidationError, match="ack is of one alert"):
        decode_action(raw)


@given(words, words)
def test_alerts_of_another_generation_change_nothing(
    ours: list[RepAlert | AlertAction], theirs: list[RepAlert | AlertAction]
) -> None:
    alone, beside = AlertBook(generation=1), AlertBook(generation=1)
    mine = [structs.replace(one, generation=1) for one in ours if isinstance(one, RepAlert)]
    others = [structs.replace(one, generation=2) for one in theirs if isinstance(one, RepAlert)]
    for book, told in ((alone, mine), (beside, [*others, *mine, *others])):
        for one in told:
            book.hear(one)
    assert beside.entries(NOW_MS) == alone.entries(NOW_MS)
    assert beside.revision == alone.revision


@given(words)
def test_only_what_is_over_says_what_ended_it(told: list[RepAlert | AlertAction]) -> None:
    book = AlertBook()
    for one in told:
        if isinstance(one, RepAlert):
            book.hear(one)
    for entry in book.entries(NOW_MS):
        assert (entry.over_by != "") <= (entry.state == "recovered")
