"""One worker, a floor as it really is: every number is right, and nothing bad holds it up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from producers.simulator import plan_text
from streams.core.clock import SystemClock
from streams.core.codec import ORIGIN_OFFSET, ORIGIN_PARTITION, ORIGIN_TIMESTAMP, ORIGIN_TOPIC
from streams.core.snapshot import RepSnapshot, decode_rep_snapshot
from streams.core.tally import Tally
from streams.core.totals import COLUMNS as TOTAL_COLUMNS
from streams.topics import MISROUTED, MISROUTED_DEALS, REP_SCOREBOARD, dead_letter, inputs
from tests.integration.floor import Floor, FloorWorker, Row, wait_until
from tests.integration.mixed_events import (
    PROFILE,
    Poison,
    Sending,
    events_now,
    mixed_events,
    sendings,
)
from tests.integration.recount_calls import COLUMNS, recount_calls
from tests.services.kafka import KafkaServer

OUTCOMES = ("accepted", "revised", "duplicate", "expired", "misrouted", "dead_lettered")


class Counted(NamedTuple):
    """A floor after its one worker has counted everything."""

    floor: Floor
    worker: FloorWorker
    plan: str
    good: list[Sending]
    poisons: list[Poison]
    totals: list[Row]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("plan") / "plan.toml"
    file.write_text(plan_text(PROFILE), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def counted(
    kafka: KafkaServer, tmp_path_factory: pytest.TempPathFactory, plan: Path
) -> Iterator[Counted]:
    floor = Floor(kafka, tmp_path_factory.mktemp("counts"), plan=str(plan))
    events = list(mixed_events(48))
    now = list(events_now(SystemClock().now_ms()))
    worker = floor.worker("a")
    floor.send([*sendings(iter(events)), *now])
    floor.settle()
    good = [event for event in events if isinstance(event, Sending)]
    poisons = [event for event in events if isinstance(event, Poison)]
    yield Counted(floor, worker, plan.read_text("utf-8"), good + now, poisons, floor.totals())
    floor.close()


def test_every_cell_equals_the_recount_of_the_raw_topics(counted: Counted) -> None:
    findings = counted.floor.audit()
    assert findings["rep_days"] == len(counted.totals) >= 3 * len(PROFILE.reps)
    assert findings["cells"] > 30 * len(counted.totals)


def test_calls_equal_a_count_of_what_was_sent(counted: Counted) -> None:
    expected = recount_calls(counted.good, counted.plan)
    rows = {(row["rep_id"], row["date"]): row for row in counted.totals}
    assert expected.keys() <= rows.keys()
    for at, row in rows.items():
        assert {name: row[name] for name in COLUMNS} == {
            name: expected[at][name] for name in COLUMNS
        }, at


def test_poison_becomes_dead_letters_that_hold_it_whole_and_say_why_and_where(
    counted: Counted,
) -> None:
    floor = counted.floor
    kinds = inputs(floor.settings)
    sent = {(r.topic, r.partition, r.offset): r for r in floor.read(*kinds)}
    said: dict[bytes, tuple[str, str, str]] = {}
    for letter in floor.read(*map(dead_letter, [*kinds, MISROUTED, MISROUTED_DEALS])):
        headers = dict(letter.headers)
        partition, offset = int(headers[ORIGIN_PARTITION]), int(headers[ORIGIN_OFFSET])
        origin = sent[headers[ORIGIN_TOPIC].decode(), partition, offset]
        assert (letter.key, letter.value) == (origin.key, origin.value)
        assert int(headers[ORIGIN_TIMESTAMP]) == origin.timestamp
        assert headers["floorcast-message"]
        reason, path = headers["floorcast-reason"].decode(), headers["floorcast-path"].decode()
        assert letter.value is not None
        assert letter.value not in said
        said[letter.value] = (origin.topic, reason, path)
    assert said == {
        p.sending.value: (floor.settings.topic(p.sending.topic), p.reason, p.path)
        for p in counted.poisons
    }
    assert len({poison.reason for poison in counted.poisons}) > 6  # of the ten there are


def test_every_event_read_has_exactly_one_outcome(counted: Counted) -> None:
    worker = counted.worker
    consumed = worker.by_topic("floorcast_events_consumed_total")
    outcomes = sum(
        (worker.by_topic(f"floorcast_events_{name}_total") for name in OUTCOMES), Counter[str]()
    )
    assert outcomes == consumed
    there: Counter[str] = Counter()
    for record in counted.floor.read(*inputs(counted.floor.settings), MISROUTED, MISROUTED_DEALS):
        there[record.topic] += 1
    assert there.items() <= consumed.items()
    misrouted = worker.by_topic("floorcast_events_misrouted_total")
    assert misrouted.total() == sum(
        there[counted.floor.settings.topic(t)] for t in (MISROUTED, MISROUTED_DEALS)
    )
    assert misrouted.total() > 100  # of thousands, some of every topic
    assert misrouted.keys() >= {
        counted.floor.settings.topic(t) for t in inputs(counted.floor.settings)
    }


def test_snapshots_agree_with_totals_on_the_rep_s_own_day(counted: Counted) -> None:
    rows = {(row["rep_id"], row["date"]): row for row in counted.totals}

    def all_agree() -> bool:
        latest: dict[str, RepSnapshot] = {}
        for record in counted.floor.read(REP_SCOREBOARD):
            assert record.key is not None
            assert record.value is not None
            latest[record.key.decode()] = decode_rep_snapshot(record.value)
        assert latest.keys() <= {rep.id for rep in PROFILE.reps}
        return len(latest) == len(PROFILE.reps) and all(
            _columns(one.windows["today"])
            == _of_row(rows.get((rep, one.date)), one.windows["today"])
            for rep, one in latest.items()
        )

    wait_until(all_agree)
    assert any(row["dials"] for (_, date), row in rows.items() if date > "2025-03-08")


def test_a_worker_that_keeps_its_state_in_memory_counts_the_same(
    counted: Counted, kafka: KafkaServer, tmp_path: Path, plan: Path
) -> None:
    floor = Floor(kafka, tmp_path, plan=str(plan), store="memory")
    try:
        floor.worker("a", wait=False)
        topics = inputs(counted.floor.settings)
        by_topic = defaultdict(list)
        for record in counted.floor.read(*topics):
            name = record.topic.removeprefix(counted.floor.settings.topic_prefix)
            key = record.key.decode() if record.key is not None else None
            by_topic[name].append(Sending(name, key, record.value or b""))
        # Topic by topic: what belongs together comes in another order than it did.
        for name in topics:
            floor.send(by_topic[name])
        floor.settle()
        assert floor.totals() == counted.totals
    finally:
        floor.close()


def _columns(tally: Tally) -> dict[str, object]:
    """Columns of totals, out of a snapshot."""
    found: dict[str, object] = {
        name: getattr(tally, name) for name in TOTAL_COLUMNS if hasattr(tally, name)
    }
    found["deals_gross"] = tally.deals_gross_bp
    found["csat_rating_sum"] = tally.csat_rating_e4
    found["revenue_gross"] = {
        currency: sum(gross for gross, _ in products.values())
        for currency, products in tally.money.items()
    }
    return found


def _of_row(row: Row | None, tally: Tally) -> dict[str, object]:
    """The same columns, out of a row of totals; no row is a day of zeros."""
    if row is None:
        return _columns(Tally())
    found = {name: row[name] for name in TOTAL_COLUMNS if hasattr(tally, name)}
    found["deals_gross"] = int(Decimal(row["deals_gross"]) * 10_000)
    found["csat_rating_sum"] = int(Decimal(row["csat_rating_sum"]) * 10_000)
    found["revenue_gross"] = row["revenue_gross"]
    return found
