"""A record that nobody understands, whoever wrote it, stops no alert."""

from __future__ import annotations

import pytest

from streams.core.alerts.book import AlertBook
from streams.core.alerts.desk import AlertDesk
from streams.core.alerts.feed import Matured, Tick, encode_feed
from streams.core.alerts.heard import hear_action, hear_alert
from streams.core.alerts.settings import AlertSettings
from streams.core.alerts.told import encode_alert
from tests.builders import Record
from tests.unit.alert_entries import AT_MS, red

DEEP = b'{"x":' + b"[" * 200_000
UNREADABLE = {
    "nothing": None,
    "not JSON": b"\xff",
    "a field too few": b"{}",
    "not UTF-8": b'{"alert_id":"\xff","action_id":"\xff"}',
    "nested without end": DEEP,
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_what_no_book_understands_changes_no_book(raw: bytes | None) -> None:
    book = AlertBook()
    assert hear_alert(book, raw)
    assert hear_action(book, raw)
    assert book.revision == 0
    assert hear_alert(book, encode_alert(red())) == ""
    assert len(book.firing(AT_MS)) == 1


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"\xc1",
        encode_feed(Matured("AB", "UTC", ())).replace(b"AB", b"\xff\xff"),
        b"\x94\xa4tick\x00\x00" + b"\x91" * 200_000,  # a word too many
        b"\x95\xa4tick\x00\x00\x90" + b"\x91" * 200_000,
    ],
)
def test_what_no_desk_understands_is_counted_and_passed(raw: bytes | None) -> None:
    desk = AlertDesk(1, AlertSettings())
    tick = encode_feed(Tick(0, AT_MS))
    desk.apply([Record("m", 0, 0, 0, None, raw), Record("m", 0, 1, 0, None, tick)])
    assert (desk.bad, desk.position) == (1, 2)
    assert desk.folded_ms > 0
