"""What viewers of a board are sent."""

from __future__ import annotations

import json
from typing import Any

from sinks.wallboard.choices import Choices, TeamChoice
from sinks.wallboard.view import FRAMES_KEPT, View, ViewKey
from sinks.wallboard.wire import Message
from streams.core.board import Board, board_rows, encode_board
from streams.core.snapshot import RepSnapshot
from streams.core.tally import Tally

KEY = ViewKey("today", None, "contacts")
CHOICES = Choices(teams=[TeamChoice("north", "North", "default", "UTC")])


def board(**contacts: int) -> Board:
    reps = [
        RepSnapshot(
            rep_id=rep_id,
            partition=0,
            version=(1, 1),
            date="2099-01-01",
            zone="UTC",
            team_id="south" if rep_id.startswith("s") else "north",
            site="default",
            windows={"today": Tally(contacts=number)},
        )
        for rep_id, number in contacts.items()
    ]
    return board_rows(reps, "today", 0, sort="contacts")


def update(view: View, now: Board) -> Message:
    frame = view.update(now, CHOICES)
    assert frame is not None
    return frame


def told(frame: Message) -> tuple[str, Any]:
    head, event, data = frame.data.decode().removesuffix("\n\n").split("\n")
    assert head.startswith("id: ")
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def last_id(frame: Message) -> str:
    return frame.data.decode().split("\n")[0].removeprefix("id: ")


def test_the_whole_view_is_the_board_as_everybody_else_gets_it() -> None:
    view, now = View(KEY, "run"), board(ana=3, bo=5)
    update(view, now)

    event, message = told(view.whole())

    same = json.loads(encode_board(now))
    assert event == "board"
    assert {name: message[name] for name in ("rows", "teams", "floor")} == {
        name: same[name] for name in ("rows", "teams", "floor")
    }
    assert message["order"] == ["bo", "ana"]


def test_a_change_tells_only_the_lines_that_changed() -> None:
    view = View(KEY, "run")
    update(view, board(ana=3, bo=5, cleo=1))

    event, message = told(update(view, board(ana=4, bo=5, cleo=1)))

    assert event == "change"
    assert [row["rep_id"] for row in message["rows"]] == ["ana"]
    assert "order" not in message
    assert message["floor"]["kpis"]["contacts"]["value"] == 10


def test_a_change_of_order_tells_the_order() -> None:
    view = View(KEY, "run")
    update(view, board(ana=3, bo=5))

    assert told(update(view, board(ana=9, bo=5)))[1]["order"] == ["ana", "bo"]


def test_nothing_is_sent_when_nothing_changed() -> None:
    view = View(KEY, "run")
    update(view, board(ana=3))

    assert view.update(board(ana=3), CHOICES) is None


def test_a_viewer_that_comes_back_is_sent_what_it_missed() -> None:
    view = View(KEY, "run")
    first = update(view, board(ana=3))
    second, third = update(view, board(ana=4)), update(view, board(ana=5))

    assert view.since(last_id(first)) == [second, third]
    assert view.since(last_id(third)) == []


def test_a_viewer_that_was_away_too_long_starts_over() -> None:
    view = View(KEY, "run")
    first = update(view, board(ana=0))
    for n in range(FRAMES_KEPT + 1):
        update(view, board(ana=n + 1))

    assert view.since(last_id(first)) == [view.whole()]


def test_ids_of_another_run_or_of_nothing_start_over() -> None:
    view = View(KEY, "run")
    update(view, board(ana=3))

    for foreign in ("", "other.1", "run.", "run.99", "run.-1", "run.1.2", "\u00b2"):
        assert view.since(foreign) == [view.whole()]


def test_a_name_cannot_end_a_message() -> None:
    view = View(KEY, "run")

    frame = update(view, board(**{"a\n\ndata: {}\r\n": 1}))

    assert frame.data.count(b"\n") == 4
    assert b"\r" not in frame.data


def test_the_best_of_each_team_are_listed_and_the_others_counted() -> None:
    view = View(KEY, "run")
    reps = {f"n{n}": n for n in range(60)} | {"s1": 1}

    message = told(update(view, board(**reps)))[1]

    assert message["listed"] == {"north": 60, "south": 1}
    assert len(message["order"]) == 26
    assert message["order"][0] == "n59"
    assert "s1" in message["order"]
