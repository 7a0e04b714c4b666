"""A floor's events as sources really send them: late, twice, corrected, misrouted, broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from producers.simulator import FloorProfile, floor_profile, simulate
from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED
from tests.builders import call, deal, survey

START_MS = int(datetime(2025, 3, 7, tzinfo=UTC).timestamp() * 1000)
"""A Friday; clocks change in one of the two sites on the Sunday."""
HOUR_MS = 3_600_000
PROFILE = floor_profile(12, 3, 7, lively=2)

_WRONG_KEY = 40
_NO_KEY = 97
_POISON = 97


class Sending(NamedTuple):
    """One record to be produced; `key` None lets the producer choose a partition."""

    topic: str
    key: str | None
    value: bytes


class Poison(NamedTuple):
    """A record that no floor can count, with the reason and the JSON path of its dead letter."""

    sending: Sending
    reason: str
    path: str


def mixed_events(hours: float, profile: FloorProfile = PROFILE) -> Iterator[Sending | Poison]:
    """Everything of the first `hours` of the floor, in order of arrival, poison in between.

    Some events come under a key that is not theirs, or none. No two poisons are neighbours, and
    they are too few to stop an input.
    """
    poisons = _poisons(profile)
    # A CRM repeats its past after an outage, out of order.
    past: list[Sending] = []
    dice = Random(profile.seed)
    arrivals = simulate(profile, START_MS, START_MS + int(hours * HOUR_MS))
    for number, arrival in enumerate(arrivals, 1):
        key: str | None = arrival.key
        if number % _WRONG_KEY == 0:
            key = "the-pbx"
        elif number % _NO_KEY == 0:
            key = None
        sending = Sending(arrival.topic, key, json.dumps(arrival.value).encode())
        yield sending
        if arrival.topic == DEAL_CLOSED:
            past.append(sending)
            if number % 5 == 0:
                yield dice.choice(past)
        if number % _POISON == 0:
            yield next(poisons)


def events_now(now_ms: int, profile: FloorProfile = PROFILE) -> Iterator[Sending]:
    """A call, a deal and a survey of every rep within the last minutes."""
    for rep in profile.reps:
        about = {"rep_id": rep.id, "at_ms": now_ms - 60_000 - rep.number}
        yield _sending(CALL_ENDED, rep.id, call(**about, call_id=f"now-{rep.id}"))
        sold = deal(**about, deal_id=f"now-{rep.id}", closed_ms=now_ms - 60_000)
        yield _sending(DEAL_CLOSED, f"now-{rep.id}", sold)
        yield _sending(SURVEY_SUBMITTED, rep.id, survey(**about, response_id=f"now-{rep.id}"))


def sendings(events: Iterator[Sending | Poison]) -> list[Sending]:
    """What is to be produced."""
    return [event.sending if isinstance(event, Poison) else event for event in events]


def _sending(topic: str, key: str | None, value: dict[str, Any]) -> Sending:
    return Sending(topic, key, json.dumps(value).encode())


def _poisons(profile: FloorProfile) -> Iterator[Poison]:
    """Bad records without end, each with bytes of its own."""
    number = 0
    while True:
        for make in _MAKERS:
            number += 1
            yield make(f"bad-{number}", profile.reps[number % len(profile.reps)].id)


def _not_json(name: str, rep: str) -> Poison:
    return Poison(Sending(CALL_ENDED, rep, b'{"call_id": "%s", ' % name.encode()), "not_json", "$")


def _wrong_type(name: str, rep: str) -> Poison:
    value = call(rep_id=rep, call_id=name, talk_ms="long")
    return Poison(_sending(CALL_ENDED, rep, value), "schema", "$.talk_ms")


def _missing(name: str, rep: str) -> Poison:
    value = call(rep_id=rep, call_id=name)
    del value["direction"]
    return Poison(_sending(CALL_ENDED, rep, value), "schema", "$.direction")


def _future(name: str, rep: str) -> Poison:
    value = call(rep_id=rep, call_id=name, occurred_at="2099-12-31T23:00:00Z")
    return Poison(_sending(CALL_ENDED, rep, value), "from_the_future", "$.occurred_at")


def _too_old(name: str, rep: str) -> Poison:
    value = survey(rep_id=rep, response_id=name, occurred_at="1899-12-30T00:00:00Z")
    return Poison(_sending(SURVEY_SUBMITTED, rep, value), "too_old", "$.occurred_at")


def _off_scale(name: str, rep: str) -> Poison:
    value = survey(rep_id=rep, response_id=name, score=11, occurred_at="2025-03-07T10:00:00Z")
    return Poison(_sending(SURVEY_SUBMITTED, rep, value), "scale", "$.score")


def _credits(name: str, rep: str) -> Poison:
    at = "2025-03-07T10:00:00Z"
    value = deal(rep_id=rep, deal_id=name, occurred_at=at, closed_at=at)
    value["credits"] = [{"rep_id": rep, "share": 0.5}]
    return Poison(_sending(DEAL_CLOSED, name, value), "credits", "$.credits")


def _lines(name: str, rep: str) -> Poison:
    at = "2025-03-07T10:00:00Z"
    value = deal(rep_id=rep, deal_id=name, occurred_at=at, closed_at=at)
    value["lines"] = [{"product_id": "p", "amount_minor": 1}]
    return Poison(_sending(DEAL_CLOSED, name, value), "lines", "$.lines")


def _later_version(name: str, rep: str) -> Poison:
    value = call(rep_id=rep, call_id=name, schema_version=2)
    path = "$.schema_version"
    return Poison(_sending(CALL_ENDED, rep, value), "unknown_schema_version", path)


# Most are calls, as most events are: an input of which more than 5 % is bad would be stopped.
_MAKERS: tuple[Callable[[str, str], Poison], ...] = (
    _not_json,
    _wrong_type,
    _missing,
    _future,
    _later_version,
    _off_scale,
    _credits,
    _not_json,
    _wrong_type,
    _missing,
    _future,
    _later_version,
    _too_old,
    _lines,
)
