"""A worker's log stays readable while a broker is away."""

from __future__ import annotations

import logging

from streams.cli.logs import Seldom


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
