"""What an audit says: the same findings for people, as JSON and for Prometheus."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry

from streams.cli.audit_metrics import AuditMetrics
from streams.cli.audit_run import Findings
from streams.cli.audit_words import as_object, in_words
from streams.core.clock import ManualClock
from streams.recount.compare import Comparison, Difference
from streams.recount.load import Unreadable

NOTHING = Findings({}, {}, [], None, 0, 0, {})
RIGHT = NOTHING._replace(comparison=Comparison(14, 378, []), in_flight=1_200)


def wrong(versions: int = 1) -> Findings:
    """A call counted otherwise, of which there are so many versions, and one nobody sent."""
    state = {"revision": 9, "origin_ms": 1_790_251_200_000, "origin_offset": 47}
    events: list[dict[str, Any]] = [
        {
            "kind": "call",
            "source": "pbx",
            "id": "7",
            "where": "counted otherwise",
            "op": "upsert",
            "revision": number,
            "at_ms": 1_790_251_200_000,
            "topic": "call-ended",
            "partition": 3,
            "offset": number,
            "cells": {"dials": [1, 0]},
            "held": state,
        }
        for number in range(versions)
    ]
    made_up: dict[str, Any] = {"kind": "call", "source": "pbx", "id": "x", "topic": "call-ended"}
    made_up |= {"where": "only in the state", "cells": {"dials": [None, 1]}, "held": state}
    return NOTHING._replace(
        comparison=Comparison(14, 378, [Difference("ann", "2026-03-02", "dials", 2, 1)]),
        events={"ann 2026-03-02": [*events, made_up]},
    )


def test_a_right_floor_is_two_lines_of_which_the_last_is_the_sum() -> None:
    assert in_words(RIGHT) == [
        "1,200 calls, deals, surveys and visits left out: in flight",
        "378 cells of 14 rep-days compared, 0 differ",
    ]
    assert RIGHT.clean
    assert as_object(RIGHT)["in_flight"] == 1_200


def test_a_difference_names_the_events_their_places_and_what_is_wrong_about_them() -> None:
    assert in_words(wrong()) == [
        "differs: ann 2026-03-02 dials: recounted 2, totals 1",
        "look at, of ann 2026-03-02:",
        "  call pbx 7: counted otherwise; dials: recounted 1, totals 0; "
        "the state has revision 9, logged 2026-09-24T12:00:00.000+00:00 at offset 47",
        "    call-ended:3 offset 0: upsert, revision 0, 2026-09-24T12:00:00.000+00:00",
        "  call pbx x: only in the state; dials 1; "
        "the state has revision 9, logged 2026-09-24T12:00:00.000+00:00 at offset 47",
        "378 cells of 14 rep-days compared, 1 differ",
    ]


def test_of_many_versions_the_last_are_shown_and_the_others_counted() -> None:
    lines = in_words(wrong(versions=12))
    assert "    7 earlier events, and" in lines
    assert sum("offset 1" in line and "call-ended:3" in line for line in lines) == 2
    assert len(as_object(wrong(versions=12))["events"]["ann 2026-03-02"]) == 13


def exported(metrics: AuditMetrics) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(metrics)
    prefix = "floorcast_audit_"
    return {
        sample.name.removeprefix(prefix): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def test_what_is_not_known_is_not_exported_but_that_nothing_has_succeeded_is() -> None:
    assert exported(AuditMetrics(ManualClock(5_000), 600)) == {
        "interval_seconds": 600,
        "last_success_timestamp_seconds": 0,
        "failures_total": 0,
    }


def test_an_audit_that_cannot_be_made_keeps_the_numbers_and_lets_them_grow_old() -> None:
    clock = ManualClock(5_000)
    metrics = AuditMetrics(clock, 600)
    metrics.made(wrong(), 1.5)
    clock.set(65_000)
    metrics.failed()
    metrics.made(NOTHING._replace(behind={"call-ended:0": 7}), 30.0)
    found = exported(metrics)
    assert (found["cells_differing"], found["cells_compared"]) == (1, 378)
    assert found["last_success_timestamp_seconds"] == 5
    assert found["failures_total"] == 2
    assert (found["lag_events"], found["duration_seconds"]) == (7, 30)
    metrics.made(RIGHT, 1.0)
    found = exported(metrics)
    assert (found["cells_differing"], found["entities_in_flight"]) == (0, 1_200)
    assert found["last_success_timestamp_seconds"] == 65
    assert found["lag_events"] == 0


def test_what_cannot_be_read_or_is_gone_is_exported_too() -> None:
    metrics = AuditMetrics(ManualClock(5_000), 600)
    metrics.made(RIGHT._replace(not_auditable=7, removed={"a:0": 3}), 1.0)
    assert exported(metrics)["entities_not_auditable"] == 7
    metrics.made(RIGHT._replace(unreadable=[Unreadable("call-ended", 0, 9, (0, 9, b""))]), 1.0)
    assert exported(metrics)["unreadable_events"] == 1
