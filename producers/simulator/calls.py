"""A rep's calls of one day: dials and inbound calls with their results, at the pace of the hour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import Struct

from producers.simulator.arrivals import Report
from producers.simulator.draws import Draws, Odds
from producers.simulator.profile import Rep
from producers.simulator.stamps import utc
from streams.core.events import CALL_ENDED

SOURCE = "pbx"
_INBOUND = 0.08
_MACHINE = 0.22
_SHORT = 0.04
_CONTACT_MS = 10_000
"""A shorter answered call is no contact to anybody."""
_REVISED = 0.015
_MOVED = 0.003
_LEADS_A_REP = 1_500

_UNREACHED = Odds(
    {"no_answer": 60, "busy": 14, "failed": 10, "canceled": 7, "congestion": 4, "dropped": 5}
)
_UNANSWERED_INBOUND = Odds({"abandoned": 80, "no_answer": 15, "failed": 5})
_HUMAN_OR_NOT_SURE = Odds({"human": 88, "unknown": 12})
_MACHINES = Odds({"machine": 92, "fax": 8})
_HANGUP = Odds({"customer": 60, "agent": 40})
_TALKED: Odds[str | None] = Odds(
    # "XFER" is in no plan: a code somebody made up on the PBX last week.
    {"NI": 58, "CB": 18, "INFO": 12, "DNC": 3, "WRONG": 3, "XFER": 1, None: 5}
)
_DISPOSITION_OF = {"no_answer": "NA", "busy": "B", "failed": "DC"}

_PACE_OF_THE_SHIFT = (
    # Share of full activity over the shift, in eighteenths: the start is slow, the sixth to eighth
    # (12:00-13:30 of a nine-hour day) are lunch, the last hour thins out.
    *(0.6, 0.9, 1.0, 1.1, 1.1, 1.0, 0.35, 0.3, 0.7),
    *(1.0, 1.1, 1.1, 1.0, 1.0, 0.9, 0.9, 0.75, 0.5),
)


class Call(NamedTuple):
    """One finished call: when it began, its report, and what later things need to know of it."""

    start_ms: int
    report: Report
    call_id: str
    contact: bool
    sold: bool
    lead_id: str
    customer_id: str


class Workday(Struct, frozen=True):
    """A rep's shift on a local day, `[start_ms, end_ms)`, and how lively the floor is."""

    rep: Rep
    day: int
    start_ms: int
    end_ms: int
    lively: float


def calls_of(draws: Draws, workday: Workday) -> Iterator[Call]:
    """The calls that begin in the shift, in their order; the last may end after it."""
    rep, number = workday.rep, 0
    length = workday.end_ms - workday.start_ms
    at_ms = workday.start_ms + int(draws.between(0, 60_000 / workday.lively))
    while True:
        share = min((at_ms - workday.start_ms) / length, 0.999)
        pace = _PACE_OF_THE_SHIFT[int(share * len(_PACE_OF_THE_SHIFT))]
        at_ms += 1_000 + int(draws.wait(35_000 * rep.pace / (pace * workday.lively)))
        if at_ms >= workday.end_ms:
            return
        number += 1
        call, free_ms = _call(draws, workday, at_ms, number)
        yield call
        at_ms = free_ms


