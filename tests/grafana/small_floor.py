"""A worker's real exporters on a floor of five reps, for the tests of dashboards and rules."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, ProcessCollector

from sinks.prometheus import PrometheusSink
from sinks.rep_label import RepLabel
from streams.cli.servers import MetricsServer
from streams.core.alerts.book import AlertBook
from streams.core.alerts.outcomes import Level
from streams.core.alerts.told import Kind, RepAlert
from streams.core.errors import MalformedEvent
from streams.core.outcome import Applied
from streams.core.snapshot import Partial, PartitionStatus, RepSnapshot, SnapshotBatch
from streams.core.tally import Tally, add_tallies
from streams.engine.telemetry import Telemetry
from streams.settings import Settings
from tests.contract.promql import Exported, parsed

VERSION = (1, 1)
ALERT_MS = 1_772_445_000_000
KINDS = ("call-ended", "deal-closed", "survey-submitted")
CALL_SOURCE, DEAL_SOURCE = "pbx-1", "crm"


def busy(contacts: int, deals: int, reversed_: int = 0, **more: int) -> Tally:
    """A tally of a rep who calls out; deals in whole deals, each worth 100.00 EUR."""
    dials = 2 * contacts
    one = Tally(
        dials=dials,
        answered=contacts,
        human_answered=contacts,
        human_answered_outbound=contacts,
        contacts=contacts,
        contacts_outbound=contacts,
        talk_ms=90_000 * contacts,
        wrap_ms=30_000 * contacts,
        deals_gross_bp=10_000 * deals,
        deals_reversed_bp=10_000 * reversed_,
        csat_responses=4,
        csat_satisfied=3,
        csat_rating_e4=160_000,
        surveys=4,
        money={"EUR": {"home": (10_000 * deals, 10_000 * reversed_)}},
    )
    for name, value in more.items():
        setattr(one, name, value)
    return one


def rep(rep_id: str, team: str, site: str, today: Tally, partition: int = 0) -> RepSnapshot:
    """A rep whose trailing hour is the whole day."""
    return RepSnapshot(
        rep_id=rep_id,
        partition=partition,
        version=VERSION,
        date="2026-03-02",
        zone="UTC",
        team_id=team,
        site=site,
        in_roster=True,
        name=f"Name of {rep_id}",
        windows={"today": today, "60m": today},
        newest_ms={"call": 1_772_445_000_000} if today.dials else {},
    )


REPS = (
    rep("r-1", "north", "shanghai", busy(40, 4, 1)),
    rep("r-2", "north", "shanghai", busy(60, 6)),
    rep("r-3", "south", "london", busy(50, 1)),
    rep("r-4", "south", "london", Tally(money={"JPY": {"home": (5_000, 0)}}), partition=1),
    rep("r-5", "south", "london", Tally(money={"KWD": {"home": (7_500, 0)}}), partition=1),
)
"""150 contacts and 10 net deals; r-4 and r-5 have no calls today, so their rates do not exist."""


def open_alerts() -> AlertBook:
    """A red of r-3, an amber of r-1, and a red of the whole team south."""
    book = AlertBook()
    book.hear(open_alert("r-3", "south", "london", "red"))
    book.hear(open_alert("r-1", "north", "shanghai", "amber"))
    book.hear(open_alert("", "south", "london", "red", "team_conversion_drop"))
    return book


def open_alert(
    rep_id: str, team: str, site: str, level: Level, kind: Kind = "conversion_drop"
) -> RepAlert:
    """An alert that has just been told."""
    return RepAlert(
        alert_id=f"{kind}-{rep_id}",
        kind=kind,
        state=level,
        level=level,
        site_id=site,
        team_id=team,
        rep_id=rep_id,
        at_ms=ALERT_MS,
        evidence=8_000.0,
    )


def partials(reps: tuple[RepSnapshot, ...]) -> list[Partial]:
    """What each partition adds to the teams."""
    places = sorted({(one.team_id, one.partition) for one in reps})
    out = []
    for team, partition in places:
        mine = [one for one in reps if (one.team_id, one.partition) == (team, partition)]
        total = add_tallies(one.windows["today"] for one in mine)
        out.append(
            Partial(
                level="team",
                id=team,
                partition=partition,
                version=VERSION,
                reps=len(mine),
                windows={"today": total, "60m": total},
            )
        )
    return out


class Worker:
    """The registry and the Prometheus sink of a worker, with the server that exports them."""

    def __init__(self, *, port: int = 0, rep_label: RepLabel = "id") -> None:
        self.port = port
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.telemetry = Telemetry(self.registry)
        self.sink = PrometheusSink(
            rep_label=rep_label, alerts=lambda: open_alerts().entries(ALERT_MS)
        )
        self.server = MetricsServer(Settings(metrics_port=port), self.registry, self.sink)

    @property
    def target(self) -> str:
        """Where Prometheus finds it."""
        return f"127.0.0.1:{self.port}"

    async def show(self, reps: tuple[RepSnapshot, ...]) -> None:
        """Give the sink these reps and their teams."""
        live = [
            PartitionStatus(partition=each, version=VERSION, state="live")
            for each in sorted({one.partition for one in reps})
        ]
        await self.sink.write(SnapshotBatch(reps=list(reps), partials=partials(reps), status=live))

    def count(self, now_ms: int) -> None:
        """Count a little of everything a worker counts."""
        for kind in KINDS:
            self.telemetry.applied(kind, _slice())
            self.telemetry.lag.labels(kind, 0).set(3)
            self.telemetry.stopped.labels(kind, 0).set(kind == "survey-submitted")
        for kind, source in (("call-ended", CALL_SOURCE), ("deal-closed", DEAL_SOURCE)):
            self.telemetry.source_newest.labels(kind, source).set(now_ms / 1000 - 5)
        self.telemetry.observe_latencies([now_ms - age for age in (80, 120, 400, 2_000)], now_ms)
        self.telemetry.commit_age.set(0.4)
        self.telemetry.commit_seconds.observe(0.02)
        self.telemetry.recovery_done.set(900)
        self.telemetry.recovery_left.set(100)
        self.telemetry.partitions.set(2)
        self.telemetry.input_partitions.set(2)
        self.telemetry.reps.set(5)
        self.telemetry.resident_days.set(9)
        self.telemetry.snapshots.inc(5)
        self.telemetry.scored_until.labels("0").set(now_ms / 1000 - 3_000)
        for table in ("scoreboard", "ledger"):
            self.telemetry.changelog_records.labels(table).inc(5)
            self.telemetry.changelog_bytes.labels(table).inc(2_000)
        for to in ("alertmanager", "webhook"):
            self.telemetry.alert_post(to, True)
            self.telemetry.alert_post(to, False)
        for sink in ("prometheus", "redis"):
            self.telemetry.sink_writes.labels(sink).inc(3)
            self.telemetry.sink_failures.labels(sink).inc(1)
            self.telemetry.sink_pending.labels(sink).set(2)

    def exported(self) -> Exported:
        """Every metric it exports, with the labels of its samples."""
        return parsed(self.registry, self.sink)


def _slice() -> Applied:
    one = Applied()
    one.accepted, one.revised, one.duplicate, one.expired, one.cold = 40, 3, 2, 1, 1
    record = _Record()
    one.misrouted.append((record, "call-ended", "r-9"))
    one.dead.append((record, MalformedEvent("schema", "$.talk_ms", "must be a whole number")))
    return one


class _Record:
    """A record as Kafka clients hand it over; only counted here."""

    topic, partition, offset, timestamp = "call-ended", 0, 0, 0
    key: bytes | None = b"r-1"
    value: bytes | None = b"{}"
    headers: tuple[tuple[str, bytes], ...] = ()
