"""A floor's events of the last minutes, as they come while it works: corrected, moved, astray."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED
from tests.builders import call, deal, survey
from tests.integration.mixed_events import PROFILE, Sending

REPS = [rep.id for rep in PROFILE.reps] + ["temp-1", "temp-2"]
"""The plan's reps, and two that it does not have: their team is what events say."""


def live_events(now_ms: int, count: int, seed: int = 1) -> Iterator[Sending]:
    """`count` events of the half hour before `now_ms`.

    Of every hundred some 60 are new calls, 15 corrections of one of the last calls, 3 retractions
    of one, 17 about deals (won, amended, cancelled, given to another rep, split) and 5 surveys.
    Every 25th comes under a wrong key, every 40th under none, and every 90th is broken: calls, as a
    rule. Of deals there are so few that one in twenty could be bad by chance, and stop the input.
    """
    dice = Random(seed)
    calls: list[dict[str, Any]] = []
    deals: list[dict[str, Any]] = []
    for number in range(count):
        topic, event = _next(dice, number, now_ms - dice.randrange(1_800_000), calls, deals)
        key = event["deal_id"] if topic == DEAL_CLOSED else event["rep_id"]
        if number % 25 == 0:
            key = "the-pbx"
        elif number % 40 == 0:
            key = None
        value = json.dumps(event).encode()
        yield Sending(topic, key, value[:20] if number % 90 == 7 else value)


def _next(
    dice: Random, number: int, at_ms: int, calls: list[dict[str, Any]], deals: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    what, rep = dice.random(), dice.choice(REPS)
    team = dice.choice(["red", "blue"])
    if what < 0.6 or not calls or not deals:
        event = call(
            at_ms=at_ms, rep_id=rep, team_id=team, call_id=f"{number}", talk_ms=number % 90_000
        )
        calls.append(event)
        if number % 5 == 0:
            won = deal(at_ms=at_ms, closed_ms=at_ms, rep_id=rep, team_id=team, deal_id=f"{number}")
            deals.append(won)
            return DEAL_CLOSED, won
        return CALL_ENDED, event
    if what < 0.78:
        event = dice.choice(calls[-400:])
        event |= {"revision": number, "talk_ms": number, "op": "upsert"}
        if what > 0.75:
            event |= {"op": "retract"}
        return CALL_ENDED, event
    if what < 0.95:
        event = dice.choice(deals[-100:])
        event |= {"revision": at_ms + number, "amount_minor": 100 * number}
        event |= {"status": dice.choice(["amended", "amended", "cancelled", "reinstated"])}
        if what > 0.85:
            event |= {"rep_id": rep, "status": "amended"}
        elif what > 0.83:
            event["credits"] = [{"rep_id": one, "share": 0.5} for one in dice.sample(REPS, 2)]
        return DEAL_CLOSED, event
    made = survey(at_ms=at_ms, rep_id=rep, team_id=team, response_id=f"{number}")
    return SURVEY_SUBMITTED, made
