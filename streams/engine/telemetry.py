"""The pipeline's own numbers: every metric of a worker, in one registry that is passed in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from streams.core.alerts.outcomes import Alert, Dropped, Outcome
from streams.core.outcome import Applied

LATENCY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


class Telemetry:
    """Counts and gauges of one worker. Labels are bounded: topics, partitions, reasons, sources."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"floorcast_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"floorcast_{name}", text, labels, registry=registry)

        self.consumed = counter(
            "events_consumed", "Events read from Kafka and dealt with, repeats included.", "topic"
        )
        self.accepted = counter("events_accepted", "Events that were new.", "topic")
        self.revised = counter(
            "events_revised", "Events that replaced an older version of the same entity.", "topic"
        )
        self.duplicate = counter(
            "events_duplicate",
            "Events that changed nothing: repeated, or older than what is held.",
            "topic",
        )
        self.expired = counter(
            "events_expired",
            "Events older than the days that are kept; they change nothing.",
            "topic",
        )
        self.misrouted = counter(
            "events_misrouted", "Events that came under another key and were sent on.", "topic"
        )
        self.dead_lettered = counter(
            "events_dead_lettered", "Events that cannot be counted, by reason.", "topic", "reason"
        )
        self.cold_days = counter(
            "cold_day_reads", "Days or deals read back from the local store for an event.", "topic"
        )
        self.removed_days = counter(
            "rep_days_removed", "Rep-days removed because they are no longer kept."
        )
        self.stopped = gauge(
            "input_stopped",
            "1 while a partition is not read because too many events were bad.",
            "topic",
            "partition",
        )
        self.lag = gauge(
            "consumer_lag_events", "Events in Kafka that are not applied yet.", "topic", "partition"
        )
        self.commit_age = gauge(
            "commit_age_seconds", "Time since the last commit that went through."
        )
        self.commit_seconds = Histogram(
            "floorcast_commit_duration_seconds",
            "Time a commit takes: changelog, acknowledgements, store, offsets.",
            registry=registry,
        )
        self.changelog_records = counter(
            "changelog_records", "Segments written to a changelog.", "table"
        )
        self.changelog_bytes = counter(
            "changelog_bytes", "Bytes of segments written to a changelog.", "table"
        )
        self.recovering = gauge("recovering", "1 while state is read back from the changelogs.")
        self.recovery_done = gauge(
            "recovery_done_records", "Changelog records read back since the last assignment."
        )
        self.recovery_left = gauge("recovery_left_records", "Changelog records still to be read.")
        self.partitions = gauge("partitions_owned", "Partitions this worker owns.")
        self.input_partitions = gauge(
            "input_partitions",
            "Partitions of every input topic; workers together own them all.",
        )
        self.reps = gauge("reps_owned", "Reps whose state this worker holds.")
        self.reps_loading = gauge(
            "reps_loading", "Reps whose earlier days are still read back after a start."
        )
        self.resident_days = gauge("resident_rep_days", "Rep-days held in memory.")
        self.source_newest = gauge(
            "source_newest_event_timestamp_seconds",
            "Newest event time this worker has seen of a source, seconds since 1970.",
            "topic",
            "source",
        )
        self.latency = Histogram(
            "floorcast_event_latency_seconds",
            "Time from an event's Kafka timestamp to the snapshot that holds it.",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.snapshots = counter("snapshots_published", "Rep snapshots handed to sinks.")
        self.sink_failures = counter(
            "sink_write_failures", "Writes that a sink did not take; they are tried again.", "sink"
        )
        self.sink_writes = counter("sink_writes", "Writes tried on a sink.", "sink")
        self.sink_pending = gauge(
            "sink_pending_reps", "Reps waiting to be written to a sink.", "sink"
        )

        self.late_deals = counter(
            "alerts_late_deals",
            "Deals that came or changed after their contact was scored: alerts do not know of it.",
        )
        self.matured = counter(
            "alerts_contacts_matured", "Contacts handed on to be scored, repeats included."
        )
        self.alerts = counter(
            "alerts_outcomes",
            "What the alert detectors said, by kind and reason.",
            "kind",
            "reason",
        )

        self.alert_posts = counter(
            "alert_posts", "Posts of alerts that the receiver has taken.", "to"
        )
        self.alert_post_failures = counter(
            "alert_post_failures",
            "Posts of alerts that the receiver has not taken; they are tried again.",
            "to",
        )
        self.scored_until = gauge(
            "alerts_scored_until_timestamp_seconds",
            "Contacts that ended before this are scored, of sites in this partition; since 1970.",
            "partition",
        )

    def alert_outcome(self, outcome: Outcome) -> None:
        """Count what a detector said."""
        if isinstance(outcome, Dropped):
            self.alerts.labels("dropped", outcome.reason).inc(outcome.contacts)
        elif isinstance(outcome, Alert):
            self.alerts.labels(
                outcome.level, "conversion_drop" if outcome.rep_id else "team_conversion_drop"
            ).inc()
        else:
            self.alerts.labels(type(outcome).__name__.lower(), outcome.reason).inc()

    def alert_post(self, to: str, went_through: bool) -> None:
        """Count that a receiver of alerts was posted to."""
        (self.alert_posts if went_through else self.alert_post_failures).labels(to).inc()

    def applied(self, topic: str, applied: Applied) -> None:
        """Count the outcomes of a slice."""
        self.consumed.labels(topic).inc(applied.consumed())
        for name in ("accepted", "revised", "duplicate", "expired"):
            count = getattr(applied, name)
            if count:
                getattr(self, name).labels(topic).inc(count)
        if applied.cold:
            self.cold_days.labels(topic).inc(applied.cold)
        if applied.late_deals:
            self.late_deals.inc(applied.late_deals)
        if applied.misrouted:
            self.misrouted.labels(topic).inc(len(applied.misrouted))
        for _, error in applied.dead:
            self.dead_lettered.labels(topic, error.code).inc()

    def forget(self, topics: Iterable[str], partitions: Iterable[int]) -> None:
        """Drop what is shown of partitions given up: their next owner shows it from now on."""
        for partition in partitions:
            for topic in topics:
                _remove((self.lag, self.stopped), topic, str(partition))
            _remove((self.scored_until,), str(partition))

    def observe_latencies(self, stamps_ms: Sequence[int], now_ms: int) -> None:
        """Observe the age at `now_ms` of events with these Kafka timestamps."""
        stamps = sorted(stamp for stamp in stamps_ms if stamp > 0)
        if not stamps:
            return
        # One pass over buckets instead of one call per event, and no arithmetic per event: while
        # catching up there are a million of them in ten seconds.
        bounds = (*LATENCY_BUCKETS_S, float("inf"))
        before = 0
        for bound, bucket in zip(bounds, self.latency._buckets, strict=True):  # noqa: SLF001 # the library has no way to observe many at once
            upto = len(stamps) - bisect_left(stamps, now_ms - bound * 1000)
            bucket.inc(upto - before)
            before = upto
        self.latency._sum.inc((len(stamps) * now_ms - sum(stamps)) / 1000)  # noqa: SLF001 # as above


def _remove(gauges: Iterable[Gauge], *labels: str) -> None:
    for shown in gauges:
        # Only what is shown can be removed; a partition may never have been.
        if labels in shown._metrics:  # noqa: SLF001 # no public way to ask
            shown.remove(*labels)
