"""`floorcast wallboard`: the live page of all workers, out of Redis."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from streams.cli.main import Context
from streams.core.errors import SettingsError
from streams.core.plan import Plan
from streams.settings import Settings

if TYPE_CHECKING:
    from sinks.wallboard.board_file import BoardFile


@click.command()
@click.option("--host", help="Address to listen on. Default: the setting page_host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: page_port; 0: a free one.")
@click.pass_obj
def command(context: Context, host: str | None, port: int | None) -> None:
    """Serve the live page for all workers, out of Redis, until Ctrl-C.

    A single worker serves the page itself; this is for several, or for a machine of its own. Beyond
    loopback it is served only when the setting page_auth says who may see it.

    \b
    Example:
      FLOORCAST_REDIS_URL=redis://127.0.0.1:6379 floorcast wallboard --port 8080
      FLOORCAST_PAGE_AUTH=token floorcast wallboard --host 0.0.0.0
    """
    from streams.cli.board_settings import load_boards
    from streams.cli.plan_file import load_plan

    settings = context.settings()
    redis_url = settings.redis()
    if redis_url is None:
        problem = "redis_url: must be set, for the page of all workers is read out of Redis"
        raise SettingsError([problem])
    asyncio.run(
        _serve(
            settings,
            redis_url,
            load_plan(settings),
            load_boards(settings),
            (
                settings.page_host if host is None else host,
                settings.page_port if port is None else port,
            ),
        )
    )


async def _serve(
    settings: Settings, redis_url: str, plan: Plan, boards: BoardFile, where: tuple[str, int]
) -> None:
    from sinks.redis_alerts import RedisAlertsReader
    from sinks.redis_reader import RedisReader
    from sinks.wallboard.model import BoardModel, follow, follow_alerts
    from sinks.wallboard.server import serve
    from streams.cli.acting import acting
    from streams.cli.behind import of_changelog
    from streams.cli.page_auth import page_auth
    from streams.core.clock import SystemClock

    clock = SystemClock()
    names = {each: team.name for each, team in plan.teams.items() if team.name}
    model = BoardModel(clock, team_names=names, partitions=settings.partitions)
    auth = page_auth(settings, clock)
    drill = of_changelog(settings)
    page = await serve(model, *where, boards, drill, auth=auth, acting=acting(settings))
    reader = RedisReader(redis_url, settings.redis_prefix)
    alerts = RedisAlertsReader(redis_url, settings.redis_prefix)
    following = asyncio.create_task(follow(reader, model))
    hearing = asyncio.create_task(follow_alerts(alerts, model))
    stop = asyncio.create_task(_asked_to_stop())
    try:
        click.echo(f"{page.url} shows {reader.where}")
        # They have no end: when one is over it has failed, and that must not be missed.
        done, _ = await asyncio.wait(
            {following, hearing, stop}, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            await task
    finally:
        for task in (following, hearing, stop):
            task.cancel()
        await page.close()
        await reader.close()
        await alerts.close()


async def _asked_to_stop() -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, asked.set)
    await asked.wait()
