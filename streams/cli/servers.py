"""The HTTP servers of a worker: /metrics and the live page, each on its own address."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from streams.core.errors import PipelineError

if TYPE_CHECKING:
    from sinks.prometheus import PrometheusSink
    from sinks.wallboard.pages import Drill
    from sinks.wallboard.server import PageServer as RunningPage
    from streams.core.clock import Clock
    from streams.core.plan import Plan
    from streams.settings import Settings

log = logging.getLogger(__name__)


class Server:
    """An aiohttp application on one address; `port` 0 takes a free one."""

    def __init__(self, name: str, app: web.Application, host: str, port: int) -> None:
        self._name = name
        self._app = app
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; raises PipelineError when the address is taken."""
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            msg = f"{self._name} cannot listen on {self._host}:{self._port}: {error.strerror}"
            raise PipelineError(msg) from error
        self._runner = runner
        host, port = runner.addresses[0][:2]
        log.info("%s: http://%s:%s", self._name, host, port)

    async def stop(self) -> None:
        """Close connections and the address."""
        if self._runner is not None:
            await self._runner.cleanup()


class MetricsServer(Server):
    """`/metrics` of the pipeline, `/metrics/reps` of the owned reps, `/healthz`."""

    def __init__(
        self, settings: Settings, registry: CollectorRegistry, sink: PrometheusSink
    ) -> None:
        from sinks.prometheus_http import reps_handler

        async def metrics(_: web.Request) -> web.Response:
            return web.Response(
                body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
            )

        async def health(_: web.Request) -> web.Response:
            return web.Response(text="ok\n")

        app = web.Application()
        app.router.add_get("/metrics", metrics)
        app.router.add_get("/metrics/reps", reps_handler(sink))
        app.router.add_get("/healthz", health)
        super().__init__("metrics", app, settings.metrics_host, settings.metrics_port)


class PageServer:
    """The live page of this worker's reps."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        clock: Clock,
        registry: CollectorRegistry,
        drill: Drill,
    ) -> None:
        """Raises SettingsError when the board file, or who may see the page, has faults."""
        from sinks.wallboard.model import BoardModel, WallboardAlerts, WallboardSink
        from streams.cli.acting import acting
        from streams.cli.board_settings import load_boards
        from streams.cli.page_auth import page_auth

        self._acting = acting(settings)
        refused = Counter(
            "floorcast_page_refused",
            "Requests to the live page refused because of who asked, by reason.",
            ["reason"],
            registry=registry,
        )
        self._auth = page_auth(settings, clock, lambda why: refused.labels(why).inc())
        self._boards = load_boards(settings)
        self._drill = drill
        names = {each: team.name for each, team in plan.teams.items() if team.name}
        self._settings = settings
        # It shows what this worker owns; that the others own the rest is no fault to report.
        self._model = BoardModel(clock, team_names=names)
        self._running: RunningPage | None = None
        self.sink = WallboardSink(self._model)
        self.alerts = WallboardAlerts(self._model)

    async def start(self) -> None:
        """Listen; raises SettingsError when the address is taken or not this machine's own."""
        from sinks.wallboard.server import serve

        settings = self._settings
        self._running = await serve(
            self._model,
            settings.page_host,
            settings.page_port,
            self._boards,
            self._drill,
            auth=self._auth,
            acting=self._acting,
        )
        log.info("page: %s", self._running.url)

    async def stop(self) -> None:
        """Close connections and the address."""
        if self._running is not None:
            await self._running.close()
