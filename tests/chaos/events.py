"""The events of a chaotic floor: seeded, dense with everything a source may do to an entity.

New calls, surveys and deals; newer and older revisions in any order; retractions; deals amended,
cancelled, refunded, reinstated, split, given to another rep; exact repeats; a call moved to another
rep; events days late, and too late to be kept; keys that are not theirs; records nobody can read.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED
from tests.chaos.people import DETAIL_DAYS, LATE_DAYS, Person, people, stamp

DAY_MS = 86_400_000
POISON = b"bad-"
"""Every record that cannot be read holds this, and no other does."""
EXPIRED = "old-"
"""The id of every call and survey that comes too late to be kept begins with this."""

_WRONG_KEY = 0.025
_REVISIONS = 6
_PRODUCTS = ("fibre", "mobile", "tv")
_RESULTS = ("answered", "answered", "answered", "no_answer", "busy")
_STATUSES = ("amended", "amended", "cancelled", "refunded", "reinstated", "won")

Value = dict[str, Any]


class Sending(NamedTuple):
    """A record to produce; `key` None: any partition, unless `partition` says which."""

    topic: str
    key: str | None
    value: bytes
    partition: int | None = None


class Events:
    """An endless floor. The same seed, and the same calls, give the same events."""

    def __init__(self, seed: int, reps: int) -> None:
        self.people = people(reps)
        self._dice = Random(seed)
        self._number = 0
        self._sent: deque[Sending] = deque(maxlen=5_000)
        self._calls: deque[Value] = deque(maxlen=2_000)
        self._surveys: deque[Value] = deque(maxlen=500)
        self._deals: deque[Value] = deque(maxlen=600)
        self._now_ms = 0
        self._kinds: list[tuple[float, Callable[[], list[Sending]]]] = [
            (0.44, self._new_call),
            (0.13, self._revised_call),
            (0.03, self._retracted_call),
            (0.02, self._moved_call),
            (0.08, self._new_survey),
            (0.03, self._changed_survey),
            (0.07, self._new_deal),
            (0.09, self._changed_deal),
            (0.095, self._repeat),
            (0.01, self._expired),
            (0.005, self.poison),
        ]

    def roll_call(self, now_ms: int) -> list[Sending]:
        """A call of every rep."""
        self._now_ms = now_ms
        return [self._remember(CALL_ENDED, self._call(one, now_ms)) for one in self.people]

    def batch(self, count: int, start_ms: int, end_ms: int) -> Iterator[Sending]:
        """At least `count` events that happen, as the floor's time goes, in [start, end)."""
        made = 0
        while made < count:
            self._now_ms = start_ms + (end_ms - start_ms) * made // count
            for sending in self._one():
                made += 1
                yield self._astray(sending)

    def _one(self) -> list[Sending]:
        luck = self._dice.random()
        for share, make in self._kinds:
            luck -= share
            if luck < 0:
                return make()
        return self._new_call()

    def poison(self) -> list[Sending]:
        """A record that no floor can count."""
        name = f"{POISON.decode()}{self._next()}"
        value = self._call(self._person(), self._now_ms) | {"call_id": name}
        text = json.dumps(value)
        broken = (
            (CALL_ENDED, text[:-9]),
            (CALL_ENDED, json.dumps(value | {"talk_ms": "long"})),
            (CALL_ENDED, json.dumps(value | {"occurred_at": "2199-12-31T23:00:00Z"})),
            (CALL_ENDED, json.dumps(value | {"schema_version": 9})),
            (DEAL_CLOSED, json.dumps(self._lopsided_deal(name))),
            (SURVEY_SUBMITTED, json.dumps(self._survey(self._person()) | _off_scale(name))),
        )
        topic, written = self._dice.choice(broken)
        # A deal is sent on before its credits are looked at, so it goes where it belongs.
        key = name if topic == DEAL_CLOSED else value["rep_id"]
        return [Sending(topic, key, written.encode())]

    # -- what a record may be about

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _person(self) -> Person:
        return self._dice.choice(self.people)

    def _at_ms(self) -> int:
        """When something happened: seconds ago, sometimes many days."""
        if self._dice.random() < 0.02:
            return self._now_ms - self._dice.randrange(DAY_MS, LATE_DAYS * DAY_MS)
        return self._now_ms - int(self._dice.expovariate(1 / 20_000))

    def _envelope(self, one: Person, source: str, at_ms: int) -> Value:
        zone = one.zone if self._dice.random() < 0.5 else "UTC"
        value = {
            "event_id": f"e{self._next()}",
            "source": source,
            "occurred_at": stamp(at_ms, zone),
            "rep_id": one.id,
        }
        if one.team is None or self._dice.random() < 0.2:
            value["team_id"] = f"guest-{self._dice.randrange(3)}"
        return value

    def _call(self, one: Person, at_ms: int, call_id: str = "") -> Value:
        dice = self._dice
        return self._envelope(one, "pbx", at_ms) | {
            "call_id": call_id or f"c{self._next()}",
            "direction": dice.choice(("outbound", "outbound", "inbound")),
            "result": dice.choice(_RESULTS),
            "answered_by": dice.choice(("human", "human", "machine", "unknown")),
            "talk_ms": dice.randrange(180_000),
            "hold_ms": dice.choice((0, 0, 0, 4_000)),
            "wrap_ms": dice.randrange(20_000),
            "disposition": dice.choice(("SALE", "NI", "WRONG", "XFER")),
            "revision": dice.choice((0, 0, 0, 3)),
        }

    def _survey(self, one: Person) -> Value:
        dice = self._dice
        csat = dice.random() < 0.6
        return self._envelope(one, "forms", self._at_ms()) | {
            "response_id": f"s{self._next()}",
            "metric": "csat" if csat else "nps",
            "score": dice.randrange(1, 6) if csat else dice.randrange(11),
            "scale_min": 1 if csat else 0,
            "scale_max": 5 if csat else 10,
        }

    def _remember(self, topic: str, value: Value) -> Sending:
        if topic == CALL_ENDED:
            self._calls.append(value)
        elif topic == SURVEY_SUBMITTED:
            self._surveys.append(value)
        else:
            self._deals.append(value)
        key = value["deal_id" if topic == DEAL_CLOSED else "rep_id"]
        sending = Sending(topic, key, json.dumps(value).encode())
        self._sent.append(sending)
        return sending

    def _astray(self, sending: Sending) -> Sending:
        if POISON in sending.value:
            return sending
        luck = self._dice.random()
        if luck < _WRONG_KEY:
            return sending._replace(key=None if luck < _WRONG_KEY / 4 else "the-pbx")
        return sending

    # -- calls and surveys

    def _new_call(self) -> list[Sending]:
        return [self._remember(CALL_ENDED, self._call(self._person(), self._at_ms()))]

    def _recent(self, held: deque[Value]) -> Value:
        back = int(self._dice.expovariate(1 / 150))
        return held[max(0, len(held) - 1 - back)]

    def _revised_call(self) -> list[Sending]:
        if not self._calls:
            return self._new_call()
        old, dice = self._recent(self._calls), self._dice
        new = old | {
            "event_id": f"e{self._next()}",
            "revision": dice.randrange(_REVISIONS),
            "result": dice.choice(_RESULTS),
            "talk_ms": dice.randrange(180_000),
            "op": "upsert",
        }
        return [self._remember(CALL_ENDED, new)]

    def _retracted_call(self) -> list[Sending]:
        if not self._calls:
            return self._new_call()
        return [self._remember(CALL_ENDED, self._retraction(self._recent(self._calls)))]

    def _retraction(self, old: Value) -> Value:
        newer = {"event_id": f"e{self._next()}", "op": "retract"}
        return old | newer | {"revision": self._dice.randrange(_REVISIONS)}

    def _moved_call(self) -> list[Sending]:
        if not self._calls:
            return self._new_call()
        old = self._recent(self._calls)
        other = self._person()
        moved = old | {"event_id": f"e{self._next()}", "rep_id": other.id, "op": "upsert"}
        return [
            self._remember(CALL_ENDED, self._retraction(old) | {"revision": _REVISIONS}),
            self._remember(CALL_ENDED, moved),
        ]

    def _new_survey(self) -> list[Sending]:
        return [self._remember(SURVEY_SUBMITTED, self._survey(self._person()))]

    def _changed_survey(self) -> list[Sending]:
        if not self._surveys:
            return self._new_survey()
        dice, old = self._dice, self._recent(self._surveys)
        new = old | {
            "event_id": f"e{self._next()}",
            "revision": dice.randrange(_REVISIONS),
            "score": dice.randrange(int(old["scale_min"]), int(old["scale_max"]) + 1),
            "op": "retract" if dice.random() < 0.3 else "upsert",
        }
        return [self._remember(SURVEY_SUBMITTED, new)]

    def _expired(self) -> list[Sending]:
        age_ms = (DETAIL_DAYS + 2 + self._dice.randrange(10)) * DAY_MS
        value = self._call(self._person(), self._now_ms - age_ms)
        value["call_id"] = f"{EXPIRED}{self._next()}"
        return [Sending(CALL_ENDED, value["rep_id"], json.dumps(value).encode())]

    def _repeat(self) -> list[Sending]:
        return [self._dice.choice(self._sent)] if self._sent else self._new_call()

    # -- deals

    def _new_deal(self) -> list[Sending]:
        return [self._remember(DEAL_CLOSED, self._deal(f"d{self._next()}", self._at_ms()))]

    def _deal(self, deal_id: str, closed_ms: int) -> Value:
        dice, one = self._dice, self._person()
        value = self._envelope(one, "crm", closed_ms) | {
            "deal_id": deal_id,
            "status": "won",
            "closed_at": stamp(closed_ms, "UTC"),
            "currency": dice.choice(("EUR", "USD")),
            "is_new_customer": dice.random() < 0.4,
        }
        return value | self._worth()

    def _worth(self) -> Value:
        """What it is worth, and to whom."""
        dice = self._dice
        amounts = [dice.randrange(1, 90_000) for _ in range(dice.randrange(1, 4))]
        value: Value = {"amount_minor": sum(amounts), "lines": [], "credits": []}
        if dice.random() < 0.7:
            value["lines"] = [
                {"product_id": dice.choice(_PRODUCTS), "amount_minor": amount} for amount in amounts
            ]
        if dice.random() < 0.35:
            shares = dice.choice(((0.5, 0.5), (0.7, 0.3), (0.3334, 0.3333, 0.3333), (1.0,)))
            chosen = dice.sample(self.people, len(shares))
            value["credits"] = [
                {"rep_id": one.id, "share": share}
                for one, share in zip(chosen, shares, strict=True)
            ]
        return value

    def _changed_deal(self) -> list[Sending]:
        if not self._deals:
            return self._new_deal()
        dice, old = self._dice, self._recent(self._deals)
        status = dice.choice(_STATUSES)
        new = old | {
            "event_id": f"e{self._next()}",
            "status": status,
            "occurred_at": stamp(self._at_ms(), "UTC"),
            "op": "retract" if dice.random() < 0.08 else "upsert",
        }
        new.pop("reversed_minor", None)
        if status in ("amended", "won"):
            new |= self._worth()  # a split or another owner comes with it, now and then
            if dice.random() < 0.3:
                new["rep_id"] = self._person().id
        elif status == "refunded" and dice.random() < 0.7:
            new["reversed_minor"] = dice.randrange(new["amount_minor"] + 1)
        if dice.random() < 0.5:
            new["revision"] = dice.randrange(2 * _REVISIONS)
        else:
            new.pop("revision", None)
        return [self._remember(DEAL_CLOSED, new)]

    def _lopsided_deal(self, name: str) -> Value:
        value = self._deal(name, self._now_ms)
        return value | {"credits": [{"rep_id": value["rep_id"], "share": 0.5}]}


def _off_scale(name: str) -> Value:
    return {"response_id": name, "score": 99}
