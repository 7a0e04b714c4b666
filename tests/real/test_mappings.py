"""The public data sets through their mappings: every row is an event or rejected with a reason."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

HERE = Path(__file__).parent
BANK = "anonymous_bank_feb1999/data_anonymous_bank_february.txt"
PWC = "pwc_call_centre/Call_Center_Dataset.csv"


class Run(NamedTuple):
    """What one import wrote."""

    topics: Counter[str]
    calls: list[dict[str, Any]]
    surveys: list[dict[str, Any]]
    rejected: list[list[str]]
    said: str


def run_import(mapping: str, file: Path, folder: Path) -> Run:
    out, rejects = folder / "events.jsonl", folder / "rejected.csv"
    start = "import sys; from streams.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", start, "import", str(HERE / mapping), str(file)]
    options = ["--out", str(out), "--rejects", str(rejects)]
    run = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    lines = [msgspec.json.decode(line) for line in out.read_bytes().splitlines()]
    assert all(line["key"] == line["value"]["rep_id"] for line in lines)
    with rejects.open(newline="", encoding="utf-8") as opened:
        rejected = list(csv.reader(opened))[1:]
    return Run(
        Counter(line["topic"] for line in lines),
        [line["value"] for line in lines if line["topic"] == "call-ended"],
        [line["value"] for line in lines if line["topic"] == "survey-submitted"],
        rejected,
        run.stderr,
    )


@pytest.fixture(scope="module")
def bank_rows(real_data: Path) -> list[dict[str, str]]:
    with (real_data / BANK).open(newline="", encoding="ascii") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def bank(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_import("anonymous_bank.toml", real_data / BANK, tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module")
def pwc(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_import("pwc.toml", real_data / PWC, tmp_path_factory.mktemp("pwc"))


def test_every_real_call_is_an_event_or_rejected_with_its_reason(
    bank: Run, bank_rows: list[dict[str, str]]
) -> None:
    assert len(bank_rows) == 33_344
    assert len(bank.calls) == 26_671
    assert Counter(row[2] for row in bank.rejected) == {
        "no agent, outcome HANG": 5_904,
        "no agent, outcome AGENT": 491,
        "no agent, outcome PHANTOM": 278,
    }
    assert "33,344 rows: 26,671 events, 6,673 rejected" in bank.said


def test_no_two_real_calls_share_an_identity_though_their_call_ids_do(
    bank: Run, bank_rows: list[dict[str, str]]
) -> None:
    assert len({row["call_id"] for row in bank_rows}) == 15_516
    identities = {
        (call["source"], call["rep_id"], call["occurred_at"][:10], call["call_id"])
        for call in bank.calls
    }
    assert len(identities) == len(bank.calls)
    assert len({call["event_id"] for call in bank.calls}) == len(bank.calls)


def test_every_rejected_row_stands_on_the_line_that_is_named(
    bank: Run, bank_rows: list[dict[str, str]]
) -> None:
    for _, line, _, *cells in bank.rejected:
        row = bank_rows[int(line) - 2]  # the header is line 1
        assert list(row.values()) == cells
        assert row["server"] == "NO_SERVER"


def test_calls_end_at_their_service_end_which_may_be_after_midnight(
    bank: Run, bank_rows: list[dict[str, str]]
) -> None:
    found = {(call["rep_id"], call["call_id"]): call for call in bank.calls}
    after_midnight = no_service_times = 0
    for row in bank_rows:
        if row["server"] == "NO_SERVER":
            continue
        call = found[row["server"], f"{row['vru+line']}-{row['call_id']}-{row['date']}"]
        day = date(1900 + int(row["date"][:2]), int(row["date"][2:4]), int(row["date"][4:]))
        end = row["ser_exit"]
        if row["ser_start"] == "0:00:00":
            no_service_times += 1
            end = row["vru_exit"] if row["q_exit"] == "0:00:00" else row["q_exit"]
            assert "answered_at" not in call
        if row["vru_entry"] > "23" and end.startswith("0:"):
            after_midnight += 1
            day += timedelta(days=1)
        # February is winter time there: two hours ahead of UTC.
        assert call["occurred_at"] == f"{day}T{end:0>8}+02:00"
        assert call["talk_ms"] == int(row["ser_time"]) * 1000
        assert call["wait_ms"] == int(row["q_time"]) * 1000
        assert (call["direction"], call["result"]) == ("inbound", "answered")
    # 16 are being served at midnight, 4 are still waiting.
    assert (after_midnight, no_service_times) == (20, 50)


def test_every_row_of_calls_with_ratings_is_a_call_and_each_rating_a_survey(pwc: Run) -> None:
    assert pwc.topics == {"call-ended": 5_000, "survey-submitted": 4_054}
    assert pwc.rejected == []
    assert Counter(call["result"] for call in pwc.calls) == {"answered": 4_054, "abandoned": 946}
    assert Counter(survey["score"] for survey in pwc.surveys) == {
        1: 417,
        2: 396,
        3: 1_218,
        4: 1_180,
        5: 843,
    }
    assert all(
        (survey["metric"], survey["scale_min"], survey["scale_max"]) == ("csat", 1, 5)
        for survey in pwc.surveys
    )
    assert len({call["call_id"] for call in pwc.calls}) == 5_000


def test_a_rated_call_ends_when_waiting_and_talking_are_over(pwc: Run) -> None:
    ends = {}
    for call in pwc.calls:
        start, end = map(datetime.fromisoformat, (call["started_at"], call["occurred_at"]))
        lasted_ms = call.get("wait_ms", 0) + call.get("talk_ms", 0)
        assert end - start == timedelta(milliseconds=lasted_ms)
        ends[call["call_id"]] = call["occurred_at"]
    assert all(ends[survey["call_id"]] == survey["occurred_at"] for survey in pwc.surveys)
