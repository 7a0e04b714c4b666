"""A floor of ten reps, of whom one stops selling and cuts calls short: twelve days of events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

from streams.core.alerts.desk import AlertDesk
from streams.core.events import CALL_ENDED, DEAL_CLOSED
from streams.core.plan import parse_plan
from streams.topics import MATURED_CONTACTS
from tests.builders import DAY_MS, HOUR_MS, call, deal
from tests.integration.floor import Floor
from tests.integration.mixed_events import Sending

REPS = [f"r{number}" for number in range(10)]
DROPPED = "r3"
DAYS, DROP_DAY = 12, 10
EVERY_MS = 8 * 60_000
CONTACTS = DAYS * len(REPS) * 60 - 200
"""Those that are of age when all has been read; the newest ones wait for the clock."""
SOLD = 0.25
PLAN = """
[sites.lisbon]
zone = "Europe/Lisbon"
[teams.north]
site = "lisbon"
[alerts]
grace_minutes = 10
baseline_days = 6
baseline_lag_days = 1
minimum_days = 4
minimum_contacts = 200
minimum_team = 5
""" + "".join(f'[[roster]]\nrep = "{rep}"\nname = "Rep {rep}"\nteam = "north"\n' for rep in REPS)


def shift(
    first_ms: int, day: int, dice: Random, *, sold: float = SOLD
) -> Iterator[tuple[int, Sending]]:
    """(event time, event) of a day: each rep has a contact every eight minutes from opening on."""
    opens_ms = first_ms + day * DAY_MS
    for number, rep in enumerate(REPS):
        for begins_ms in range(opens_ms, opens_ms + 8 * HOUR_MS, EVERY_MS):
            at_ms = begins_ms + number * 40_000
            call_id = f"{rep}-{at_ms}"
            dropped = rep == DROPPED and day >= DROP_DAY
            talk_ms = Random(f"{rep} {begins_ms - first_ms}").randrange(40_000, 80_000)
            about = {"campaign_id": "spring", "talk_ms": talk_ms // (2 if dropped else 1)}
            event = call(at_ms=at_ms, rep_id=rep, call_id=call_id, **about)
            yield at_ms, Sending(CALL_ENDED, rep, json.dumps(event).encode())
            if dice.random() < (0.0 if dropped else sold):
                sold_ms = at_ms + 90_000
                about = {"rep_id": rep, "deal_id": f"d-{call_id}", "call_id": call_id}
                made = deal(at_ms=sold_ms, closed_ms=sold_ms, **about)
                yield sold_ms, Sending(DEAL_CLOSED, made["deal_id"], json.dumps(made).encode())


def history(first_ms: int) -> list[Sending]:
    """All days from `first_ms`, the opening of the first, in the order of their events."""
    dice = Random(4)
    events = [one for day in range(DAYS) for one in shift(first_ms, day, dice)]
    return [sending for _, sending in sorted(events, key=lambda one: one[0])]


def desks(floor: Floor) -> list[AlertDesk]:
    """Detectors that have read the whole log, by partition."""
    alerts = parse_plan(PLAN, "UTC").alerts
    made = [AlertDesk(floor.settings.partitions, alerts) for _ in range(floor.settings.partitions)]
    for record in floor.read(MATURED_CONTACTS):
        made[record.partition].apply([record])
    return made


def handed_on(floor: Floor) -> int:
    """Different contacts on `matured-contacts`."""
    return sum(desk.contacts for desk in desks(floor))
