"""Writes the golden changelogs of this state version: `python -m tests.contract.golden.make`.

The files of a released state version are never written again: every later release must read them.
A new state version gets a folder of its own beside them. Two writers, one after the other, count
the same few events as a worker would; the same code always writes the same bytes.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from streams.core.changelog import ChangelogReader
from streams.core.deal_desk import DealDesk
from streams.core.events import (
    CALL_ENDED,
    DEAL_CLOSED,
    SURVEY_SUBMITTED,
    VISIT_LOGGED,
    DealPosting,
)
from streams.core.intake import DEAL_POSTINGS, apply_slice
from streams.core.plan import Plan, parse_plan
from streams.core.scoreboard import Scoreboard
from streams.core.segment import STATE_VERSION
from streams.core.totals import total_rows
from streams.engine.stores import MemorySegments
from tests.builders import DAY_MS, HOUR_MS, NOON_MS, Record, call, deal, iso, record, survey

FOLDER = Path(__file__).parent / f"v{STATE_VERSION}"
WRITERS = (b"writer-1", b"writer-2")
KINDS = (CALL_ENDED, SURVEY_SUBMITTED, VISIT_LOGGED, DEAL_POSTINGS)
PLAN = """\
[sites.berlin]
zone = "Europe/Berlin"
[teams.north]
site = "berlin"
[[roster]]
rep = "ana"
team = "north"
[dispositions]
SALE = ["contact", "positive"]
AM = []
[deals]
reversals = "contra"
"""

Lines = list[dict[str, Any]]
Event = tuple[str, dict[str, Any]]


def plan() -> Plan:
    """The plan the golden state was counted under."""
    return parse_plan(PLAN, "Asia/Shanghai")


def events() -> list[list[Event]]:
    """What each of the two writers counts."""
    calls = [
        (CALL_ENDED, call(call_id=f"c{n}", at_ms=NOON_MS + n * 60_000, lead_id=f"l{n % 7}"))
        for n in range(40)  # more than one segment holds
    ]
    first: list[Event] = [
        *calls,
        (CALL_ENDED, call(call_id="short", talk_ms=9_999, hold_ms=10, wrap_ms=20)),
        (CALL_ENDED, call(call_id="machine", answered_by="machine", disposition="AM")),
        (CALL_ENDED, call(call_id="in", direction="inbound", result="abandoned")),
        (CALL_ENDED, call(rep_id="bo", call_id="b", team_id="south", at_ms=NOON_MS - DAY_MS)),
        (SURVEY_SUBMITTED, survey()),
        (
            SURVEY_SUBMITTED,
            survey(response_id="n", metric="nps", score=9, scale_min=0, scale_max=10),
        ),
        (VISIT_LOGGED, _visit("v1")),
        (DEAL_CLOSED, _split()),
        (DEAL_CLOSED, deal(deal_id="back", is_new_customer=True)),
        (DEAL_CLOSED, deal(deal_id="never", amount_minor=77)),
        (DEAL_CLOSED, deal(deal_id="moved", currency="JPY", amount_minor=5)),
    ]
    later = NOON_MS + DAY_MS
    second: list[Event] = [
        (CALL_ENDED, call(call_id="c0", revision=1, disposition="SALE", talk_ms=61_000)),
        (CALL_ENDED, call(call_id="c1", revision=2, op="retract")),
        (CALL_ENDED, call(call_id="next day", at_ms=later + 11 * HOUR_MS)),
        (SURVEY_SUBMITTED, survey(revision=1, score=5)),
        (DEAL_CLOSED, _later("back", later, status="refunded", reversed_minor=4_000)),
        (DEAL_CLOSED, deal(deal_id="never", amount_minor=77, op="retract", revision=later)),
        (
            DEAL_CLOSED,
            _later("moved", later, status="amended", rep_id="bo", currency="JPY", amount_minor=6),
        ),
    ]
    return [first, second]


def records(some: Iterable[Event], begin: int) -> list[Record]:
    """Events as records of a partition, from offset `begin` on."""
    return [record(topic, value, offset=begin + n) for n, (topic, value) in enumerate(some)]


def documents() -> dict[str, Lines]:
    """File name to lines: both changelogs, and the totals and postings they stand for."""
    desk = DealDesk(0, 1, MemorySegments(), plan().reversals)
    board = Scoreboard(0, 1, plan(), MemorySegments())
    scoreboard: Lines = []
    ledger: Lines = []
    postings: dict[tuple[str, str], DealPosting] = {}
    reader = ChangelogReader()
    begin = 0
    for writer, some in zip(WRITERS, events(), strict=True):
        desk.new_writer(writer)
        board.new_writer(writer)
        log = records(some, begin)
        begin += len(log)
        _, posted = desk.apply([one for one in log if one.topic == DEAL_CLOSED])
        postings |= {(one.deal_id, one.rep_id): one for one in posted}
        derived: list[Event] = [(DEAL_POSTINGS, msgspec.to_builtins(one)) for one in posted]
        log += records(derived, begin)
        for kind in KINDS:
            apply_slice(board, kind, [one for one in log if one.topic == kind], {})
        segments = board.take()[0]
        scoreboard += [_line(*one) for one in segments]
        ledger += [_line(*one) for one in desk.take()[0]]
        for key, value in segments:
            reader.add(0, key, value)
    return {
        "scoreboard.jsonl": scoreboard,
        "ledger.jsonl": ledger,
        "totals.jsonl": [
            msgspec.to_builtins(one) for one in total_rows(reader.rep_days, plan(), 0)
        ],
        "postings.jsonl": [msgspec.to_builtins(postings[at]) for at in sorted(postings)],
    }


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for name, lines in documents().items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (FOLDER / name).write_text(text, encoding="utf-8")


def _line(key: bytes, value: bytes) -> dict[str, Any]:
    return {"key": b64encode(key).decode(), "value": b64encode(value).decode()}


def _visit(visit_id: str) -> dict[str, Any]:
    return {
        "event_id": "e",
        "source": "field",
        "occurred_at": iso(NOON_MS),
        "rep_id": "ana",
        "visit_id": visit_id,
    }


def _split() -> dict[str, Any]:
    lines = [
        {"product_id": "fibre", "amount_minor": 6_667},
        {"product_id": "tv", "amount_minor": 3_333},
    ]
    credits = [{"rep_id": "ana", "share": 0.6667}, {"rep_id": "bo", "share": 0.3333}]
    return deal(deal_id="split", lines=lines, credits=credits)


def _later(deal_id: str, at_ms: int, **fields: Any) -> dict[str, Any]:
    return deal(deal_id=deal_id, at_ms=at_ms, **fields)


if __name__ == "__main__":
    main()
