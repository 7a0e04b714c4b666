"""Dead letters read back, chosen, sent again and deleted: the parts that need no Kafka."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.letters.choosing import Chosen
from streams.cli.letters.purging import cut
from streams.cli.letters.resubmitting import prepare
from streams.cli.letters.showing import as_object, pretty
from streams.core.codec import Origin, decode_event, origin_headers
from streams.core.dead_letter import RESUBMITTED, dead_letter
from streams.core.errors import MalformedEvent
from streams.core.events import CALL_ENDED, DEAL_CLOSED, SURVEY_SUBMITTED
from streams.core.letter import (
    Letter,
    headers_to_resubmit,
    key_if_good,
    latest_of_each,
    likely_key,
    read_letter,
    source_of,
    summarise,
)
from streams.recount.origin import first_place
from streams.settings import Settings
from tests.builders import NOON_MS, Record, call, deal, iso, survey
from tests.property.counted_floor import CountedFloor

BAD = MalformedEvent("schema", "$.talk_ms", "`talk_ms` is long")


def letter_of(record: Record, offset: int = 7, at_ms: int = NOON_MS) -> Letter:
    """The letter that a record becomes."""
    said = dead_letter(record, BAD)
    return read_letter(
        Record(said.topic, record.partition, offset, at_ms, said.key, said.value, said.headers)
    )


def came(value: bytes | None, topic: str = CALL_ENDED, offset: int = 41) -> Record:
    """A record of an input, stamped by the broker a minute after noon."""
    return Record(topic, 3, offset, NOON_MS + 60_000, b"the-pbx", value)


def good(topic: str = CALL_ENDED) -> bytes:
    """An event that counts."""
    made = {CALL_ENDED: call, DEAL_CLOSED: deal, SURVEY_SUBMITTED: survey}[topic]()
    return json.dumps(made).encode()


def test_a_letter_says_where_its_event_first_came_in_and_why_it_is_bad() -> None:
    letter = letter_of(came(good()))
    assert letter.id == "call-ended.dead-letter:3:7"
    assert letter.origin == (CALL_ENDED, 3, 41)
    assert (letter.reason, letter.path, letter.source) == ("schema", "$.talk_ms", "pbx")
    assert (letter.at_ms, letter.origin_ms) == (NOON_MS, NOON_MS + 60_000)
    assert letter.resubmitted == 0


@given(value=st.none() | st.binary(max_size=80), headers=st.lists(
    st.tuples(st.sampled_from([RESUBMITTED, "floorcast-reason", "ce_source", "x"]), st.binary()),
    max_size=4,
))  # fmt: skip
def test_anything_in_a_dead_letter_topic_can_be_read_and_shown(
    value: bytes | None, headers: Sequence[tuple[str, bytes]]
) -> None:
    letter = read_letter(Record("call-ended.dead-letter", 0, 1, -1, None, value, headers))
    assert json.loads(json.dumps(as_object(letter)))["id"] == letter.id
    assert pretty(value)


@pytest.mark.parametrize(
    ("value", "headers", "source"),
    [
        (b'{"source": "pbx-1", "x": {"source": "no"}}', (), "pbx-1"),
        (b'{"x": 1}', (), "?"),
        (b'{"x": 1}', [("ce_source", b"crm")], "crm"),
        (b'{"specversion": "1.0", "source": "hub", "data": {"x": 1}}', (), "hub"),
        (b'{"specversion": "1.0", "source": "hub", "data": {"source": "crm"}}', (), "crm"),
        (b'{"call_id": "1", "source": "pbx-2", ', (), "pbx-2"),
        (b'{"source": 7}', (), "?"),
        (b"\xff\x00", (), "?"),
        (None, (), "?"),
    ],
)
def test_the_source_is_what_the_value_says_as_far_as_it_can_be_read(
    value: bytes | None, headers: Sequence[tuple[str, bytes]], source: str
) -> None:
    assert source_of(value, headers) == source


@pytest.mark.parametrize(
    ("topic", "key"), [(CALL_ENDED, b"ana"), (DEAL_CLOSED, b"d1"), (SURVEY_SUBMITTED, b"ana")]
)
def test_what_would_count_now_is_sent_under_the_key_that_its_value_says(
    topic: str, key: bytes
) -> None:
    assert key_if_good(topic, letter_of(came(good(topic), topic))) == key


def test_a_cloudevent_is_checked_and_sent_again_with_its_own_headers() -> None:
    event = call()
    del event["source"], event["occurred_at"]
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_source", b"hub"),
        ("ce_time", b"2026-09-24T12:00:00Z"),
    ]
    letter = letter_of(came(json.dumps(event).encode())._replace(headers=headers))
    assert letter.source == "hub"
    assert key_if_good(CALL_ENDED, letter) == b"ana"
    assert headers_to_resubmit(letter, "run")[-3:] == headers


@pytest.mark.parametrize(
    ("topic", "event"),
    [
        (CALL_ENDED, call(talk_ms="long")),
        (CALL_ENDED, call(occurred_at=iso(NOON_MS + 7 * 60_000))),  # by its first place's stamp
        (DEAL_CLOSED, deal(credits=[{"rep_id": "ana", "share": 0.5}])),
        (DEAL_CLOSED, deal(lines=[{"product_id": "p", "amount_minor": 1}])),
        (SURVEY_SUBMITTED, survey(score=11)),
    ],
)
def test_what_would_be_bad_again_stays_unless_forced(topic: str, event: dict[str, object]) -> None:
    letter = letter_of(came(json.dumps(event).encode(), topic))
    settings = Settings()
    sendings, staying = prepare(settings, [letter], force=False)
    assert (sendings, [each for each, _ in staying]) == ([], [letter])
    (forced,), staying = prepare(settings, [letter], force=True)
    assert forced.fault is not None
    assert forced.key == likely_key(topic, letter) == (b"d1" if topic == DEAL_CLOSED else b"ana")
    assert staying == []


def test_what_has_no_value_or_came_from_no_input_stays_even_when_forced() -> None:
    letters = [letter_of(came(None)), letter_of(came(good(), "somebody-elses"))]
    sendings, staying = prepare(Settings(), letters, force=True)
    assert sendings == []
    assert [each for each, _ in staying] == letters


def test_a_value_that_cannot_be_read_goes_back_under_the_key_it_came_with() -> None:
    assert likely_key(CALL_ENDED, letter_of(came(b"{"))) == b"the-pbx"


def test_an_event_sent_again_keeps_its_first_place_in_every_round() -> None:
    letter = letter_of(came(good()))
    for number in (1, 2, 3):
        headers = headers_to_resubmit(letter, f"run{number}")
        again = Record(CALL_ENDED, 0, 900 + number, 2 * NOON_MS, b"ana", letter.value, headers)
        letter = letter_of(again, offset=7 + number)
        assert letter.origin == (CALL_ENDED, 3, 41)
        assert letter.origin_ms == NOON_MS + 60_000
        assert letter.resubmitted == number
        assert letter.headers == []


def test_only_the_last_round_of_an_event_is_sent_again() -> None:
    first = letter_of(came(good()), at_ms=1)
    headers = headers_to_resubmit(first, "run")
    second = letter_of(Record(CALL_ENDED, 0, 900, 1, None, first.value, headers), 8, at_ms=2)
    other = letter_of(came(good(), offset=42), 9, at_ms=0)
    assert latest_of_each([second, first, other]) == [second, other]
    assert [(one.letters, one.events) for one in summarise([first, second, other])] == [(3, 2)]


def test_a_dead_sending_is_told_from_the_first_place_and_from_other_sendings() -> None:
    first = came(good())
    letter = letter_of(first)
    sent = [
        Record(CALL_ENDED, 0, 9, 1, b"ana", letter.value, headers_to_resubmit(letter, name))
        for name in ("a", "b")
    ]
    sendings = {first_place(record).sending for record in [first, *sent]}
    assert len(sendings) == 3
    said = dead_letter(sent[0], BAD)
    dead = Record(said.topic, 0, 1, 1, said.key, said.value, said.headers)
    assert first_place(dead).sending == first_place(sent[0]).sending


def test_a_forced_future_event_is_still_judged_by_its_first_place() -> None:
    ahead = call(occurred_at=iso(NOON_MS + 7 * 60_000))
    letter = letter_of(came(json.dumps(ahead).encode()))
    again = Record(
        CALL_ENDED, 0, 9, 2 * NOON_MS, b"ana", letter.value, headers_to_resubmit(letter, "a")
    )
    with pytest.raises(MalformedEvent, match="ahead of the record's"):
        decode_event(CALL_ENDED, again)


def test_every_filter_restricts_and_bounds_are_half_open() -> None:
    letter = letter_of(came(good()))
    taken = Chosen(["schema"], ["pbx"], NOON_MS, NOON_MS + 1, CALL_ENDED, 3)
    assert taken.takes(letter)
    refused = [
        Chosen(reasons=["lines"]),
        Chosen(sources=["?"]),
        Chosen(since_ms=NOON_MS + 1),
        Chosen(before_ms=NOON_MS),
        Chosen(topic=DEAL_CLOSED),
        Chosen(partition=2),
    ]
    assert not any(each.takes(letter) for each in refused)


@given(
    wanted=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=8),
    force=st.booleans(),
)
def test_a_purge_takes_the_longest_prefix_that_may_go_and_tells_what_stays(
    wanted: list[tuple[bool, bool]], force: bool
) -> None:
    letters = [letter_of(came(good(), offset=n), offset=10 + 2 * n) for n in range(len(wanted))]
    may_go = [chosen and (force or not held) for chosen, held in wanted]
    found = cut(
        letters,
        99,
        lambda one: wanted[one.origin_offset][0],
        lambda one: wanted[one.origin_offset][1],
        force,
    )
    count = next((n for n, may in enumerate(may_go) if not may), len(letters))
    assert found.going == letters[:count]
    assert found.before == (99 if count == len(letters) else letters[count].offset)
    assert (found.stays is None) == (count == len(letters))
    assert found.behind == sum(may_go[count:])
    assert found.needed == sum(chosen and held and not force for chosen, held in wanted)
    assert found.unaudited == (sum(held for _, held in wanted[:count]) if force else 0)


def test_bytes_are_shown_as_json_as_text_or_as_hex() -> None:
    assert pretty(b'{"a":1.50}') == '{\n  "a": 1.50\n}'
    assert pretty(b"{broken") == "{broken"
    assert pretty(b"\xff\x00A") == "00000000  ff 00 41" + " " * 41 + "..A"
    assert pretty(None) == "none (a tombstone)"


@pytest.mark.parametrize(
    ("topic", "older", "newer", "column"),
    [
        (CALL_ENDED, call(talk_ms=20_000), call(talk_ms=30_000), "talk_ms"),
        (SURVEY_SUBMITTED, survey(score=1), survey(score=5), "csat_rating_sum"),
        (DEAL_CLOSED, deal(amount_minor=1), deal(amount_minor=2), "revenue_net"),
    ],
)
def test_of_equal_revisions_the_later_first_place_holds_whenever_either_is_sent_again(
    topic: str, older: dict[str, object], newer: dict[str, object], column: str
) -> None:
    def counted(*sent: tuple[dict[str, object], int]) -> object:
        floor = CountedFloor("", "UTC", 400, 1)
        for event, first_ms in sent:
            value = json.dumps(event).encode()
            headers = origin_headers(Origin(topic, 3, 41, first_ms))
            key = str(event["deal_id" if topic == DEAL_CLOSED else "rep_id"]).encode()
            floor.send(topic, key, value, 2 * NOON_MS, headers)
        (row,) = floor.rows()
        return row[column]

    old, new = (older, NOON_MS), (newer, NOON_MS + 1)
    assert counted(old, new) == counted(new, old) == counted(new, old, old) == counted(new)
    assert counted(old) != counted(new)
