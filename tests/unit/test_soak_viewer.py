"""What the soak takes a viewer to hold: as much as the page makes of the same messages."""

from __future__ import annotations

import pytest

from sinks.wallboard.choices import Choices
from sinks.wallboard.view import View, ViewKey
from sinks.wallboard.wire import Message as Sent
from streams.core.board import Board, board_rows, encode_board
from streams.core.snapshot import RepSnapshot
from tests.browser.floor import rep
from tests.soak.held import Held, Messages, due


def board(*reps: RepSnapshot) -> Board:
    return board_rows(reps, "today", 1)


BOARDS = [
    board(*(rep(number) for number in range(12))),
    board(*(rep(number, extra=10 * (number == 3)) for number in range(12))),
    board(*(rep(number, extra=10 * (number == 3)) for number in range(2, 12))),
    board(*(rep(number, extra=10 * (number == 3) + 500 * (number == 2)) for number in range(2, 6))),
]


def sent() -> list[Sent]:
    """The whole first board, and a change for each of the others."""
    view = View(ViewKey("today", None, "deals_net"), "run")
    view.update(BOARDS[0], Choices())
    changes = [view.whole(), *(view.update(one, Choices()) for one in BOARDS[1:])]
    return [one for one in changes if one is not None]


def held(messages: list[Sent], cut: int) -> Held:
    """A viewer that gets these in pieces of `cut` bytes."""
    stream, viewer, pieces = b"".join(one.data for one in messages), Held(), Messages()
    for at in range(0, len(stream), cut):
        for message in pieces.feed(stream[at : at + cut]):
            viewer.take(message)
    return viewer


@pytest.mark.parametrize("cut", [1, 1_000, 1_000_000])
def test_a_viewer_that_gets_everything_ends_at_what_is_due(cut: int) -> None:
    viewer = held(sent(), cut)

    assert viewer.shown() == due(encode_board(BOARDS[-1]), team=None, flat=False)


def test_a_viewer_that_missed_a_change_is_found() -> None:
    messages = sent()
    without = messages[:1] + messages[2:]

    shown = held(without, 1_000_000).shown()

    assert shown != due(encode_board(BOARDS[-1]), team=None, flat=False)
