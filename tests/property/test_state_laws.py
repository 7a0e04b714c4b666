"""Laws of the reps' state: whatever happens on the way, the numbers are those of a recount."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.core import segment
from streams.core.plan import Plan
from tests.builders import DAY_MS, HOUR_MS, NOON_MS, Record, call, record
from tests.property.floor_logs import ZONE, logs
from tests.property.slow_scoreboard import recount
from tests.property.state_model import by_rep, read, run

fixed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The fixture below sets the same constant for every example."""


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of three, so that short logs fill several."""
    monkeypatch.setattr(segment, "SEGMENT", 3)


@settings(fixed, max_examples=150)
@given(logs(), st.integers(0, 2**32))
def test_faults_take_overs_and_ghosts_change_no_number(log: list[Record], seed: int) -> None:
    expected = {name: total for name, total in recount(log, ZONE).items() if total}
    owner, changelog = run(Plan.empty(ZONE), log, seed)
    assert owner.cells() == expected
    assert owner.years() == by_rep(expected)
    assert read(changelog) == expected


@fixed
@given(logs(), st.integers(0, 2**32))
def test_a_changelog_is_read_in_any_order_and_any_number_of_times(
    log: list[Record], seed: int
) -> None:
    _, changelog = run(Plan.empty(ZONE), log, seed)
    assert read(changelog, Random(seed)) == read(changelog)


@fixed
@given(logs(), st.integers(0, 2**32))
def test_only_the_last_record_of_each_key_is_needed(log: list[Record], seed: int) -> None:
    _, changelog = run(Plan.empty(ZONE), log, seed)
    compacted = list(dict(changelog).items())
    assert read(compacted) == read(changelog)


@fixed
@given(logs(), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_no_number(
    log: list[Record], seed: int, order: Random
) -> None:
    shuffled = list(log)
    order.shuffle(shuffled)
    assert (
        run(Plan.empty(ZONE), shuffled, seed)[0].cells()
        == run(Plan.empty(ZONE), log, seed)[0].cells()
    )


@fixed
@given(logs(), st.integers(0, 2**32))
def test_a_segment_never_loses_an_entity(log: list[Record], seed: int) -> None:
    _, changelog = run(Plan.empty(ZONE), log, seed)
    held: dict[bytes, set[bytes]] = {}
    for key, value in changelog:
        assert value is not None
        entities = {entity for entity, _ in segment.split_segment(value)}
        assert held.get(key, set()) <= entities
        held[key] = entities


@pytest.mark.parametrize("seed", range(80))
def test_long_floors_come_to_the_recount(seed: int) -> None:
    """Longer logs than Hypothesis draws: some faults need many steps to do harm."""
    rng = Random(seed)
    log = [
        record(
            "call-ended",
            call(
                call_id=str(rng.randrange(8)),
                rep_id=rng.choice(["ana", "bo"]),
                revision=rng.randrange(2),
                at_ms=NOON_MS - rng.choice([0, 7, 9, 72]) * HOUR_MS,
                talk_ms=rng.randrange(90_000),
            ),
            offset,
        )
        for offset in range(30)
    ]
    expected = {name: total for name, total in recount(log, ZONE).items() if total}
    owner, changelog = run(Plan.empty(ZONE), log, seed)
    assert owner.cells() == expected
    assert owner.years() == by_rep(expected)
    assert read(changelog) == expected


@pytest.mark.parametrize("seed", range(60))
def test_removing_days_that_are_no_longer_kept_changes_no_other(seed: int) -> None:
    rng = Random(seed)
    log = [
        record(
            "call-ended",
            call(
                call_id=str(rng.randrange(8)),
                rep_id=rng.choice(["ana", "bo"]),
                revision=rng.randrange(2),
                # Days go by, and every few events one is late, some too late.
                at_ms=NOON_MS + (offset // 4 - rng.choice([0, 0, 1, 3, 6])) * DAY_MS,
                talk_ms=rng.randrange(90_000),
            ),
            offset,
        )
        for offset in range(40)
    ]
    days = 3
    owner, changelog = run(Plan.empty(ZONE), log, seed, days)
    owner.load(len(owner.board.unloaded))
    while owner.expire(changelog, 2):
        pass
    kept_from = owner.board.newest_day - days + 1
    expected = {
        name: total for name, total in recount(log, ZONE).items() if total and name[1] >= kept_from
    }
    assert owner.cells() == expected
    assert owner.years() == by_rep(expected)
    left = {key: value for key, value in dict(changelog).items() if value is not None}
    assert {n: t for n, t in read(list(left.items())).items() if n[1] >= kept_from} == expected
    # What a ghost has written since is the next sweep's; the owner's own view is rid of the rest.
    stored = {segment.parse_segment_key(key)[1] for key, _ in owner.board.store.scan(b"\0")}
    assert all(day >= kept_from for day in stored)
