"""Slices of every input topic into rep-days, and what became of each event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec import json

from streams.core.call_intake import apply_calls
from streams.core.codec import decode_event, origin_of, to_ms
from streams.core.contribution import DEAL as DEAL_KIND
from streams.core.contribution import (
    RETRACTED,
    call_head,
    deal_contributions,
    entity_key,
    facts_word,
)
from streams.core.contribution import SURVEY as SURVEY_KIND
from streams.core.contribution import VISIT as VISIT_KIND
from streams.core.counting import survey_amounts
from streams.core.dead_letter import DeadLetterLimits
from streams.core.errors import MalformedEvent
from streams.core.events import (
    CALL_ENDED,
    SURVEY_SUBMITTED,
    VISIT_LOGGED,
    DealPosting,
    SurveySubmitted,
    VisitLogged,
)
from streams.core.lanes import BIT
from streams.core.malformed import DECODE_FAILURES
from streams.core.outcome import Applied
from streams.core.partition import partition_of
from streams.core.ports import LogRecord
from streams.core.rep import Rep
from streams.core.scoreboard import Scoreboard
from streams.core.version import origin_bytes

DEAL_POSTINGS = "deal-postings"
MISROUTED = "misrouted"


class Relocated(NamedTuple):
    """A record that was produced again elsewhere, with the coordinates of its first place."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def apply_slice(
    board: Scoreboard,
    kind: str,
    records: Sequence[LogRecord],
    kinds: Mapping[str, str],
    limits: DeadLetterLimits | None = None,
) -> Applied:
    """Merge a slice of one topic; `kinds` is Kafka topic to kind, for misrouted records.

    `limits`, when given, may stop the slice before its end: see `Applied.stopped`.
    """
    out = Applied(limits)
    if kind == MISROUTED:
        _apply_misrouted(board, records, kinds, out)
    elif kind == CALL_ENDED:
        apply_calls(board, records, out)
    else:
        for index, record in enumerate(records):
            try:
                _ONE[kind](board, record, out)
            except MalformedEvent as error:
                if out.reject(index, record, error):
                    break
    out.finish(len(records))
    return out


def _apply_misrouted(
    board: Scoreboard, records: Sequence[LogRecord], kinds: Mapping[str, str], out: Applied
) -> None:
    """Each record as it was where it first arrived: its version must not depend on the detour."""
    for index, record in enumerate(records):
        origin = origin_of(record)
        first = Relocated(*origin, record.key, record.value, record.headers)
        kind = kinds.get(origin.topic, "")
        error: MalformedEvent | None = None
        if kind == CALL_ENDED:
            alone = Applied()
            apply_calls(board, [first], alone)
            error = alone.dead[0][1] if alone.dead else None
            alone.dead.clear()
            out.add(alone)
        elif kind in _ONE:
            try:
                _ONE[kind](board, first, out)
            except MalformedEvent as bad:
                error = bad
        else:
            error = MalformedEvent(
                "internal", "$", f"came from `{origin.topic}`, which is no input"
            )
        if error is not None and out.reject(index, record, error):
            break


def _owner(
    board: Scoreboard, record: LogRecord, kind: str, rep_id: str, out: Applied
) -> Rep | None:
    """The rep, or None when its events belong to another partition."""
    rep = board.reps.get(rep_id)
    if rep is None:
        if partition_of(rep_id.encode(), board.partitions) != board.partition:
            out.misrouted.append((record, kind, rep_id))
            return None
        rep = board.rep(rep_id)
    return rep


def _put(board: Scoreboard, rep: Rep, day: int, item: tuple[bytes, bytes], out: Applied) -> str:
    """Merge one (entity key, contribution); the verdict, `expired` included, is not counted."""
    rep_day, cold = board.day(rep, day)
    out.cold += cold
    if rep_day is None:
        return "expired"
    verdict = rep_day.put(*item)
    board.mark(rep, day, rep_day)
    return verdict