def _call(draws: Draws, workday: Workday, start_ms: int, number: int) -> tuple[Call, int]:
    """One call that begins at `start_ms`, and when the rep is free again."""
    rep, haste = workday.rep, workday.lively
    inbound = draws.chance(_INBOUND)
    ring_ms = 2_000 + int(draws.wait(9_000 / haste))
    luck, reached = draws.unit(), 0.88 if inbound else rep.connect
    lead = draws.below(_LEADS_A_REP)
    lead_id = f"l-{rep.number:x}-{lead:x}"
    call_id = f"{workday.day:x}-{rep.number:x}-{number:x}"
    value: dict[str, Any] = {
        "event_id": f"{call_id}.0",
        "source": f"{SOURCE}-{rep.team.site.id}",
        "occurred_at": "",
        "rep_id": rep.id,
        "team_id": rep.team.id,
        "call_id": call_id,
        "direction": "inbound" if inbound else "outbound",
        "result": "answered",
        "started_at": utc(start_ms),
        "ring_ms": ring_ms,
        "lead_id": lead_id,
    }
    if inbound:
        value["queue_id"] = "sales"
        value["wait_ms"] = ring_ms
    else:
        value["dial_mode"] = "predictive"
        value["campaign_id"] = f"c-{rep.team.id}"
    end_ms, wrap_ms, contact, sold = start_ms + ring_ms, 0, False, False
    if luck < reached:
        talk_ms, wrap_ms, hold_ms = _talk(draws, rep, haste)
        value["answered_at"] = utc(end_ms)
        end_ms += talk_ms + hold_ms
        value["talk_ms"] = talk_ms
        if hold_ms:
            value["hold_ms"] = hold_ms
        value["wrap_ms"] = wrap_ms
        value["answered_by"] = draws.of(_HUMAN_OR_NOT_SURE)
        value["hangup_by"] = draws.of(_HANGUP)
        contact = talk_ms >= _CONTACT_MS
        # A lively floor sells better too, or many a minute of it would show no deal.
        sold = contact and draws.chance(rep.conversion * (2.2 if haste > 1 else 1.0))
        if sold and rep.drop is not None and start_ms >= rep.drop.from_ms:
            sold = draws.chance(rep.drop.share)
        disposition = "SALE" if sold else draws.of(_TALKED)
        if disposition:
            value["disposition"] = disposition
    elif not inbound and luck < reached + _MACHINE:
        value["answered_at"] = utc(end_ms)
        talk_ms = 1_500 + int(draws.wait(6_000 / haste))
        end_ms += talk_ms
        value["talk_ms"] = talk_ms
        value["answered_by"] = draws.of(_MACHINES)
        value["disposition"] = "AM"
    else:
        result = draws.of(_UNANSWERED_INBOUND if inbound else _UNREACHED)
        value["result"] = result
        if result in _DISPOSITION_OF:
            value["disposition"] = _DISPOSITION_OF[result]
    value["occurred_at"] = utc(end_ms)
    customer_id = f"{lead * 0x9E3779B97F4A7C15 + rep.number & 0xFFFFFFFFFFFFFFFF:016x}"
    if contact:
        value["customer_id"] = customer_id
    report = Report(end_ms, SOURCE, CALL_ENDED, rep.id, value)
    return Call(start_ms, report, call_id, contact, sold, lead_id, customer_id), end_ms + wrap_ms


def _talk(draws: Draws, rep: Rep, haste: float) -> tuple[int, int, int]:
    if draws.chance(_SHORT):
        return 1_000 + draws.below(8_500), 2_000, 0
    # Hurried calls are not short ones: nobody has hung up at once.
    least_ms = 3_000 if haste == 1 else _CONTACT_MS
    talk_ms = int(draws.spread(rep.talk_ms / haste, 0.7)) + least_ms
    wrap_ms = 1_000 + int(draws.wait(18_000 / haste))
    hold_ms = int(draws.wait(20_000 / haste)) if draws.chance(0.1) else 0
    return min(talk_ms, 4_264_000), wrap_ms, hold_ms


def corrections_of(draws: Draws, call: Call, mates: tuple[Rep, ...], hurry: float) -> list[Report]:
    """What the PBX reports of a call afterwards: a newer revision, or the call under its real rep.

    Moving a call takes two events: the retraction under the old rep and the call under the new one.
    """
    luck = draws.unit()
    value = call.report.value
    later_ms = call.report.event_ms + 1_000 + int(draws.spread(900_000 / hurry, 1.0))
    if luck < _REVISED:
        newer = value | {"event_id": f"{call.call_id}.1", "revision": 1}
        newer["wrap_ms"] = value.get("wrap_ms", 0) + draws.below(30_000)
        if newer.get("disposition") == "CB":
            newer["disposition"] = "NI"
        return [call.report._replace(event_ms=later_ms, value=newer)]
    if luck < _REVISED + _MOVED and len(mates) > 1:
        gone = value | {"event_id": f"{call.call_id}.1", "revision": 1, "op": "retract"}
        rep = draws.pick(mates)
        moved = value | {"event_id": f"{call.call_id}.2", "revision": 2, "rep_id": rep.id}
        return [
            call.report._replace(event_ms=later_ms, value=gone),
            call.report._replace(event_ms=later_ms, key=rep.id, value=moved),
        ]
    return []
