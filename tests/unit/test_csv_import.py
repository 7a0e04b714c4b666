"""What a mapping makes of rows, and what it says of rows and mappings that are wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from producers.csv_import import Imported, MappingError, Rejected, convert_rows, parse_mapping
from producers.csv_import.rejects import RejectWriter
from producers.csv_import.rows import UnreadableFile, read_rows

EXAMPLES = Path(__file__).parents[2] / "producers" / "csv_import" / "examples"

HEAD = """
zone = "Europe/Berlin"
[[event]]
topic = "call-ended"
[event.fields]
source = "pbx"
direction = "outbound"
result = "answered"
rep_id = { column = "rep" }
call_id = { column = "id" }
"""
AT = 'occurred_at = { at = "end" }\n'


def outcomes(
    mapping: str, text: str | bytes, environ: dict[str, str] | None = None
) -> list[Imported | Rejected]:
    rules = parse_mapping(mapping, environ or {})
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return list(convert_rows(rules, read_rows(file, "f.csv", rules.file, rules.columns())))


def values(mapping: str, text: str | bytes, **environ: str) -> list[dict[str, Any]]:
    found = []
    for outcome in outcomes(mapping, text, environ):
        assert isinstance(outcome, Imported), outcome
        found += [value for _, value in outcome.events]
    return found


def value(mapping: str, text: str | bytes, **environ: str) -> dict[str, Any]:
    (one,) = values(mapping, text, **environ)
    return one


def reason(mapping: str, text: str | bytes) -> tuple[int, str]:
    (one,) = outcomes(mapping, text)
    assert isinstance(one, Rejected)
    return one.line, one.reason


def problems(mapping: str) -> tuple[str, ...]:
    with pytest.raises(MappingError) as raised:
        parse_mapping(mapping, {}, "m.toml")
    return raised.value.problems


def test_columns_become_fields_and_constants_are_the_same_in_every_row() -> None:
    rows = "rep,id,end\nr-1,c-1,2026-03-02T10:00:00Z\nr-2, c-2 ,2026-03-02T10:00:00Z\n"
    first, second = values(HEAD + AT, rows)
    assert (first["rep_id"], first["call_id"], first["source"]) == ("r-1", "c-1", "pbx")
    assert (second["rep_id"], second["call_id"], second["source"]) == ("r-2", "c-2", "pbx")


def test_the_same_row_makes_the_same_event_id_and_another_row_another() -> None:
    rows = "rep,id,end\nr-1,c-1,2026-03-02T10:00:00Z\nr-1,c-2,2026-03-02T10:00:00Z\n"
    ids = [one["event_id"] for one in values(HEAD + AT, rows)]
    assert ids == [one["event_id"] for one in values(HEAD + AT, rows)]
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("rule", "header", "cells", "instant"),
    [
        ('{ at = "e" }', "e", "2026-03-02T10:00:00+05:30", "2026-03-02T10:00:00+05:30"),
        ('{ at = "e" }', "e", "2026-03-02 10:00:00", "2026-03-02T10:00:00+01:00"),
        ('{ at = "e", zone = "Asia/Tokyo" }', "e", "2026-03-02", "2026-03-02T00:00:00+09:00"),
        (
            '{ at = "e", format = "%d.%m.%y %H:%M" }',
            "e",
            "2.7.26 9:05",
            "2026-07-02T09:05:00+02:00",
        ),
        (
            '{ at = "e", format = "epoch_s" }',
            "e",
            "1772445600.5",
            "2026-03-02T10:00:00.500000+00:00",
        ),
        ('{ at = "e", format = "epoch_ms" }', "e", "1772445600000", "2026-03-02T10:00:00+00:00"),
        ('{ at = ["e", "f"] }', "e,f", ",2026-03-02T10:00:00Z", "2026-03-02T10:00:00+00:00"),
        ('{ date = "e", time = "f" }', "e,f", "2026-03-02,10:00:00", "2026-03-02T10:00:00+01:00"),
        # The clocks go forward at 2:00 on 2026-03-29; 90 minutes after 1:00 it is 3:30.
        (
            '{ date = "e", time = "f", plus = [{ column = "g", unit = "min" }] }',
            "e,f,g",
            "2026-03-29,01:00:00,90",
            "2026-03-29T03:30:00+02:00",
        ),
        # They go back at 3:00 on 2026-10-25: 2:30 comes twice, the first is meant.
        ('{ date = "e", time = "f" }', "e,f", "2026-10-25,02:30:00", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_instants_come_out_of_every_form(rule: str, header: str, cells: str, instant: str) -> None:
    mapping = HEAD + f"occurred_at = {rule}\n"
    assert value(mapping, f"rep,id,{header}\nr-1,c-1,{cells}\n")["occurred_at"] == instant


@pytest.mark.parametrize(
    ("start", "end", "day"),
    [
        ("23:50:00", "23:59:59", "02"),
        ("23:50:00", "00:00:01", "03"),
        # Clocks that disagree by a minute are no midnight.
        ("10:00:57", "10:00:00", "02"),
    ],
)
def test_a_time_far_before_an_earlier_one_is_of_the_next_day(
    start: str, end: str, day: str
) -> None:
    mapping = HEAD + 'occurred_at = { date = "d", time = "e", next_day_after = "s" }\n'
    found = value(mapping, f"rep,id,d,s,e\nr-1,c-1,2026-03-02,{start},{end}\n")
    assert found["occurred_at"] == f"2026-03-{day}T{end}+01:00"


@pytest.mark.parametrize(
    ("rule", "text", "ms"),
    [
        ('unit = "ms"', "1500", 1500),
        ('unit = "s"', "1.5", 1500),
        ('unit = "s"', "0.0005", 1),
        ('unit = "min"', "2", 120_000),
        ('unit = "h:mm:ss"', "0:02:23", 143_000),
        ('unit = "h:mm:ss"', "2:23", 143_000),
        ('unit = "h:mm:ss"', "13:00:00.25", 46_800_250),
        ('unit = "s", at_least = 0', "-57", 0),
        ('unit = "s", empty = ["-"], default = 7', "-", 7),
        ("values = { short = 1000 }, other = 60000", "long", 60_000),
    ],
)
def test_durations_become_milliseconds(rule: str, text: str, ms: int) -> None:
    mapping = HEAD + AT + f'talk_ms = {{ column = "t", {rule} }}\n'
    found = value(mapping, f"rep,id,end,t\nr-1,c-1,2026-03-02T10:00:00Z,{text}\n")
    assert found["talk_ms"] == ms
    assert isinstance(found["talk_ms"], int)


def test_an_empty_cell_leaves_its_field_out() -> None:
    mapping = HEAD + AT + 'talk_ms = { column = "t", unit = "s" }\n'
    found = value(mapping, "rep,id,end,t\nr-1,c-1,2026-03-02T10:00:00Z,\n")
    assert "talk_ms" not in found


def test_ids_are_composed_of_several_columns() -> None:
    mapping = HEAD.replace('{ column = "id" }', '{ template = "{line 1}/{id}-x" }') + AT
    found = value(mapping, "rep,id,end,line 1\nr-1,7,2026-03-02T10:00:00Z,AA\n")
    assert found["call_id"] == "AA/7-x"


def test_the_example_of_deals_gives_lines_exact_money_and_a_keyed_customer() -> None:
    mapping = (EXAMPLES / "deals.toml").read_text(encoding="utf-8")
    rows = (
        "Order;Status;Closed;Changed;Rep;Product;Quantity;Amount;Refunded;Customer\n"
        "o-1;Signed;02.03.2026 10:00;;r-1;Tür;2;1234,5;;Müller\n"
        "o-1;Refunded;02.03.2026 10:00;04.03.2026 09:30;r-1;Tür;2;1234,50;0,05;Müller\n"
        "o-2;Draft;02.03.2026 10:00;;r-1;Tür;2;1;;Müller\n"
    ).encode("cp1252")
    won, refunded, draft = outcomes(mapping, rows, {"CRM_HASH_KEY": "k"})
    assert isinstance(won, Imported)
    assert isinstance(refunded, Imported)
    (topic, first), (_, second) = won.events[0], refunded.events[0]
    assert topic == "deal-closed"
    assert first["amount_minor"] == 123_450
    assert first["lines"] == [{"product_id": "Tür", "quantity": 2.0, "amount_minor": 123_450}]
    assert first["occurred_at"] == first["closed_at"] == "2026-03-02T10:00:00+01:00"
    assert second["occurred_at"] == "2026-03-04T09:30:00+01:00"
    assert second["reversed_minor"] == 5
    assert first["customer_id"] == second["customer_id"]
    assert "Müller" not in first["customer_id"]
    assert draft == Rejected(4, draft.cells, "not a sale: Draft", "not a sale: Draft", meant=True)  # type: ignore[union-attr] # a rejected row has cells


def test_one_row_gives_several_events_each_under_its_condition() -> None:
    mapping = (
        HEAD
        + AT
        + """
