"""The doctor's rules: what was found decides, and no check can stop another."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import Any

import click
import pytest
from click.testing import CliRunner
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME

from streams.cli.doctor_checks.alerts import LATE_MS, judge_clocks
from streams.cli.doctor_checks.around import judge_prometheus, judge_redis
from streams.cli.doctor_checks.brokers import judge_clock
from streams.cli.doctor_checks.events import (
    event_times,
    judge_dispositions,
    judge_ids,
    judge_reps,
    judge_shares,
    judge_sources,
    unmapped_calls,
)
from streams.cli.doctor_checks.finding import Check, Finding, listed, run_checks
from streams.cli.doctor_checks.recent import Share
from streams.cli.doctor_checks.topics import RULES, Found, retention
from streams.cli.doctor_checks.workers import judge_lag, judge_stops, judge_workers
from streams.cli.main import cli
from streams.core.alerts.clocks import PartitionClock, StageClock
from streams.core.changelog import ChangelogReader
from streams.core.errors import PlanError
from streams.core.plan import Plan, parse_plan
from streams.core.stop import InputState
from streams.settings import Settings
from streams.topics import all_topics
from tests.builders import DAY_MS, HOUR_MS, NOON_MS, call, deal
from tests.property.counted_floor import CountedFloor

MINUTE_MS = 60_000
PLAN = """
[sites.s]
zone = "UTC"
[teams.t]
site = "s"
[[roster]]
rep = "ana"
team = "t"
[dispositions]
SALE = ["positive"]
"""


def one(findings: Any) -> Finding:
    """The only finding."""
    (found,) = findings
    assert isinstance(found, Finding)
    return found


def counted(*events: dict[str, Any]) -> ChangelogReader:
    """The state that these calls and deals leave."""
    floor = CountedFloor(PLAN, "UTC", 400, 10)
    for event in events:
        topic = "deal-closed" if "deal_id" in event else "call-ended"
        key = event.get("deal_id", event["rep_id"])
        floor.send(topic, key.encode(), json.dumps(event).encode(), 2 * NOON_MS)
    floor.rows()
    reader = ChangelogReader()
    for partition, segment_key, segment in floor.segments:
        reader.add(partition, segment_key, segment)
    return reader


# -- running


def test_a_check_that_breaks_or_hangs_says_so_and_the_others_go_on() -> None:
    forever = threading.Event()

    def hangs() -> list[Finding]:
        forever.wait()
        return []

    def breaks() -> list[Finding]:
        raise LookupError

    def refuses() -> list[Finding]:
        raise click.ClickException("Kafka: no")

    def plan() -> list[Finding]:
        raise PlanError(["one", "two"])

    checks = [
        Check("first", lambda: [Finding("first", "ok", "")]),
        *(Check(look.__name__, look) for look in (hangs, breaks, refuses, plan)),
        Check("last", lambda: [Finding("last", "ok", "fine")]),
    ]
    found = run_checks(checks, 0.2)
    forever.set()
    assert [(f.check, f.status) for f in found] == [
        ("first", "ok"),
        ("hangs", "fail"),
        ("breaks", "fail"),
        ("refuses", "fail"),
        ("plan", "fail"),
        ("plan", "fail"),
        ("last", "ok"),
    ]
    assert "not done within 0.2 s" in found[1].found
    assert found[3].found == "cannot be checked: Kafka: no"


def test_without_a_broker_only_what_needs_none_is_looked_at() -> None:
    checks = [
        Check("brokers", lambda: [Finding("brokers", "fail", "none")]),
        Check("topics", lambda: [Finding("topics", "ok", "")]),
        Check("plan", lambda: [Finding("plan", "ok", "")], kafka=False),
    ]
    assert [f.status for f in run_checks(checks, 1)] == ["fail", "skipped", "ok"]


def test_a_floor_without_anything_is_told_in_one_line_a_check_and_exit_code_1() -> None:
    environ = {
        "FLOORCAST_BROKERS": "127.0.0.1:1",
        "FLOORCAST_REDIS_URL": "redis://127.0.0.1:1/0",
        "FLOORCAST_ALERTMANAGER_URL": "http://u:secret@127.0.0.1:1",
    }
    arguments = ["doctor", "--timeout", "1", "--prometheus", "http://u:secret@127.0.0.1:1"]
    done = CliRunner().invoke(cli, arguments, env=environ)
    lines = done.output.splitlines()
    assert done.exit_code == 1
    assert lines[0].startswith("fail     brokers: ")
    assert [line.split()[0] for line in lines[1:-5]] == ["skipped"] * 9
    assert lines[-5].startswith("ok       plan: none is set")
    assert lines[-4].startswith("fail     redis: redis://127.0.0.1:1/0: ")
    assert lines[-3].startswith("fail     alertmanager: http://127.0.0.1:1 does not answer")
    assert lines[-2].startswith("fail     prometheus: http://127.0.0.1:1 does not answer")
    assert "secret" not in done.output


def test_wrong_usage_is_exit_code_2() -> None:
    assert CliRunner().invoke(cli, ["doctor", "--timeout", "0"]).exit_code == 2


def test_a_long_list_is_cut_and_says_so() -> None:
    assert listed(range(7), 5) == "0, 1, 2, 3, 4 and 2 more"
    assert listed(["a"]) == "a"


# -- Kafka


@pytest.mark.parametrize(
    ("stamp_ms", "acked_ms", "status"),
    [
        (NOON_MS, NOON_MS, "ok"),
        (NOON_MS - 1_000, NOON_MS, "ok"),
        (NOON_MS - 1_500, NOON_MS, "warn"),
        (NOON_MS + 1_500, NOON_MS, "warn"),
        (NOON_MS + 1_500, NOON_MS + 1_500, "ok"),  # it may well have taken that long
        (NOON_MS + 61_000, NOON_MS, "fail"),
    ],
)
def test_a_clock_is_judged_by_what_is_beyond_doubt(
    stamp_ms: int, acked_ms: int, status: str
) -> None:
    found = judge_clock("t", NOON_MS, TIMESTAMP_LOG_APPEND_TIME, stamp_ms, acked_ms)
    assert found.status == status


def test_a_topic_that_the_broker_does_not_stamp_tells_no_clock() -> None:
    assert judge_clock("t", 1, TIMESTAMP_CREATE_TIME, 1, 1).status == "skipped"


def topic_findings(replicas: int, **changes: str) -> set[tuple[str, str]]:
    """(check, status) of topics as `topics create` makes them, but for changes (`_` for `.`)."""
    settings = Settings()
    config = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}
    changed = {name.replace("_", "."): value for name, value in changes.items()}
    found = [
        Found(
            t,
            t.partitions or 8,
            replicas,
            {"cleanup.policy": t.cleanup, **t.config, **config, **changed},
        )
        for t in all_topics(settings)
    ]
    return {(f.check, f.status) for rule in RULES for f in rule(settings, found)}


def test_topics_as_they_should_be_are_ok() -> None:
    assert {status for _, status in topic_findings(3)} == {"ok"}


@pytest.mark.parametrize(
    ("replicas", "changes", "check", "status"),
    [
        (1, {"min_insync_replicas": "1"}, "replicas", "warn"),
        (3, {"min_insync_replicas": "1"}, "replicas", "warn"),
        (2, {"min_insync_replicas": "2"}, "replicas", "warn"),
        (1, {"min_insync_replicas": "2"}, "replicas", "fail"),
        (3, {"unclean_leader_election_enable": "true"}, "unclean election", "fail"),
        (3, {"retention_ms": "604800000"}, "retention", "warn"),
        (3, {"retention_ms": "-1"}, "retention", "ok"),
        (3, {"retention_bytes": "1000"}, "retention", "warn"),
        (3, {"cleanup_policy": "delete"}, "topics", "fail"),
        (3, {"message_timestamp_type": "CreateTime"}, "topics", "fail"),
    ],
)
def test_topics_that_are_unsafe_are_found(
    replicas: int, changes: dict[str, str], check: str, status: str
) -> None:
    assert (check, status) in topic_findings(replicas, **changes)


def test_alerts_that_are_deleted_before_they_are_over_are_found() -> None:
    settings = Settings(retention_days=7)
    kept = str(7 * DAY_MS)
    found = [Found(t, 8, 3, {**t.config, "retention.ms": kept}) for t in all_topics(settings)]
    said = one(retention(settings, found))
    assert said.status == "warn"
    assert "rep-alerts 7 days instead of 36" in said.found
    assert "alert-actions" in said.found
    assert "call-ended" not in said.found


def test_workers_are_judged_by_what_nobody_reads() -> None:
    wanted = {("call-ended", 0), ("call-ended", 1)}
    assert one(judge_workers("g", "empty", [], wanted)).status == "fail"
    assert one(judge_workers("g", "preparing_rebalancing", [set()], wanted)).status == "warn"
    missing = one(judge_workers("g", "stable", [{("call-ended", 0)}], wanted))
    assert missing.status == "fail"
    assert "call-ended:1" in missing.found
    idle = one(judge_workers("g", "stable", [wanted, set()], wanted))
    assert idle.status == "ok"
    assert "1 have nothing to do" in idle.found


def test_lag_and_events_that_were_deleted_uncounted_are_found() -> None:
    at = ("call-ended", 0)
    assert one(judge_lag({at: 0}, {at: 5}, {at: 9})) == Finding("lag", "ok", "4 events wait")
    assert one(judge_lag({at: 0}, {at: 5}, {at: 2_000})).status == "warn"
    lost = one(judge_lag({at: 7}, {at: 5}, {at: 9}))
    assert lost.status == "fail"
    assert "call-ended:0 2" in lost.found
    # A group that has never counted begins where the log does.
    assert one(judge_lag({at: 7}, {at: 0}, {at: 9})) == Finding("lag", "ok", "2 events wait")


def test_a_stopped_input_is_told_with_its_remedy() -> None:
    stopped = InputState(state="stopped", at_ms=NOON_MS, why="50 bad in a row")
    resumed = InputState(state="resumed", at_ms=NOON_MS)
    assert one(judge_stops([(b"call-ended:0", resumed)])).status == "ok"
    found = one(judge_stops([(b"call-ended:0", resumed), (b"call-ended:1", stopped)]))
    assert found.status == "fail"
    assert "`floorcast resume call-ended:1`" in found.do


# -- around


@pytest.mark.parametrize(
    ("layout", "memory", "status"),
    [
        ("1 abc", {"maxmemory": 0, "maxmemory_policy": "allkeys-lru"}, "ok"),
        (None, {"maxmemory": 10, "maxmemory_policy": "noeviction"}, "ok"),
        ("1 abc", {"maxmemory": 10, "maxmemory_policy": "volatile-lru"}, "warn"),
        ("1 abc", {}, "warn"),
        ("99 abc", {"maxmemory": 0, "maxmemory_policy": "noeviction"}, "fail"),
    ],
)
def test_a_redis_that_may_drop_our_keys_is_found(
    layout: str | None, memory: dict[str, Any], status: str
) -> None:
    assert judge_redis("redis://r", layout, memory).status == status


def target(job: str, health: str = "up") -> dict[str, Any]:
    return {"labels": {"job": job}, "health": health, "scrapeUrl": "http://w", "lastError": "no"}


def test_prometheus_is_judged_by_our_jobs_and_rules() -> None:
    both = [target("floorcast"), target("floorcast-reps")]
    calm = {"name": "FloorcastDown", "state": "inactive"}

    def judged(targets: list[dict[str, Any]], rules: list[dict[str, Any]]) -> list[str]:
        return [f.status for f in judge_prometheus(targets, rules)]

    assert judged(both, [calm]) == ["ok", "ok"]
    assert judged(both[:1], [calm]) == ["fail", "ok"]
    assert judged([both[0], target("floorcast-reps", "down")], [calm]) == ["fail", "ok"]
    assert judged(both, [calm | {"state": "firing"}]) == ["ok", "warn"]
    assert judged(both, [{"name": "Others", "state": "firing"}]) == ["ok", "warn"]


# -- events


def test_dead_letters_warn_and_too_many_fail() -> None:
    assert one(judge_shares([Share("t", 100, 0)])).status == "ok"
    assert one(judge_shares([Share("t", 100, 5)])).status == "warn"
    assert one(judge_shares([Share("t", 100, 6)])).status == "fail"
    assert one(judge_shares([Share("t", 0, 1)])).status == "fail"  # bad again, out of its time


WEEK = [NOON_MS - 7 * DAY_MS + n * MINUTE_MS for n in range(-HOUR_MS // MINUTE_MS, 120)]


@pytest.mark.parametrize(
    ("newest_ms", "silent"),
    [
        (NOON_MS - 14 * MINUTE_MS, False),
        (NOON_MS - 16 * MINUTE_MS, True),
        (NOON_MS - 5 * DAY_MS, True),
    ],
)
def test_a_source_is_silent_when_it_sent_a_week_ago_and_sends_nothing_now(
    newest_ms: int, silent: bool
) -> None:
    times = {("call", "pbx"): [*WEEK, newest_ms]}
    assert (one(judge_sources(times, NOON_MS)).status == "warn") == silent


def test_nights_and_week_ends_are_no_silence() -> None:
    # Nothing came in the same hours a week ago either.
    evening = [at - 6 * HOUR_MS for at in WEEK]
    times = {("call", "pbx"): [*evening, NOON_MS - 2 * HOUR_MS]}
    assert one(judge_sources(times, NOON_MS)).status == "ok"


def test_a_source_of_less_than_a_week_is_missed_after_a_day() -> None:
    for age_ms, status in ((DAY_MS - 1, "ok"), (DAY_MS, "warn")):
        times = {("call", "new"): [NOON_MS - age_ms - HOUR_MS, NOON_MS - age_ms]}
        assert one(judge_sources(times, NOON_MS)).status == status


def test_reps_and_dispositions_that_the_plan_does_not_know_are_named() -> None:
    plan = parse_plan(PLAN, "UTC")
    state = counted(call(disposition="SALE"), call(call_id="c2", disposition="NI", rep_id="bo"))
    reps = one(judge_reps({rep for rep, _ in state.rep_days}, plan))
    assert (reps.status, "bo" in reps.found) == ("warn", True)
    unmapped = unmapped_calls(state.rep_days)
    assert unmapped == Counter(pbx=1)
    found = one(judge_dispositions(unmapped, Counter(NI=1), plan))
    assert (found.status, "lately NI" in found.found) == ("warn", True)
    assert one(judge_reps({"ana"}, plan)).status == "ok"
    assert one(judge_dispositions(Counter(), Counter(), plan)).status == "ok"
    empty = Plan.empty("UTC")
    assert one(judge_reps({"ana"}, empty)).status == "skipped"
    assert one(judge_dispositions(unmapped, Counter(), empty)).status == "skipped"


def test_ids_on_two_days_or_reps_are_found_unless_they_were_retracted() -> None:
    moved = counted(
        call(call_id="again", rep_id="ana", at_ms=NOON_MS - DAY_MS),
        call(call_id="again", rep_id="ana"),
        call(call_id="moved", rep_id="ana"),
        call(call_id="moved", rep_id="bo"),
        call(call_id="right", rep_id="ana", op="retract", revision=1),
        call(call_id="right", rep_id="bo"),
        call(call_id="right", rep_id="bo", source="other"),
        # Deals belong on several days and reps.
        deal(credits=[{"rep_id": "ana", "share": 0.5}, {"rep_id": "bo", "share": 0.5}]),
    )
    found = one(judge_ids(moved.rep_days))
    assert found.status == "warn"
    assert found.found.startswith("2 are on two days or reps (pbx 2), 1 at the same instant")
    assert "call pbx moved (ana on 2026-09-24, bo on 2026-09-24), call pbx again" in found.found
    assert "right" not in found.found
    assert one(judge_ids(counted(call()).rep_days)).status == "ok"


def test_event_times_are_those_of_calls_and_of_what_deals_put_on_the_books() -> None:
    state = counted(call(), deal(closed_ms=NOON_MS - HOUR_MS))
    times = event_times(state.rep_days)
    assert times[("call", "pbx")] == [NOON_MS]
    assert NOON_MS - HOUR_MS in times[("deal", "crm")]


def told(partition: int, calls_ms: int, postings_ms: int) -> PartitionClock:
    calls, postings = StageClock(calls_ms, [0, 0]), StageClock(postings_ms, [0, 0])
    return PartitionClock(partition, calls, postings, postings)


@pytest.mark.parametrize(
    ("clocks", "status", "says"),
    [
        ({}, "warn", "no worker has counted yet"),
        ({0: told(0, NOON_MS, NOON_MS)}, "warn", "never told how far they are: 1"),
        (
            {0: told(0, NOON_MS, NOON_MS), 1: told(1, NOON_MS, NOON_MS - LATE_MS - 1)},
            "warn",
            "held up by partitions that are at: 1 (2026-09-24 11:29:59Z)",
        ),
        (
            {0: told(0, NOON_MS, NOON_MS), 1: told(1, NOON_MS, NOON_MS - LATE_MS)},
            "ok",
            "all 2 partitions are past 2026-09-24 11:30:00Z",
        ),
    ],
)
def test_the_partition_that_holds_alerts_up_is_named(
    clocks: dict[int, PartitionClock], status: str, says: str
) -> None:
    (finding,) = judge_clocks(clocks, 2, NOON_MS)
    assert (finding.check, finding.status) == ("alerts", status)
    assert says in finding.found
