"""`floorcast audit --watch`: one audit after the other, with /metrics, until it is told to stop."""

from __future__ import annotations

import logging
import logging.config
import shutil
import signal
import time
from pathlib import Path
from typing import NoReturn

import click
import duckdb
from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry, start_http_server

from streams.cli.audit_metrics import AuditMetrics
from streams.cli.audit_run import Auditor, Findings
from streams.cli.audit_words import in_words
from streams.cli.live import live_settings
from streams.cli.logs import log_config
from streams.cli.plan_file import load_plan
from streams.core.clock import SystemClock
from streams.core.errors import PipelineError
from streams.settings import Settings

log = logging.getLogger(__name__)


def watch(settings: Settings, wait_s: float, every_s: float, port: int) -> NoReturn:
    """Audit every `every_s` seconds until SIGTERM or Ctrl-C.

    Raises PipelineError, also when a rebuild was switched to: then another plan holds.
    """
    load_plan(settings)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be stopped like by Ctrl-C
    logging.config.dictConfig(log_config())
    metrics = AuditMetrics(SystemClock(), every_s)
    registry = CollectorRegistry()
    registry.register(metrics)
    _listen(registry, settings.metrics_host, port)
    # Beside the local store, where there is room for it: temporary folders are often in memory.
    folder = Path(settings.data_dir) / "audit"
    try:
        auditor = _begin(settings, folder)
        while True:
            began = time.monotonic()
            try:
                live = live_settings(settings.of_generation(0))
                findings = auditor.round(wait_s) if live == settings else None
            except (click.ClickException, PipelineError, KafkaException, OSError) as error:
                metrics.failed()
                log.error("no audit: %s", _one_line(error))
            except duckdb.Error as error:
                metrics.failed()
                log.error("no audit, the database begins anew: %s", _one_line(error))
                auditor.close()
                auditor = _begin(settings, folder)
            else:
                if findings is None:
                    msg = f"{live.namespace} is live now: start this again, with the plan of it"
                    raise PipelineError(msg)
                metrics.made(findings, time.monotonic() - began)
                _tell(findings, time.monotonic() - began)
            time.sleep(max(0.0, began + every_s - time.monotonic()))
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _begin(settings: Settings, folder: Path) -> Auditor:
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
        folder.mkdir(parents=True)
        return Auditor(settings, folder)
    except (OSError, duckdb.Error) as error:
        msg = f"data_dir: no database can be made in {folder}: {_one_line(error)}"
        raise PipelineError(msg) from error


def _tell(findings: Findings, took_s: float) -> None:
    *lines, summary = in_words(findings)
    level = logging.INFO if findings.clean else logging.ERROR
    for line in lines:
        log.log(level, "%s", line)
    log.log(level, "%s; it took %.1f s", summary, took_s)


def _listen(registry: CollectorRegistry, host: str, port: int) -> None:
    try:
        server, _ = start_http_server(port, host, registry)
    except OSError as error:
        msg = f"metrics cannot listen on {host}:{port}: {error.strerror}; choose another --port"
        raise PipelineError(msg) from error
    log.info("metrics: http://%s:%s/metrics", host, server.server_port)


def _one_line(error: Exception) -> str:
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    return " ".join(text.split())
