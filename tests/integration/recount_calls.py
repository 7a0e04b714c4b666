"""Calls counted again from what was sent, in plain Python and by no code of the core."""

from __future__ import annotations

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.mixed_events import Sending

COLUMNS = (
    "dials",
    "answered",
    "human_answered",
    "human_answered_outbound",
    "contacts",
    "contacts_outbound",
    "short_calls",
    "talk_ms",
    "hold_ms",
    "wrap_ms",
)
Cells = dict[tuple[str, str], Counter[str]]
"""(rep, local date) to column to number."""


def recount_calls(sent: Iterable[Sending], plan: str) -> Cells:
    """What the calls among these good events come to; every rep must be in the roster for good."""
    places = tomllib.loads(plan)
    zones = {name: ZoneInfo(site["zone"]) for name, site in places["sites"].items()}
    zone_of = {one["rep"]: zones[places["teams"][one["team"]]["site"]] for one in places["roster"]}
    latest: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for sending in sent:
        if sending.topic != "call-ended":
            continue
        event = json.loads(sending.value)
        at = datetime.fromisoformat(event["occurred_at"]).astimezone(zone_of[event["rep_id"]])
        name = (event["rep_id"], at.date().isoformat(), event["source"], event["call_id"])
        held = latest.get(name)
        if held is None or event.get("revision", 0) >= held.get("revision", 0):
            latest[name] = event
    cells: Cells = defaultdict(Counter)
    for (rep, date, _, _), event in latest.items():
        if event.get("op") != "retract":
            cells[rep, date].update(_columns(event, places["dispositions"]))
    return cells


def _columns(event: dict[str, Any], flags: dict[str, list[str]]) -> Counter[str]:
    outbound = event["direction"] == "outbound"
    answered = event["result"] == "answered"
    human = answered and event.get("answered_by") not in ("machine", "fax")
    short = human and event["talk_ms"] < 10_000
    code = event.get("disposition")
    known = flags.get(code) if code is not None else None
    sought = known is None or bool({"contact", "positive", "negative"} & set(known))
    contact = human and not short and sought
    return Counter(
        dials=outbound,
        answered=answered,
        human_answered=human,
        human_answered_outbound=human and outbound,
        contacts=contact,
        contacts_outbound=contact and outbound,
        short_calls=short,
        talk_ms=event["talk_ms"] if human else 0,
        hold_ms=event.get("hold_ms", 0) if human else 0,
        wrap_ms=event.get("wrap_ms", 0) if human else 0,
    )
