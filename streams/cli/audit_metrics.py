"""What `floorcast audit --watch` shows Prometheus: the last audit, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.core.clock import Clock

if TYPE_CHECKING:
    from streams.cli.audit_run import Findings

P = "floorcast_audit_"


class AuditMetrics(Collector):
    """The outcome of the rounds so far; register it with a prometheus_client registry.

    A round succeeds when something could be compared, whether or not it differs. What is not known
    yet is not exported, but that no round has succeeded is: then the time of success is 0.
    """

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock = clock
        self._every_s = every_s
        self._last: Findings | None = None
        self._compared: Findings | None = None
        self._success_s = 0.0
        self._took_s: float | None = None
        self._failures = 0

    def made(self, findings: Findings, took_s: float) -> None:
        """A round came to findings; it counts as a success when something was compared."""
        self._last, self._took_s = findings, took_s
        if findings.comparison is None:
            self._failures += 1
        else:
            self._compared = findings
            self._success_s = self._clock.now_ms() / 1000

    def failed(self) -> None:
        """A round could not be made; what the last one found stays."""
        self._failures += 1

    def collect(self) -> Iterator[Metric]:
        """What is known, as Prometheus asks for it."""
        yield _gauge("interval_seconds", "Time between two audits.", self._every_s)
        yield _gauge(
            "last_success_timestamp_seconds",
            "When the last audit that compared something ended; 0: none yet.",
            self._success_s,
        )
        yield CounterMetricFamily(
            f"{P}failures", "Audits that could not be made or compared nothing.", self._failures
        )
        if self._took_s is not None:
            yield _gauge("duration_seconds", "Time the last audit took.", self._took_s)
        if (found := self._compared) is not None and found.comparison is not None:
            compared = found.comparison
            yield _gauge(
                "cells_differing",
                "Cells that are not what the raw events give.",
                len(compared.differences),
            )
            yield _gauge("cells_compared", "Cells of the last comparison.", compared.cells)
            yield _gauge("rep_days_compared", "Rep-days of the last comparison.", compared.rep_days)
            yield _gauge(
                "entities_in_flight",
                "Calls, deals, surveys and visits left out of the last comparison.",
                found.in_flight,
            )
            yield _gauge(
                "entities_not_auditable",
                "Calls, deals, surveys and visits left out: their events are no longer retained.",
                found.not_auditable,
            )
        if (last := self._last) is not None:
            yield _gauge(
                "lag_events",
                "Events that workers had not counted when the last audit stopped waiting.",
                sum(last.behind.values()),
            )
            yield _gauge(
                "unreadable_events",
                "Records that are neither events nor dead letters.",
                len(last.unreadable),
            )


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(P + name, what, value)
