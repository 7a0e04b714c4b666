"""Events as sources send them: few entities that often meet, late, twice, corrected, broken."""

from __future__ import annotations

import json
from random import Random
from typing import Any, NamedTuple

from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED
from tests.builders import DAY_MS, call, deal, iso, survey

CURRENT = 40
"""Events of the past that may come again in another form."""
STATUSES = ("won", "amended", "amended", "cancelled", "refunded", "reinstated")


class Sending(NamedTuple):
    """A record to be produced; `poison`: nobody can count it."""

    topic: str
    key: str
    value: bytes
    poison: bool = False


class Floor:
    """Draws events one after the other; `detail_days` says what is too old to be kept."""

    def __init__(self, dice: Random, reps: int, detail_days: int) -> None:
        self.dice = dice
        self.reps = [f"rep-{number}" for number in range(reps)]
        self.detail_days = detail_days
        self._past: list[tuple[str, dict[str, Any]]] = []
        self._number = 0

    def draw(self, now_ms: int) -> list[Sending]:
        """What one source sends now: mostly one event, at times a burst of broken ones."""
        dice, what = self.dice, self.dice.random()
        if what < 0.022:
            return [self._poison(now_ms)]
        if what < 0.024:
            return [self._poison(now_ms) for _ in range(dice.randint(4, 9))]
        if what < 0.5 or not self._past:
            topic, event = self._new(now_ms)
        else:
            topic, event = self._again(now_ms)
        self._past = [*self._past[-CURRENT:], (topic, event)]
        return [self._sending(topic, event)]

    def _sending(self, topic: str, event: dict[str, Any]) -> Sending:
        key = event["deal_id"] if topic == DEAL_CLOSED else event["rep_id"]
        if self.dice.random() < 0.06:
            key = f"pbx-{self.dice.randrange(4)}"
        return Sending(topic, key, json.dumps(event).encode())

    def _when_ms(self, now_ms: int) -> int:
        """Mostly just now, at times days ago, now and then longer ago than anything is kept."""
        dice, what = self.dice, self.dice.random()
        if what < 0.72:
            return now_ms - dice.randrange(600_000)
        if what < 0.97:
            return now_ms - dice.randrange(self.detail_days * DAY_MS)
        return now_ms - dice.randrange(2 * self.detail_days * DAY_MS)

    def _id(self, what: str) -> str:
        """A new id, or one that was there before."""
        if self._number and self.dice.random() < 0.3:
            return f"{what}{self.dice.randrange(max(0, self._number - 30), self._number)}"
        self._number += 1
        return f"{what}{self._number}"

    def _new(self, now_ms: int) -> tuple[str, dict[str, Any]]:
        dice = self.dice
        about = {"rep_id": dice.choice(self.reps), "at_ms": self._when_ms(now_ms)}
        what = dice.random()
        if what < 0.6:
            return CALL_ENDED, call(
                **about,
                source=dice.choice(("pbx", "pbx", "dialer")),
                call_id=self._id("c"),
                direction=dice.choice(("inbound", "outbound")),
                result=dice.choice(("answered", "answered", "busy", "abandoned")),
                answered_by=dice.choice(("human", "human", "machine", "unknown")),
                talk_ms=dice.randrange(60_000),
                wrap_ms=dice.choice((0, 7_000)),
                lead_id=dice.choice((None, "l1", "l2", "l3")),
            )
        if what < 0.72:
            return SURVEY_SUBMITTED, survey(
                **about, response_id=self._id("s"), score=dice.randint(1, 5)
            )
        return DEAL_CLOSED, deal(
            **about,
            deal_id=self._id("d"),
            closed_ms=self._when_ms(now_ms),
            status=dice.choice(("won", "won", "won", *STATUSES)),
            **self._terms(),
        )

    def _terms(self) -> dict[str, Any]:
        dice = self.dice
        one, other = dice.sample(self.reps, 2)
        splits: tuple[Any, ...] = (
            [],
            [],
            [{"rep_id": one, "share": 0.5}, {"rep_id": other, "share": 0.5}],
            [{"rep_id": one, "share": 0.3334}, {"rep_id": other, "share": 0.6666}],
        )
        return {
            "amount_minor": dice.choice((0, 1, 9_999, dice.randrange(100_000))),
            "reversed_minor": dice.choice((None, None, 0, 1, 500)),
            "currency": dice.choice(("EUR", "EUR", "EUR", "USD")),
            "credits": dice.choice(splits),
            "is_new_customer": dice.random() < 0.3,
        }

    def _again(self, now_ms: int) -> tuple[str, dict[str, Any]]:
        """Something of the past: the same once more, corrected, taken back, or out of order."""
        dice = self.dice
        topic, event = dice.choice(self._past)
        event, what = dict(event), dice.random()
        if what < 0.35:
            return topic, event
        if topic == DEAL_CLOSED:
            event["status"] = dice.choice(STATUSES)
            if dice.random() < 0.6:
                event["occurred_at"] = iso(self._when_ms(now_ms))
            if dice.random() < 0.4:
                event["revision"] = dice.randrange(3)
            if dice.random() < 0.3:
                event["closed_at"] = iso(self._when_ms(now_ms))
            if dice.random() < 0.4:
                event["rep_id"] = dice.choice(self.reps)
            event |= self._terms()
        else:
            event["revision"] = max(0, event.get("revision", 0) + dice.choice((-1, 0, 1, 1, 2)))
            if topic == CALL_ENDED:
                event["talk_ms"] = dice.randrange(60_000)
            else:
                event["score"] = dice.randint(1, 5)
        event["op"] = "retract" if what > 0.88 else "upsert"
        return topic, event

    def _poison(self, now_ms: int) -> Sending:
        dice = self.dice
        rep, self._number = dice.choice(self.reps), self._number + 1
        name = f"bad-{self._number}"
        bad = (
            (CALL_ENDED, rep, b'{"call_id": "%s", ' % name.encode()),
            (CALL_ENDED, rep, call(rep_id=rep, call_id=name, talk_ms="long")),
            (CALL_ENDED, rep, call(rep_id=rep, call_id=name, at_ms=now_ms + DAY_MS)),
            (SURVEY_SUBMITTED, rep, survey(rep_id=rep, response_id=name, score=11)),
            (DEAL_CLOSED, name, deal(rep_id=rep, deal_id=name, credits=[{"rep_id": rep}])),
        )
        topic, key, value = dice.choice(bad)
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return Sending(topic, key, raw, poison=True)
