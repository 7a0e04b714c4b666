"""Calls into rep-days: the hot path, one slice at a time.

Written as one loop with everything bound to local names: a method call per event would cost as much
as the merge itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import cast

from streams.core.behind_team import MOST_CAMPAIGN_BYTES, customer_mark
from streams.core.calendar import DAY_MS, HOUR_MS
from streams.core.codec import (
    DECODE_FAILURES,
    DECODERS,
    EPOCH,
    FUTURE_MS,
    LATEST_MS,
    TOO_OLD_MS,
    check_envelope,
    decode_event,
    origin_of,
    to_ms,
)
from streams.core.contribution import (
    FIRST_HEAD,
    RETRACTED,
    WORD,
)
from streams.core.counting import HUMAN, NOT_CONTACT, SHORT, SHORT_CALL_MS, call_flags
from streams.core.errors import MalformedEvent
from streams.core.events import CALL_ENDED, SCHEMA_VERSION, CallEnded
from streams.core.lanes import BIT, BY_CUSTOMER, CELL_OF_FLAGS, SHIFT, WITH_CAMPAIGN, WITH_CUSTOMER
from streams.core.outcome import Applied
from streams.core.partition import partition_of
from streams.core.ports import LogRecord
from streams.core.rep_day import UNSETTLED, UNWRITTEN
from streams.core.scoreboard import Scoreboard
from streams.core.version import MOST_STAMP_MS, number_bytes

HOLD, WRAP = SHIFT["hold_ms"], SHIFT["wrap_ms"]
CONTACT = BIT["contacts"]
FRESH = UNWRITTEN | UNSETTLED
ONE, TWO, THREE = struct.Struct(">I"), struct.Struct(">II"), struct.Struct(">III")
MOST_TALK_MS = 2**32 - 1
"""What a contribution's field holds."""


def talk_ms(event: CallEnded, end_ms: int) -> int:
    """Talk time: as stated, else from the answer to the end less holding, else 0.

    Never more than `MOST_TALK_MS`, 49 days: the clock that said so is broken.
    """
    if event.talk_ms is not None:
        return event.talk_ms
    if event.answered_at is None:
        return 0
    return min(MOST_TALK_MS, max(0, end_ms - to_ms(event.answered_at) - event.hold_ms))


def _opened(record: LogRecord) -> CallEnded:
    return cast(CallEnded, decode_event(CALL_ENDED, record))