[[event]]
topic = "survey-submitted"
when = { kind = ["a", "b"] }
unless = { score = "" }
[event.fields]
source = "ivr"
rep_id = { column = "rep" }
response_id = { column = "id" }
occurred_at = { at = "end" }
metric = "csat"
score = { column = "score", unit = "number" }
scale_min = 1
scale_max = 5
"""
    )
    rows = "rep,id,end,kind,score\n" + "".join(
        f"r-1,c-{number},2026-03-02T10:00:00Z,{kind},{score}\n"
        for number, (kind, score) in enumerate([("a", "5"), ("b", ""), ("c", "4")])
    )
    found = outcomes(mapping, rows)
    assert [len(one.events) for one in found if isinstance(one, Imported)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("rule", "text", "said"),
    [
        ('talk_ms = { column = "x", unit = "s" }', "soon", "talk_ms: must be a number, not 'soon'"),
        ('talk_ms = { column = "x", unit = "s" }', "-1", "talk_ms: Expected `int` >= 0, not '-1'"),
        ('ring_ms = { column = "x", unit = "integer" }', "1.5", "ring_ms: must be a whole number"),
        ('queue_id = { column = "x", values = { A = "a" } }', "B", "queue_id: must be one of A"),
        ('started_at = { at = "x" }', "noon", "started_at: must be a time of the form iso"),
        ('wrap_ms = { column = "x", unit = "h:mm:ss" }', "1:99", "wrap_ms: must be a duration"),
        ('answered_by = { column = "x" }', "robot", "answered_by: Invalid enum value 'robot'"),
    ],
)
def test_a_wrong_cell_is_reported_with_line_field_and_text(rule: str, text: str, said: str) -> None:
    mapping = HEAD + AT + rule + "\n"
    line, found = reason(mapping, f"rep,id,end,x\nr-1,c-1,2026-03-02T10:00:00Z,{text}\n")
    assert line == 2
    assert found.startswith(said)
    assert repr(text) in found


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (",c-1,2026-03-02T10:00:00Z", "rep_id: is required and column rep is empty"),
        ("r-1,c-1,1980-03-02T10:00:00Z", "occurred_at: `occurred_at` is 1980"),
        ("r-1,c-1", "has 2 cells, the header has 3"),
        ("r-1,c-1,2026-03-02T10:00:00Z,more", "has 4 cells, the header has 3"),
    ],
)
def test_a_row_that_no_worker_would_count_is_rejected(cells: str, said: str) -> None:
    assert reason(HEAD + AT, f"rep,id,end\n{cells}\n")[1].startswith(said)


def test_a_wrong_row_gives_none_of_its_events_and_its_neighbours_go_on() -> None:
    rows = "rep,id,end\nr-1,c-1,2026-03-02T10:00:00Z\nr-1,c-2,x\nr-1,c-3,2026-03-02T10:00:00Z\n"
    kinds = [type(outcome) for outcome in outcomes(HEAD + AT, rows)]
    assert kinds == [Imported, Rejected, Imported]


def test_bytes_of_another_encoding_reject_their_row_only() -> None:
    rows = b"rep,id,end\nr-\xff,c-1,2026-03-02T10:00:00Z\nr-1,c-2,2026-03-02T10:00:00Z\n"
    first, second = outcomes(HEAD + AT, rows)
    assert isinstance(first, Rejected)
    assert first.reason == "has bytes that are not utf-8-sig"
    assert isinstance(second, Imported)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_and_a_byte_order_mark_are_read(newline: str) -> None:
    rows = newline.join(["\ufeffrep,id,end", "r-1,c-1,2026-03-02T10:00:00Z", "", ""])
    assert value(HEAD + AT, rows)["rep_id"] == "r-1"


def test_files_without_header_and_with_lines_before_it_are_read() -> None:
    options = (
        '[file]\ncolumns = ["rep", "id", "end"]\nskip_lines = 2\ndelimiter = "|"\nquote = ""\n'
    )
    mapping = HEAD.replace("[[event]]", options + "[[event]]", 1) + AT
    (only,) = outcomes(mapping, 'report of May\n\nr-1|"c|2026-03-02T10:00:00Z\n')
    assert isinstance(only, Imported)
    assert only.line == 3
    assert only.events[0][1]["call_id"] == '"c'


def test_the_line_number_is_that_of_the_file_when_cells_hold_line_ends() -> None:
    rows = 'rep,id,end\nr-1,"c\n1",2026-03-02T10:00:00Z\nr-1,c-2,x\n'
    assert [outcome.line for outcome in outcomes(HEAD + AT, rows)] == [3, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [("a,b\n1,2\n", "f.csv: has no column end, id, rep"), ("", "f.csv: is empty")],
)
def test_a_file_without_the_needed_columns_is_refused_as_a_whole(text: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        outcomes(HEAD + AT, text)


def test_every_problem_of_a_mapping_is_named_at_once_with_the_nearest_name() -> None:
    found = problems(
        HEAD.replace("rep_id =", "rep =").replace('"Europe/Berlin"', '"Berlin"')
        + AT
        + 'talk_ms = { column = "t", unit = "seconds" }\n'
        + 'wrap_ms = { colum = "t" }\n'
        + 'hold_ms = { column = "a", template = "b" }\n'
        + 'ring_ms = "long"\n'
        + 'customer_id = { column = "c", keyed_hash = "NO_SUCH_KEY" }\n'
        + 'lead_id = [{ column = "c" }]\n'
    )
    place = "m.toml: event 1 (call-ended): "
    wanted = [
        "rep: no such field; did you mean rep_id?",
        "occurred_at: zone: 'Berlin' is no IANA zone, like Europe/Berlin",
        "talk_ms: unit: 'seconds' is no unit; there are text,",
        "wrap_ms: Object contains unknown field `colum`",
        "hold_ms: needs exactly one of",
        "ring_ms: 'long': Expected `int`",
        "customer_id: keyed_hash: set the environment variable NO_SUCH_KEY",
        "lead_id: is no list",
        "rep_id: is required and has no rule",
    ]
    assert len(found) == len(wanted)
    for said in wanted:
        assert any(problem.startswith(place + said) for problem in found), (said, found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zone = ", "m.toml: "),
        ("[file]\ndelimitr = 1\n[[event]]", "m.toml: Object contains unknown field `delimitr`"),
        ("event = []", "m.toml: event: there must be at least one"),
        ('[[event]]\ntopic = "calls"\nfields = {}', "m.toml: event 1 (calls): no such topic"),
        (
            HEAD.replace('zone = "Europe/Berlin"', "") + AT,
            "m.toml: event 1 (call-ended): occurred_at",
        ),
    ],
)
def test_a_mapping_that_is_none_is_refused_in_one_line(text: str, said: str) -> None:
    (found,) = problems(text)
    assert found.startswith(said)
    assert "\n" not in found


def test_rejected_rows_are_written_with_line_reason_and_their_cells() -> None:
    rows = b'rep,id,end\n,"c,1",x\nr-\xff,c-2,y\n'
    file = io.StringIO(newline="")
    writer = RejectWriter(file)
    for outcome in outcomes(HEAD + AT, rows):
        assert isinstance(outcome, Rejected)
        writer.write("f.csv", outcome)
    head, first, second = csv.reader(file.getvalue().splitlines())
    assert head == ["file", "line", "reason", "cells"]
    assert first[:2] == ["f.csv", "2"]
    assert first[3:] == ["", "c,1", "x"]
    assert second[1:] == ["3", "has bytes that are not utf-8-sig", "r-\\xff", "c-2", "y"]
