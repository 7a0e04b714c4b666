"""The exporter of an audit that has found two cells, for the tests of dashboards and rules."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from sinks.prometheus import PrometheusSink
from streams.cli.audit_metrics import AuditMetrics
from streams.cli.audit_run import Findings
from streams.cli.servers import MetricsServer
from streams.core.clock import SystemClock
from streams.recount.compare import Comparison, Difference
from streams.settings import Settings
from tests.contract.promql import Exported, parsed

DIFFERENCES = [Difference("r-1", "2026-03-02", column, 2, 1) for column in ("contacts", "dials")]


class Audit:
    """What `floorcast audit --watch` exports after a round, with a server for it."""

    def __init__(self, *, port: int = 0) -> None:
        self.port = port
        self.registry = CollectorRegistry()
        metrics = AuditMetrics(SystemClock(), 600)
        metrics.made(Findings({}, {}, [], Comparison(5, 150, DIFFERENCES), 12, 0, {}), 2.5)
        self.registry.register(metrics)
        self.server = MetricsServer(Settings(metrics_port=port), self.registry, PrometheusSink())

    @property
    def target(self) -> str:
        """Where Prometheus finds it."""
        return f"127.0.0.1:{self.port}"

    def exported(self) -> Exported:
        """Every metric it exports, with the labels of its samples."""
        return parsed(self.registry, PrometheusSink())
