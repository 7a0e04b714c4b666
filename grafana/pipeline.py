"""The pipeline dashboard: what whoever runs floorcast looks at."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana import queries as q
from grafana.boards import choice, dashboard
from grafana.panels import (
    BYTES,
    BYTES_PER_SECOND,
    COUNT,
    EVENTS_PER_SECOND,
    SECONDS,
    Query,
    distribution,
    lines,
    numbers,
    rows,
)

OUTCOMES = ("accepted", "duplicate", "revised", "misrouted", "expired", "dead_lettered")


def pipeline() -> Dashboard:
    """Health at a glance, then events, delay, state, sinks and the audit."""
    board = dashboard(
        "floorcast-pipeline", "Pipeline", "Events in, delay, state and sinks of the workers."
    )
    board.with_variable(choice("worker", "Worker", q.WORKERS))
    _now(board)
    _events(board)
    _delay(board)
    _state(board)
    _sinks(board)
    _audit(board)
    return board


def _now(board: Dashboard) -> None:
    board.with_row(Row("Now"))
    for panel in (
        numbers(
            "Workers",
            "Workers that answer Prometheus.",
            [Query("count(floorcast_partitions_owned)", "workers")],
            unit=COUNT,
            span=4,
        ),
        numbers(
            "Events waiting",
            "Events in Kafka that are not applied yet, over all inputs.",
            [Query(q.waiting(), "waiting")],
            unit=COUNT,
            span=5,
        ),
        numbers(
            "Stopped inputs",
            "Partitions of inputs that are not read because too many of their events were bad; "
            "`floorcast resume` goes on. The table below names them.",
            [Query(q.stopped_count(), "stopped")],
            unit=COUNT,
            span=5,
            attention_at=1,
        ),
        numbers(
            "Workers recovering",
            "Workers that read state back from the changelogs.",
            [Query("sum(floorcast_recovering)", "recovering")],
            unit=COUNT,
            span=5,
            attention_at=1,
        ),
        numbers(
            "Oldest commit",
            "Longest time since a worker's last commit; commits come every second while live, and "
            "at most 30 seconds apart in catch-up.",
            [Query("max(floorcast_commit_age_seconds)", "since")],
            unit=SECONDS,
            span=5,
            attention_at=60,
        ),
    ):
        board.with_panel(panel)


def _events(board: Dashboard) -> None:
    board.with_row(Row("Events"))
    outcomes = [Query(q.per_second(f"events_{one}"), one.replace("_", " ")) for one in OUTCOMES]
    for panel in (
        lines(
            "Events by outcome",
            "Every event has one outcome. Duplicates are repeats and versions older than what is "
            "held; they change nothing.",
            outcomes,
            unit=EVENTS_PER_SECOND,
            stacked=True,
        ),
        lines(
            "Events by topic",
            "Events read from each input, all outcomes together.",
            [Query(q.per_second("events_consumed", "topic"), "{{topic}}")],
            unit=EVENTS_PER_SECOND,
        ),
        lines(
            "Dead letters by reason",
            "Events that cannot be counted; each lies in its topic's dead-letter topic with the "
            "reason and the place in the event.",
            [Query(q.counted("events_dead_lettered", "topic, reason"), "{{topic}}: {{reason}}")],
            unit=COUNT,
            bars=True,
            empty="none",
        ),
        lines(
            "Misrouted, by topic",
            "Events that came under another key and were sent on to the right one: right in the "
            "end, but a producer sets the wrong key.",
            [Query(q.counted("events_misrouted", "topic"), "{{topic}}")],
            unit=COUNT,
            bars=True,
            empty="none",
        ),
        lines(
            "Expired, by topic",
            "Events of days that are no longer kept (`detail_days`); they change nothing.",
            [Query(q.counted("events_expired", "topic"), "{{topic}}")],
            unit=COUNT,
            bars=True,
            empty="none",
        ),
        lines(
            "Cold-day reads, by topic",
            "Days or deals read back from the local store because an event was about them. Many of "
            "them mean corrections of old days, or an import.",
            [Query(q.counted("cold_day_reads", "topic"), "{{topic}}")],
            unit=COUNT,
            bars=True,
            empty="none",
        ),
    ):
        board.with_panel(panel)


def _delay(board: Dashboard) -> None:
    board.with_row(Row("Delay"))
    for panel in (
        lines(
            "Events waiting, by topic",
            "Events in Kafka that are not applied yet.",
            [Query(q.waiting("topic"), "{{topic}}")],
            unit=COUNT,
        ),
        lines(
            "Newest event, by source",
            "Age of each source's newest event by its own time: what climbs is silent or late.",
            [Query(q.newest_age("topic, source"), "{{source}} ({{topic}})")],
            unit=SECONDS,
        ),
        lines(
            "Event to snapshot",
            "Time from an event's Kafka timestamp to the snapshot that holds it; high in catch-up.",
            [
                Query(q.quantile("event_latency", 0.5), "p50"),
                Query(q.quantile("event_latency", 0.95), "p95"),
                Query(q.quantile("event_latency", 0.99), "p99"),
            ],
            unit=SECONDS,
            empty="no events",
        ),
        distribution(
            "Event to snapshot, all events",
            "The same delay as a histogram: the darker, the more events.",
            q.buckets("event_latency"),
            unit=SECONDS,
        ),
        lines(
            "Time since the last commit",
            "Per worker. What was applied since then is read again after a crash, without effect.",
            [Query(q.own("commit_age_seconds"), "{{instance}}")],
            unit=SECONDS,
        ),
        lines(
            "Time a commit takes",
            "Changelog, acknowledgements, local store and offsets.",
            [
                Query(q.quantile("commit_duration", 0.5), "p50"),
                Query(q.quantile("commit_duration", 0.99), "p99"),
            ],
            unit=SECONDS,
            empty="no commits",
        ),
    ):
        board.with_panel(panel)


def _state(board: Dashboard) -> None:
    board.with_row(Row("State"))
    for panel in (
        rows(
            "Stopped inputs by name",
            "Partitions of inputs that wait for a person.",
            [Query(q.stopped_inputs(), "")],
            {"topic": "Topic", "partition": "Partition"},
            sort="Topic",
            span=8,
            height=8,
            empty="none",
        ),
        lines(
            "Recovery, records left",
            "Changelog records still to be read back before a worker counts again.",
            [Query(q.own("recovery_left_records"), "{{instance}}")],
            unit=COUNT,
            span=8,
        ),
        lines(
            "Recovery, records read",
            "Changelog records read back since the last assignment.",
            [Query(q.own("recovery_done_records"), "{{instance}}")],
            unit=COUNT,
            span=8,
        ),
        lines(
            "Partitions owned",
            "Per worker; the sum is the number of partitions.",
            [Query(q.own("partitions_owned"), "{{instance}}")],
            unit=COUNT,
            span=8,
            stacked=True,
        ),
        lines(
            "Reps owned",
            "Reps whose state each worker holds.",
            [Query(q.own("reps_owned"), "{{instance}}")],
            unit=COUNT,
            span=8,
            stacked=True,
        ),
        lines(
            "Rep-days in memory",
            "Days of reps that are resident; the others are in the local store.",
            [Query(q.own("resident_rep_days"), "{{instance}}")],
            unit=COUNT,
            span=8,
            stacked=True,
        ),
        lines(
            "Changelog written",
            "Bytes of segments written to the changelogs.",
            [Query(q.per_second("changelog_bytes", "table"), "{{table}}")],
            unit=BYTES_PER_SECOND,
            span=8,
        ),
        lines(
            "Memory",
            "Resident memory of each worker's process.",
            [Query(q.process("resident_memory_bytes"), "{{instance}}")],
            unit=BYTES,
            span=8,
        ),
        lines(
            "CPU",
            "Share of one core that each worker's process uses.",
            [Query(q.process("cpu_seconds_total", rate=True), "{{instance}}")],
            unit="percentunit",
            span=8,
        ),
    ):
        board.with_panel(panel)


def _sinks(board: Dashboard) -> None:
    board.with_row(Row("Sinks"))
    for panel in (
        lines(
            "Snapshots",
            "Rep snapshots handed to sinks.",
            [Query(q.per_second("snapshots_published"), "snapshots")],
            unit="ops",
            span=6,
        ),
        lines(
            "Writes, by sink",
            "Writes tried on each sink; one write holds many reps.",
            [Query(q.per_second("sink_writes", "sink"), "{{sink}}")],
            unit="ops",
            span=6,
        ),
        lines(
            "Failed writes, by sink",
            "Writes a sink did not take. They are tried again; counting goes on meanwhile.",
            [Query(q.counted("sink_write_failures", "sink"), "{{sink}}")],
            unit=COUNT,
            span=6,
            bars=True,
            empty="none",
        ),
        lines(
            "Reps waiting, by sink",
            "Reps whose latest snapshot a sink does not have yet.",
            [Query(f"sum by (sink) (floorcast_sink_pending_reps{q.WORKER})", "{{sink}}")],
            unit=COUNT,
            span=6,
        ),
    ):
        board.with_panel(panel)


def _audit(board: Dashboard) -> None:
    board.with_row(Row("Audit"))
    for panel in (
        numbers(
            "Audit: cells differing",
            "Cells of rep-days that are not what an independent recount of the raw events gives; "
            "`floorcast audit --watch` logs which, and the events behind them.",
            [Query("max(floorcast_audit_cells_differing)", "differing")],
            unit=COUNT,
            span=6,
            attention_at=1,
        ),
        numbers(
            "Audit: cells compared",
            "Cells of the last audit that compared something.",
            [Query("max(floorcast_audit_cells_compared)", "compared")],
            unit=COUNT,
            span=6,
        ),
        numbers(
            "Audit: in flight",
            "Calls, deals, surveys and visits of which an event arrived meanwhile; they "
            "are left out of it and compared in the next.",
            [Query("max(floorcast_audit_entities_in_flight)", "in flight")],
            unit=COUNT,
            span=6,
        ),
        numbers(
            "Audit: age",
            "Time since the last audit that compared something.",
            [Query("time() - max(floorcast_audit_last_success_timestamp_seconds > 0)", "age")],
            unit=SECONDS,
            span=6,
            attention_at=1_800,
        ),
    ):
        board.with_panel(panel)