def _count(out: Applied, verdict: str) -> None:
    setattr(out, verdict, getattr(out, verdict) + 1)


class _Facts(NamedTuple):
    """What a survey or a visit is, apart from its envelope."""

    kind: str
    letter: int
    entity_id: str
    flags: int
    rating: int = 0
    lead_id: str | None = None


def _apply_facts(
    board: Scoreboard,
    record: LogRecord,
    out: Applied,
    event: SurveySubmitted | VisitLogged,
    facts: _Facts,
) -> None:
    rep = _owner(board, record, facts.kind, event.rep_id, out)
    if rep is None:
        return
    at_ms = to_ms(event.occurred_at)
    place = board.place(rep, at_ms)
    flags, rating, lead = facts.flags, facts.rating, (facts.lead_id or "").encode()
    if event.op == "retract":
        flags, rating, lead = RETRACTED, 0, b""
    team = b"" if place.in_roster else (event.team_id or "").encode()
    first = origin_of(record)
    origin = origin_bytes(first.timestamp, first.offset)
    head = call_head(event.revision, origin, facts_word(at_ms, lead, team), flags)
    contribution = head + lead + team + (rating.to_bytes(4, "big") if rating else b"")
    key = entity_key(facts.letter, event.source, facts.entity_id)
    verdict = _put(board, rep, place.site.zone.day_of(at_ms), (key, contribution), out)
    if verdict != "expired":
        out.saw(event.source, at_ms)
    _count(out, verdict)


def _apply_survey(board: Scoreboard, record: LogRecord, out: Applied) -> None:
    event = decode_event(SURVEY_SUBMITTED, record)
    assert isinstance(event, SurveySubmitted)  # for the type checker
    flags, rating = survey_amounts(event)
    facts = _Facts(SURVEY_SUBMITTED, SURVEY_KIND, event.response_id, flags, rating)
    _apply_facts(board, record, out, event, facts)


def _apply_visit(board: Scoreboard, record: LogRecord, out: Applied) -> None:
    event = decode_event(VISIT_LOGGED, record)
    assert isinstance(event, VisitLogged)  # for the type checker
    facts = _Facts(VISIT_LOGGED, VISIT_KIND, event.visit_id, BIT["visits"], lead_id=event.lead_id)
    _apply_facts(board, record, out, event, facts)


_decode_posting = json.Decoder(DealPosting).decode


def _apply_posting(board: Scoreboard, record: LogRecord, out: Applied) -> None:
    """One contribution for every local day that the posting names; its verdict is the highest."""
    try:
        posting = _decode_posting(record.value or b"")
    except DECODE_FAILURES as error:
        raise MalformedEvent("schema", "$", str(error)) from error
    rep = _owner(board, record, DEAL_POSTINGS, posting.rep_id, out)
    if rep is None:
        return

    def day_of(at_ms: int) -> int:
        return board.place(rep, at_ms).site.zone.day_of(at_ms)

    key = entity_key(DEAL_KIND, posting.source, posting.deal_id)
    origin = origin_of(record)
    # The days of a deal may lie in and out of the roster; on those out of it the team is needed.
    keep_team = rep.place is None or not rep.place.in_roster
    verdicts = {
        _put(board, rep, day, (key, contribution), out)
        for day, contribution in deal_contributions(
            posting, day_of, origin.timestamp, origin.offset, keep_team
        )
    }
    order = ("revised", "accepted", "duplicate", "expired")
    verdict = next((v for v in order if v in verdicts), "duplicate")
    _count(out, verdict)
    if posting.has_contact and posting.closed_at_ms < board.handed_on_ms:
        out.late_deals += verdict in ("accepted", "revised")


_ONE: dict[str, Callable[[Scoreboard, LogRecord, Applied], None]] = {
    SURVEY_SUBMITTED: _apply_survey,
    VISIT_LOGGED: _apply_visit,
    DEAL_POSTINGS: _apply_posting,
}
