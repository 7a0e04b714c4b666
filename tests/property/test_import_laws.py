"""Laws of the CSV import for any cells."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from producers.csv_import import Imported, Rejected, convert_rows, parse_mapping, read_rows
from producers.csv_import.units import unit_of
from producers.kafka import key_of
from streams.core.events import EVENTS

ROOM = Path(__file__).parents[2] / "producers"
CALLS = (ROOM / "csv_import" / "examples" / "calls.toml").read_text(encoding="utf-8")
COLUMNS = ["Agent", "Number of call", "Date", "Time", "Talk", "Wrap", "Result", "Code", "Rating"]
MAPPING = parse_mapping(CALLS, {})

plausible = st.tuples(
    st.sampled_from(["r-1", "r-2", "VDAD", ""]),
    st.sampled_from(["1", "2", ""]),
    st.sampled_from(["03/08/2026", "11/01/2026", "13/01/2026", ""]),
    st.sampled_from(["01:30:00", "02:30:00", "23:59:59", "24:00:00"]),
    st.sampled_from(["0:00:00", "1:23:45", "90", ""]),
    st.sampled_from(["5", "-3", "x", ""]),
    st.sampled_from(["OK", "BUSY", "?"]),
    st.sampled_from(["SALE", "", "x" * 200]),
    st.sampled_from(["", "1", "5", "6", "good"]),
).map(list)
wild = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
tables = st.lists(plausible | wild, max_size=8)


def written(rows: list[list[str]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([COLUMNS, *rows])
    return file.getvalue().encode()


def outcomes(content: bytes) -> list[Imported | Rejected]:
    rows = read_rows(io.BytesIO(content), "f.csv", MAPPING.file, MAPPING.columns())
    return list(convert_rows(MAPPING, rows))


@given(tables)
def test_every_row_is_imported_or_rejected_with_a_reason(rows: list[list[str]]) -> None:
    found = outcomes(written(rows))
    assert len(found) == sum(bool(row) for row in rows)
    for outcome in found:
        assert outcome.events if isinstance(outcome, Imported) else outcome.reason


@given(tables)
def test_every_event_is_valid_has_its_key_and_survives_json(rows: list[list[str]]) -> None:
    for outcome in outcomes(written(rows)):
        for topic, value in outcome.events if isinstance(outcome, Imported) else ():
            event = msgspec.json.decode(msgspec.json.encode(value), type=EVENTS[topic])
            assert event == msgspec.convert(value, EVENTS[topic])
            assert key_of(topic, value) == event.rep_id


@given(tables)
def test_events_do_not_depend_on_the_order_or_the_neighbours_of_their_rows(
    rows: list[list[str]],
) -> None:
    def events(table: list[list[str]]) -> list[bytes]:
        found = outcomes(written(table))
        return sorted(
            msgspec.json.encode(event)
            for outcome in found
            if isinstance(outcome, Imported)
            for event in outcome.events
        )

    alone = sorted(event for row in rows for event in events([row]))
    assert events(rows) == alone
    assert events(rows[::-1]) == alone


@given(st.integers(0, 2**53 - 1), st.integers(0, 4), st.sampled_from([".", ","]))
def test_money_is_exact_at_any_size(minor: int, digits: int, mark: str) -> None:
    text = str(Decimal(minor).scaleb(-digits)) if digits else str(minor)
    plain = f"{Decimal(text):f}".replace(".", mark)
    assert unit_of(f"minor:{digits}", mark)(plain) == minor


@given(st.integers(0, 86_399_999))
def test_a_duration_written_as_a_clock_is_read_back(ms: int) -> None:
    minutes, rest = divmod(ms, 60_000)
    text = f"{minutes // 60}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
    assert unit_of("h:mm:ss")(text) == ms


@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2037, 1, 1)),  # noqa: DTZ001  # local times are meant
    st.sampled_from(["America/New_York", "Asia/Jerusalem", "Australia/Lord_Howe", "UTC"]),
)
def test_a_local_time_of_any_zone_becomes_that_very_instant(at: datetime, zone: str) -> None:
    mapping = parse_mapping(CALLS.replace("America/New_York", zone), {})
    at = at.replace(microsecond=0)
    row = ["r-1", "1", f"{at:%m/%d/%Y}", f"{at:%H:%M:%S}", "", "", "OK", "", ""]
    rows = read_rows(io.BytesIO(written([row])), "f.csv", mapping.file, mapping.columns())
    (outcome,) = convert_rows(mapping, rows)
    assert isinstance(outcome, Imported)
    found = datetime.fromisoformat(outcome.events[0][1]["occurred_at"])
    assert found.timestamp() == at.replace(tzinfo=ZoneInfo(zone)).timestamp()


def test_the_readme_shows_the_example_as_it_is() -> None:
    assert CALLS.rstrip() in (ROOM / "README.md").read_text(encoding="utf-8")
