"""Versions as bytes: they order as what they say, and every reader finds what was written."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from streams.core.behind_team import MOST_CAMPAIGN_BYTES, customer_mark
from streams.core.call_intake import apply_calls
from streams.core.codec import LATEST_MS
from streams.core.contribution import (
    CALL,
    amounts,
    at_of,
    behind_team_of,
    call_head,
    entity_key,
    facts_word,
    flags_of,
    lead_or_customer,
    named,
    origin_of,
    revision_of,
    same_body,
)
from streams.core.outcome import Applied
from streams.core.plan import Plan
from streams.core.scoreboard import Scoreboard
from streams.core.version import number_bytes, origin_bytes, read_number, read_origin
from streams.engine.stores import MemorySegments
from tests.builders import NOON_MS, call, record

numbers = st.integers(0, 2**64 - 1) | st.integers(0, 600)
stamps = st.integers(0, 2**44 - 1)
offsets = st.integers(0, 2**44 - 1)
versions = st.tuples(numbers, numbers, st.tuples(stamps, offsets))


def encoded(version: tuple[int, int, tuple[int, int]]) -> bytes:
    events, revision, origin = version
    return number_bytes(events) + number_bytes(revision) + origin_bytes(*origin)


@given(versions, versions)
def test_versions_order_as_their_bytes(
    one: tuple[int, int, tuple[int, int]], other: tuple[int, int, tuple[int, int]]
) -> None:
    assert (one < other) == (encoded(one) < encoded(other))


@given(versions)
def test_a_version_says_what_was_written(version: tuple[int, int, tuple[int, int]]) -> None:
    data = encoded(version)
    events, at = read_number(data)
    revision, at = read_number(data, at)
    assert (events, revision, read_origin(data, at)) == version


@given(
    revision=numbers.filter(lambda number: number < 2**63),
    stamp=st.integers(NOON_MS, LATEST_MS - 3_600_000),
    offset=offsets,
    ids=st.tuples(*[st.text(st.characters(exclude_categories=["C"]), max_size=60)] * 3),
    amount=st.tuples(*[st.integers(10_000, 86_400_000)] * 3),
)
def test_the_calls_loop_writes_what_the_readers_read(
    revision: int, stamp: int, offset: int, ids: tuple[str, str, str], amount: tuple[int, int, int]
) -> None:
    # The loop cuts a head into words of its own, for speed; `call_head` is the plain form.
    board = Scoreboard(0, 1, Plan.empty("UTC"), MemorySegments())
    (talk, wrap, hold), (lead, campaign, customer) = amount, ids
    value = json.dumps(
        call(
            revision=revision,
            lead_id=lead or None,
            campaign_id=campaign or None,
            customer_id=customer or None,
            team_id="north",
            talk_ms=talk,
            wrap_ms=wrap,
            hold_ms=hold,
        )
    )
    out = Applied()
    apply_calls(board, [record("call-ended", value.encode(), offset, stamp)], out)
    assert not out.dead
    (rep_day,) = board.reps["ana"].days.values()
    (key, found), *_ = rep_day.entities.items()
    assert key == entity_key(CALL, "pbx", "c1")
    assert (revision_of(found), origin_of(key, found)) == (revision, (stamp, offset))
    assert (at_of(found), amounts(found)) == (NOON_MS, amount)
    assert named(key, found) == (NOON_MS, key, "north")
    assert lead_or_customer(found) == (lead or None, None if lead else customer or None)
    name = campaign.encode()
    kept = name if len(name) <= MOST_CAMPAIGN_BYTES else b""
    behind = behind_team_of(found)
    mark = customer_mark(customer) if lead and customer else None
    assert behind == (b"north", kept, mark)
    place = b"north" + (kept + bytes((len(kept),)) if kept else b"")
    place += b"" if mark is None else mark.to_bytes(4, "big")
    in_leads_place = (lead or customer).encode()
    facts = facts_word(NOON_MS, in_leads_place, place)
    head = call_head(revision, origin_bytes(stamp, offset), facts, flags_of(found))
    assert found.startswith(head + in_leads_place + place)
    again = call_head(revision + 1, origin_bytes(0, 0), facts, flags_of(found)) + found[len(head) :]
    assert again > found
    assert same_body(key, found, again)