def apply_calls(  # noqa: PLR0912, PLR0915 # one loop on purpose, see above
    board: Scoreboard, records: Sequence[LogRecord], out: Applied
) -> None:
    """Merge a slice of call-ended records; what became of each is added to `out`."""
    decode = cast(Callable[[bytes | None], CallEnded], DECODERS[CALL_ENDED].decode)
    reps, known, newest_ms = board.reps, board.flags, out.newest_ms
    pack, cells, epoch = FIRST_HEAD.pack, CELL_OF_FLAGS, EPOCH
    accepted = 0
    for index, record in enumerate(records):
        try:
            # Headers may say that this is a CloudEvent, or where the record came from.
            event = _opened(record) if record.headers else decode(record.value)
        except (MalformedEvent, *DECODE_FAILURES):
            try:
                event = _opened(record)
            except MalformedEvent as error:
                if out.reject(index, record, error):
                    break
                continue
        since = event.occurred_at - epoch
        at_ms = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
        stamp, offset = record.timestamp, record.offset
        if record.headers:
            # Sent again from a dead letter: its version is that of its first place.
            _, _, offset, stamp = origin_of(record)
        # LATEST_MS: a wild timestamp of the record must not let a wild event through.
        right_time = TOO_OLD_MS <= at_ms <= stamp + FUTURE_MS < LATEST_MS
        if not right_time or event.schema_version != SCHEMA_VERSION:
            try:
                check_envelope(event, at_ms, stamp)
            except MalformedEvent as error:
                if out.reject(index, record, error):
                    break
                continue
            # It was the timestamp that is odd: none, or one beyond what a version holds.
            stamp = min(max(stamp, 0), MOST_STAMP_MS)
        source = event.source
        rep_id = event.rep_id
        rep = reps.get(rep_id)
        if rep is None:
            if partition_of(rep_id.encode(), board.partitions) != board.partition:
                out.misrouted.append((record, CALL_ENDED, rep_id))
                continue
            rep = board.rep(rep_id)
        zone = rep.zone or board.place(rep, at_ms).site.zone
        ahead = zone.hours.get(at_ms // HOUR_MS)
        if ahead is None:
            ahead = zone.fill(at_ms)
        day = (at_ms + ahead) // DAY_MS
        rep_day = rep.newest
        if rep_day is None or day != rep.day:
            rep_day, cold = board.day(rep, day)
            out.cold += cold
            if rep_day is None:
                out.expired += 1
                continue
        if at_ms > newest_ms.get(source, 0):
            newest_ms[source] = at_ms

        kind = (event.direction, event.result, event.answered_by, event.disposition)
        flags = known.get(kind)
        if flags is None:
            flags = known[kind] = call_flags(*kind, board.plan.dispositions)
        talk = hold = wrap = 0
        lead = b""
        if event.op == "retract":
            flags = RETRACTED
        else:
            if flags & HUMAN:
                stated = event.talk_ms
                talk = talk_ms(event, at_ms) if stated is None else stated
                hold, wrap = event.hold_ms, event.wrap_ms
                if talk < SHORT_CALL_MS:
                    flags = flags & NOT_CONTACT | SHORT
            if event.lead_id is not None:
                lead = event.lead_id.encode()
            elif event.customer_id is not None and flags & CONTACT:
                lead, flags = event.customer_id.encode(), flags | BY_CUSTOMER
        place = rep.place
        team = b""
        asked = place is None or not place.in_roster
        if asked and event.team_id is not None:
            team = event.team_id.encode()
        if flags & CONTACT:
            # What is kept behind the team: see `behind_team`.
            campaign = event.campaign_id or event.queue_id
            if campaign is not None:
                name = campaign.encode()
                if len(name) <= MOST_CAMPAIGN_BYTES:
                    team, flags = team + name + bytes((len(name),)), flags | WITH_CAMPAIGN
            if event.customer_id is not None and lead and not flags & BY_CUSTOMER:
                mark = customer_mark(event.customer_id)
                team, flags = team + ONE.pack(mark), flags | WITH_CUSTOMER
        key = f"c{source}\x1f{event.call_id}".encode()
        # Origin, `facts_word` and flags, 88 + 64 + 32 bits, cut into three words of 64.
        contribution = pack(
            stamp << 12 | offset >> 32,
            (offset & WORD) << 32 | at_ms >> 12,
            (at_ms & 4095) << 52 | len(lead) << 42 | len(team) << 32 | flags,
        )
        if event.revision:
            contribution = number_bytes(event.revision) + contribution[1:]
        if lead or team:
            contribution = contribution + lead + team
        # The amounts, as short as they can be: see `contribution`.
        if hold:
            contribution = contribution + THREE.pack(hold, wrap, talk)
        elif wrap:
            contribution = contribution + TWO.pack(wrap, talk)
        elif talk:
            contribution = contribution + ONE.pack(talk)
        if key in rep_day.entities:
            verdict = rep_day.put(key, contribution)
            if verdict == "duplicate":
                out.duplicate += 1
            else:
                out.revised += 1
        else:
            rep_day.entities[key] = contribution
            rep_day.open.append(key)
            rep_day.cell += cells[flags] + (talk | hold << HOLD | wrap << WRAP)
            latest = rep_day.latest
            if latest is not None and at_ms >= latest[0]:
                # Only a counted one names a team, and only outside the roster it is asked for.
                named = (at_ms, key, event.team_id or "")
                if not asked or flags == RETRACTED or named < latest:
                    rep_day.latest = None
                else:
                    rep_day.latest = named
            accepted += 1
        if rep_day.mark != FRESH or not rep.changed:
            board.mark(rep, day, rep_day)
    out.accepted += accepted
