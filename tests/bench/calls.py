"""Seeded call events, as a telephony source would send them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

RESULTS = ("answered", "no_answer", "busy")
DISPOSITIONS = ("SALE", "NI", "CB", "")
SOURCE = "pbx-shanghai-1"


class Call(NamedTuple):
    """A call and where it goes: `rep_id` is the Kafka key."""

    rep_id: str
    value: bytes


def rep_ids(reps: int) -> list[str]:
    """The ids of that many reps."""
    return [f"rep-{number:05d}" for number in range(reps)]


def calls(events: int, reps: int, first_ms: int, end_ms: int, seed: int = 7) -> Iterator[Call]:
    """Outbound calls evenly in [first_ms, end_ms), in the order of their ends; ids are distinct."""
    random_ = random.Random(seed)
    ids = rep_ids(reps)
    for number in range(events):
        at_ms = first_ms + number * (end_ms - first_ms) // events
        yield call(random_, random_.choice(ids), number, at_ms)


def call(random_: random.Random, rep_id: str, number: int, at_ms: int) -> Call:
    """One outbound call that ended at `at_ms`; about 420 bytes."""
    talk_ms = random_.randrange(300_000)
    disposition = random_.choice(DISPOSITIONS)
    begun, answered = instant(at_ms - talk_ms - 20_000), instant(at_ms - talk_ms)
    said = f',"disposition":"{disposition}"' if disposition else ""
    value = (
        f'{{"event_id":"ev-{number:010d}","source":"{SOURCE}","occurred_at":"{instant(at_ms)}",'
        f'"rep_id":"{rep_id}","call_id":"call-{number:010d}","direction":"outbound",'
        f'"result":"{random_.choice(RESULTS)}","answered_by":"human","campaign_id":"spring-7",'
        f'"lead_id":"lead-{number % 50_000:06d}","started_at":"{begun}",'
        f'"answered_at":"{answered}","ring_ms":8000,"talk_ms":{talk_ms},'
        f'"hold_ms":0,"wrap_ms":12000{said}}}'
    )
    return Call(rep_id, value.encode())


def instant(at_ms: int) -> str:
    """An instant as events write it, UTC."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
