"""A worker's log stays readable while a broker is away."""

from __future__ import annotations

import logging
import sys

from streams.cli import logs
from streams.cli.logs import OneLine, Seldom


def test_the_same_message_is_let_through_once() -> None:
    seldom = Seldom()
    said = [
        logging.makeLogRecord({"name": "aiokafka", "msg": message, "args": (attempt,)})
        for attempt in range(50)
        for message in ("Unable to connect: %s", "Topic is gone: %s")
    ]
    assert sum(map(seldom.filter, said)) == 2


def test_our_own_messages_about_different_things_are_all_let_through() -> None:
    seldom = Seldom()
    message = {"name": "streams.engine.inputs", "msg": "%s is not read on"}
    said = [logging.makeLogRecord(message | {"args": (topic,)}) for topic in ("a:0", "a:1", "a:0")]
    assert [seldom.filter(record) for record in said] == [True, True, False]


def shown(file: str, message: str) -> str:
    try:
        msg = "the handler is closed"
        raise RuntimeError(msg)
    except RuntimeError:
        found = sys.exc_info()
    record = logging.LogRecord("aiokafka", logging.ERROR, file, 1, message, ("w1",), found)
    return OneLine("%(levelname)s %(name)s: %(message)s").format(record)


def test_what_a_library_met_is_told_in_one_line() -> None:
    assert shown("/lib/aiokafka/client.py", "Unexpected error of %s\nTraceback: none") == (
        "ERROR aiokafka: Unexpected error of w1 Traceback: none: "
        "RuntimeError('the handler is closed')"
    )


def test_a_bug_of_our_own_is_told_with_its_traceback() -> None:
    assert "Traceback (most recent call last)" in shown(logs.__file__, "boards of %s failed")
