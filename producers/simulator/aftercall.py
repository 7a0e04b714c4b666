"""What customers and field staff report: surveys hours after a call, visits during the day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from producers.simulator.arrivals import Report
from producers.simulator.calls import Call, Workday
from producers.simulator.draws import Draws, Odds
from producers.simulator.profile import Rep
from producers.simulator.stamps import local, utc
from streams.core.events import SURVEY_SUBMITTED, VISIT_LOGGED

SOURCE = "surveys"
FIELD = "field"
_HOUR_MS = 3_600_000
_ANSWERED = 0.1
_ANSWERED_LIVELY = 0.2
_CORRECTED = 0.01
_VISITS_A_DAY = 3
_CHANNEL = Odds({"sms": 45, "email": 35, "ivr": 20})


def surveys_of(draws: Draws, call: Call, rep: Rep, hurry: float) -> list[Report]:
    """The answer to the survey after a contact, or none; csat on 1-5 or nps on 0-10."""
    if not draws.chance(_ANSWERED_LIVELY if hurry > 1 else _ANSWERED):
        return []
    sent_ms = call.report.event_ms + 60_000
    at_ms = sent_ms + 1_000 + int(draws.spread(2 * _HOUR_MS / hurry, 0.9))
    nps = draws.chance(0.3)
    response_id = f"s-{call.call_id}"
    value: dict[str, Any] = {
        "event_id": f"{response_id}.0",
        "source": SOURCE,
        "occurred_at": utc(at_ms),
        "rep_id": rep.id,
        "team_id": rep.team.id,
        "response_id": response_id,
        "survey_id": "after-call",
        "call_id": call.call_id,
        "channel": draws.of(_CHANNEL),
        "sent_at": utc(sent_ms),
        "metric": "nps" if nps else "csat",
        "score": _score(draws, rep, nps=nps),
        "scale_min": 0 if nps else 1,
        "scale_max": 10 if nps else 5,
    }
    if call.sold:
        value["deal_id"] = f"d-{call.call_id}"
    reports = [Report(at_ms, SOURCE, SURVEY_SUBMITTED, rep.id, value)]
    if draws.chance(_CORRECTED):
        again = {"event_id": f"{response_id}.1", "revision": 1}
        changed = value | again | {"score": _score(draws, rep, nps=nps)}
        later_ms = at_ms + 1_000 + int(draws.wait(_HOUR_MS / hurry))
        reports.append(Report(later_ms, SOURCE, SURVEY_SUBMITTED, rep.id, changed))
    return reports


def visits_of(draws: Draws, workday: Workday) -> Iterator[Report]:
    """Up to three customer visits of the day, in the order they happen."""
    rep = workday.rep
    times = sorted(
        workday.start_ms + draws.below(workday.end_ms - workday.start_ms)
        for _ in range(draws.below(_VISITS_A_DAY + 1))
    )
    for number, at_ms in enumerate(times, 1):
        visit_id = f"v-{workday.day:x}-{rep.number:x}-{number}"
        value = {
            "event_id": f"{visit_id}.0",
            "source": FIELD,
            "occurred_at": local(at_ms, rep.team.site.zone),
            "rep_id": rep.id,
            "team_id": rep.team.id,
            "visit_id": visit_id,
            "lead_id": f"l-{rep.number:x}-{draws.below(1_500):x}",
        }
        yield Report(at_ms, FIELD, VISIT_LOGGED, rep.id, value)


def _score(draws: Draws, rep: Rep, *, nps: bool) -> int:
    """Binomial: so many of the scale's steps above its lowest as trials succeed."""
    if nps:
        return sum(draws.chance(0.5 + rep.satisfaction / 2) for _ in range(10))
    return 1 + sum(draws.chance(rep.satisfaction) for _ in range(4))
