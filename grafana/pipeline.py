"""The pipeline dashboard: what whoever runs floorcast looks at."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana import pipeline_queries as q
from grafana import recording
from grafana.boards import choice, dashboard
from grafana.links import ALERTS, PIPELINE, to_board
from grafana.looks import BYTES, BYTES_PER_SECOND, COUNT, EVENTS_PER_SECOND, SECONDS, SHARE, Query
from grafana.panels import distribution, lines, numbers, rows

OUTCOMES = ("accepted", "duplicate", "revised", "misrouted", "expired", "dead_lettered")


def pipeline() -> Dashboard:
    """Health at a glance, then events, delay, state, sinks and the audit."""
    board = dashboard(
        PIPELINE, "Pipeline", "Events in, delay, state and sinks of the workers.", wall=False
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
            [Query(recording.WORKERS, "workers")],
            unit=COUNT,
            span=3,
        ),
        numbers(
            "Events waiting",
            "Events in Kafka that are not applied yet, over all inputs.",
            [Query(q.waiting(), "waiting")],
            unit=COUNT,
            span=4,
            attention_at=1_000,
        ),
        numbers(
            "Stopped inputs",
            "Partitions of inputs that are not read because too many of their events were bad; "
            "`floorcast resume` goes on. The table below names them.",
            [Query(q.stopped_count(), "stopped")],
            unit=COUNT,
            span=3,
            attention_at=1,
        ),
        numbers(
            "Partitions missing",
            "Partitions that no worker shows: their reps are missing from boards.",
            [Query(recording.MISSING, "missing")],
            unit=COUNT,
            span=4,
            attention_at=1,
        ),
        numbers(
            "Workers recovering",
            "Workers that read state back from the changelogs.",
            [Query("sum(floorcast_recovering)", "recovering")],
            unit=COUNT,
            span=4,
            attention_at=1,
        ),
        numbers(
            "Oldest commit",
            "Longest time since a worker's last commit; commits come every second while live, and "
            "at most 30 seconds apart in catch-up.",
            [Query("max(floorcast_commit_age_seconds)", "since")],
            unit=SECONDS,
            span=3,
            attention_at=60,
        ),
        numbers(
            "Alerts firing",
            "Alerts about the pipeline and the audit; the alerts board names them and what to do.",
            [Query(q.firing(), "firing")],
            unit=COUNT,
            span=3,
            attention_at=1,
            links=[to_board(ALERTS, "Alerts board")],
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
            nothing="none",
        ),
        lines(
            "Misrouted, by topic",
            "Events that came under another key and were sent on to the right one: right in the "
            "end, but a producer sets the wrong key.",
            [Query(q.counted("events_misrouted", "topic"), "{{topic}}")],
            unit=COUNT,
            bars=True,
            nothing="none",
        ),
        lines(
            "Expired, by topic",
            "Events of days that are no longer kept (`detail_days`); they change nothing.",
            [Query(q.counted("events_expired", "topic"), "{{topic}}")],
            unit=COUNT,
            bars=True,
            nothing="none",
        ),
        lines(
            "Cold-day reads, by topic",
            "Days or deals read back from the local store because an event was about them. Many of "
            "them mean corrections of old days, or an import.",
            [Query(q.counted("cold_day_reads", "topic"), "{{topic}}")],
            unit=COUNT,
            bars=True,
            nothing="none",
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
            attention_at=1_000,
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
            attention_at=60,
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
            nothing="none",
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
            unit=SHARE,
            span=8,
        ),
        lines(
            "Reps loading",
            "Reps whose earlier days are still read back after a start; their today is right.",
            [Query(q.own("reps_loading"), "{{instance}}")],
            unit=COUNT,
            span=8,
        ),
        lines(
            "Rep-days removed",
            "Rep-days that are no longer kept (`detail_days`).",
            [Query(q.counted("rep_days_removed", "instance"), "{{instance}}")],
            unit=COUNT,
            span=8,
            bars=True,
            nothing="none",
        ),
        lines(
            "Segments written, by table",
            "Records written to the changelogs; up to 32 contributions each.",
            [Query(q.per_second("changelog_records", "table"), "{{table}}")],
            unit="wps",
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
            nothing="none",
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
