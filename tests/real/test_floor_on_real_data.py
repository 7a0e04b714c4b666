"""Real calls through import, Kafka and worker: every cell equals SQL over the CSV file itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from streams.core.totals import COLUMNS
from tests.integration.floor import Floor, Row, wait_until
from tests.services.kafka import KafkaServer

HERE = Path(__file__).parent
BANK = "anonymous_bank_feb1999/data_anonymous_bank_february.txt"
PWC = "pwc_call_centre/Call_Center_Dataset.csv"

BANK_SQL = """
WITH calls AS (
    SELECT server, vru_entry, CAST(ser_time AS BIGINT) AS seconds,
        strptime('19' || "date", '%Y%m%d') AS entered,
        CASE WHEN ser_start <> '0:00:00' THEN ser_exit
             WHEN q_exit <> '0:00:00' THEN q_exit ELSE vru_exit END AS ended
    FROM read_csv($file, delim = '\t', quote = '', header = true, all_varchar = true)
    WHERE server <> 'NO_SERVER'
), dated AS (
    -- A call that ends earlier in the day than it begins has ended on the next one.
    SELECT *, CAST(entered + CASE WHEN CAST(ended AS INTERVAL) < CAST(vru_entry AS INTERVAL)
        THEN INTERVAL 1 DAY ELSE INTERVAL 0 DAY END AS DATE) AS day
    FROM calls
)
SELECT server AS rep_id, CAST(day AS VARCHAR) AS date,
    count(*) AS answered,
    count(*) AS human_answered,
    count(*) FILTER (seconds < 10) AS short_calls,
    count(*) FILTER (seconds >= 10) AS contacts,
    CAST(sum(seconds) * 1000 AS BIGINT) AS talk_ms
FROM dated GROUP BY ALL ORDER BY date, rep_id
"""

PWC_SQL = """
WITH calls AS (
    SELECT Agent AS rep_id, "Answered (Y/N)" = 'Y' AS answered,
        CAST("Satisfaction rating" AS INTEGER) AS score,
        epoch(CAST(coalesce(AvgTalkDuration, '0:00:00') AS INTERVAL)) AS talk_s,
        CAST("Date" || ' 00:00:00' AS TIMESTAMP) + CAST("Time" AS INTERVAL)
            + to_seconds(CAST(coalesce("Speed of answer in seconds", '0') AS INTEGER))
            + CAST(coalesce(AvgTalkDuration, '0:00:00') AS INTERVAL) AS ended
    FROM read_csv($file, header = true, all_varchar = true)
)
SELECT rep_id, CAST(CAST(ended AS DATE) AS VARCHAR) AS date,
    count(*) FILTER (answered) AS answered,
    count(*) FILTER (answered) AS human_answered,
    count(*) FILTER (answered AND talk_s < 10) AS short_calls,
    count(*) FILTER (answered AND talk_s >= 10) AS contacts,
    CAST(sum(talk_s) FILTER (answered) * 1000 AS BIGINT) AS talk_ms,
    count(score) AS surveys,
    count(score) AS csat_responses,
    count(score) FILTER (score >= 4) AS csat_satisfied,
    sum(score) || '.0000' AS csat_rating_sum
FROM calls GROUP BY ALL HAVING count(*) FILTER (answered) + count(score) > 0 ORDER BY date, rep_id
"""

NOTHING: Row = dict.fromkeys(COLUMNS, 0) | {
    "team_id": "unassigned",
    **dict.fromkeys(
        ("deals_gross", "deals_reversed", "deals_net", "csat_rating_sum", "new_customers"), "0.0000"
    ),
    **{name: {} for name in ("revenue_gross", "revenue_reversed", "revenue_net", "products")},
}


@pytest.fixture
def make_floor(kafka: KafkaServer, tmp_path: Path) -> Iterator[Callable[..., Floor]]:
    floors: list[Floor] = []

    def make(**settings: str) -> Floor:
        floors.append(Floor(kafka, tmp_path, **settings))
        return floors[-1]

    yield make
    for floor in floors:
        floor.close()


def recount(sql: str, file: Path) -> list[Row]:
    """Rows as `totals` prints them, every column of them, out of the file."""
    found = duckdb.execute(sql, {"file": str(file)})
    names = [column[0] for column in found.description]
    return [NOTHING | dict(zip(names, row, strict=True)) for row in found.fetchall()]


def run_import(floor: Floor, mapping: str, file: Path) -> str:
    done = floor.run("import", str(HERE / mapping), str(file), "--kafka")
    assert done.exit_code == 0, done.output
    return done.output


def parts(file: Path, folder: Path, *, shuffled: bool = False) -> list[Path]:
    """The two halves of a CSV file, each with its header."""
    header, *rows = file.read_bytes().splitlines(keepends=True)
    if shuffled:
        Random(5).shuffle(rows)
    halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    made = []
    for number, half in enumerate(halves):
        made.append(folder / f"{'shuffled' if shuffled else 'plain'}-{number}.csv")
        made[-1].write_bytes(b"".join([header, *half]))
    return made


def consumed(floor: Floor) -> Any:
    """How many events the floor's worker has read."""
    return floor.workers["a"].by_topic("floorcast_events_consumed_total").total()


def test_a_month_of_a_bank_counts_as_its_file_however_often_it_is_imported(
    make_floor: Callable[..., Floor], real_data: Path, tmp_path: Path
) -> None:
    expected = recount(BANK_SQL, real_data / BANK)
    assert sum(row["answered"] for row in expected) == 26_671
    floor = make_floor(zone="Asia/Jerusalem")
    worker = floor.worker("a")
    first, second = parts(real_data / BANK, tmp_path)
    said = run_import(floor, "anonymous_bank.toml", first)
    wait_until(lambda: consumed(floor))
    worker.kill()
    said += run_import(floor, "anonymous_bank.toml", second)
    worker.start()
    floor.settle()
    assert said.count("no agent, outcome HANG") == 2
    assert floor.totals() == expected

    for half in parts(real_data / BANK, tmp_path, shuffled=True):
        run_import(floor, "anonymous_bank.toml", half)
    floor.settle()
    assert floor.totals() == expected
    assert worker.by_topic("floorcast_events_duplicate_total").total() >= 26_671
    floor.audit()


def test_three_months_of_rated_calls_count_as_their_file_however_often_they_are_imported(
    make_floor: Callable[..., Floor], real_data: Path, tmp_path: Path
) -> None:
    expected = recount(PWC_SQL, real_data / PWC)
    assert sum(row["surveys"] for row in expected) == 4_054
    floor = make_floor(zone="Europe/Zurich")
    worker = floor.worker("a")
    first, second = parts(real_data / PWC, tmp_path)
    run_import(floor, "pwc.toml", first)
    wait_until(lambda: consumed(floor))
    worker.kill()
    run_import(floor, "pwc.toml", second)
    worker.start()
    floor.settle()
    assert floor.totals() == expected

    for half in parts(real_data / PWC, tmp_path, shuffled=True):
        run_import(floor, "pwc.toml", half)
    floor.settle()
    assert floor.totals() == expected
    floor.audit()
