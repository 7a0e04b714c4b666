"""`floorcast worker`: the one place that joins the engine and the sinks."""

from __future__ import annotations

import faulthandler
import gc
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.cli.main import Context
from streams.core.ports import AlertsTo, Sink
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.engine.app import Worker

START_WITHIN_S = 300.0
"""A start asks Kafka a dozen things and each may take some seconds; reading state is no part."""

Hook = Callable[[], Awaitable[None]]

COLLECT = (10_000, 20, 20)
"""Thresholds of the garbage collector: cycles are rare here, and each search stops the count."""


@click.command()
@click.pass_obj
def command(context: Context) -> None:
    """Count: read events, keep the reps' numbers, serve /metrics and the live page.

    Start as many workers as there are partitions at most; Kafka deals the partitions out.

    \b
    Example:
      FLOORCAST_BROKERS=kafka:9092 FLOORCAST_REDIS_URL=redis://redis floorcast worker
    """
    from streams.cli.page_auth import check_page
    from streams.cli.plan_file import load_plan
    from streams.core.clock import SystemClock
    from streams.engine.fatal import stop_now

    load_plan(context.settings())  # a fault in it is told before Kafka is asked for anything
    if context.settings().page:
        check_page(context.settings(), SystemClock())
    try:
        settings = context.live()
    except click.ClickException as error:  # as whatever else ends a worker, for its supervisor
        stop_now(f"the worker cannot start: {error.format_message()}")
    run(compose(settings).app)


def run(app: Any) -> None:
    """Run a Faust app until it is stopped."""
    import faust

    from streams.cli.logs import log_config, tell_of_threads

    tell_of_threads()
    # Should a library crash, its last word is where it was called, and not nothing.
    faulthandler.enable()
    # Giving partitions up is bounded by the rebalance timeout; the rest takes a second or two.
    app.start_within_s = START_WITHIN_S
    app.stop_within_s = app.conf.broker_rebalance_timeout + 10.0
    # What is loaded now stays: no collection has to look at it again.
    gc.freeze()
    gc.set_threshold(*COLLECT)
    faust.Worker(
        app, loglevel="info", redirect_stdouts=False, quiet=True, logging_config=log_config()
    ).execute_from_commandline()


def compose(
    settings: Settings,
    *,
    rebuilding: bool = False,
    before: Sequence[Hook] = (),
    after: Sequence[Hook] = (),
) -> Worker:
    """A worker with all its sinks and servers, ready to be run, and hooks around it."""
    from mode.loop import use
    from prometheus_client import (
        CollectorRegistry,
        ProcessCollector,
        disable_created_metrics,
    )

    from sinks.held_alerts import HeldAlerts
    from sinks.prometheus import PrometheusSink
    from streams.cli.plan_file import load_plan
    from streams.cli.servers import MetricsServer, PageServer
    from streams.cli.telling import senders
    from streams.core.clock import SystemClock
    from streams.engine.app import Worker
    from streams.engine.telemetry import Telemetry

    # Before the first service is made: mode keeps the loop that it finds then.
    use("uvloop")
    plan = load_plan(settings)
    clock = SystemClock()
    # Faust makes the last folder of it only, and a generation's lies within the setting's.
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    # Otherwise each counter has a second series that nobody looks at.
    disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no types here
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    telemetry = Telemetry(registry)

    def unheard_s() -> float:
        # A worker with partitions ends when Kafka is away; one that waits for some goes on.
        return worker.lane.consumer.lane_unconfirmed_s()

    held = HeldAlerts(unheard_s)
    prometheus = PrometheusSink(
        rep_label=settings.rep_label, series_limit=settings.rep_series_limit, alerts=held.shown
    )
    servers: list[MetricsServer | PageServer] = [MetricsServer(settings, registry, prometheus)]
    sinks: list[Sink] = [prometheus]
    alerts_to: list[AlertsTo] = [held]
    if (redis_url := settings.redis()) is not None:
        from sinks.redis import RedisSink
        from sinks.redis_alerts import RedisAlerts

        sinks.append(RedisSink(redis_url, settings.redis_prefix))
        alerts_to.append(RedisAlerts(redis_url, settings.redis_prefix))
    if settings.page:
        from streams.cli.behind import of_worker

        page = PageServer(settings, plan, clock, registry, of_worker(lambda: worker.state))
        sinks.append(page.sink)
        alerts_to.append(page.alerts)
        servers.append(page)
    worker = Worker(
        settings, plan, sinks, clock, telemetry, rebuilding=rebuilding, alerts_to=alerts_to
    )
    telling = senders(
        settings,
        held,
        clock,
        telemetry,
        lambda: worker.state.alerting.parts,
        grace_ms=plan.alerts.grace_ms,
    )
    services = [*servers, *telling]
    worker.run_with([*before, *(s.start for s in services)], [*(s.stop for s in services), *after])
    return worker
