"""`floorcast forget`: a rep who has left is shown under a pseudonym from now on."""

from __future__ import annotations

import asyncio
import secrets

import click

from streams.cli.main import Context
from streams.core.forgetting import PREFIX, Forgotten, encode_forgotten, forgotten_key
from streams.core.snapshot import RepSnapshot
from streams.settings import Settings

KEPT = """\
What still has the id: the raw topics and dead letters until their retention, deal-postings,
rep-alerts and alert-actions for as long, the state and its changelogs for detail_days (so `totals`,
`explain`, `audit`), the roster, and what Prometheus has stored. What to do about
each: "A rep who leaves" in deploy/README.md."""


@click.command()
@click.option("--rep", "rep_id", required=True, metavar="R", help="The rep's id.")
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would be.")
@click.option("--undo", is_flag=True, help="Show the rep as itself again.")
@click.option("--force", is_flag=True, help="Also when no snapshot of such a rep was ever made.")
@click.pass_obj
def command(context: Context, rep_id: str, *, dry_run: bool, undo: bool, force: bool) -> None:
    """Replace the name and id of a rep by a pseudonym wherever numbers are shown.

    That is in Redis, Prometheus, on boards, in the API and in `rep-scoreboard`; every number stays.
    Running workers do so at once, others when they start, and it holds until it is undone. Only who
    has the id can find out whose pseudonym it is. Saying it again changes nothing.

    \b
    Examples:
      floorcast forget --rep r-0001 --dry-run
      floorcast forget --rep r-0001
    """
    from streams.cli.forgotten import forgotten_reps
    from streams.cli.kafka_write import write_record
    from streams.core.clock import SystemClock
    from streams.topics import FORGOTTEN_REPS

    settings = context.live()
    said = forgotten_reps(settings).of(rep_id)
    hidden = said is not None and not said.undone
    if hidden != undo:
        shown_as = said.pseudonym if said is not None and hidden else "itself"
        click.echo(f"{rep_id} is shown as {shown_as} already; nothing to do")
        return
    pseudonym = said.pseudonym if said is not None else PREFIX + secrets.token_hex(6)
    now, then = (pseudonym, rep_id) if undo else (rep_id, pseudonym)
    shot = _snapshot(settings, {rep_id, pseudonym})
    if shot is None and not force:
        msg = f"no snapshot of {rep_id} in rep-scoreboard; is the id right? --force does it anyway"
        raise click.ClickException(msg)
    if shot is not None:
        click.echo(f"{now} is in team {shot.team_id}, site {shot.site}")
    if dry_run:
        as_what = then if said is not None else f"{PREFIX}... (chosen at random)"
        click.echo(f"{now} would be shown as {as_what}; nothing was changed")
        return
    word = Forgotten(pseudonym=pseudonym, at_ms=SystemClock().now_ms(), undone=undo)
    key, value = forgotten_key(rep_id), encode_forgotten(word)
    write_record(settings, settings.topic(FORGOTTEN_REPS), key, value)
    if not undo:
        click.echo(_in_redis(settings, now, then))
    click.echo(f"{now} is shown as {then}: by running workers at once, by others when they start")
    if not undo:
        click.echo(KEPT)


def _snapshot(settings: Settings, ids: set[str]) -> RepSnapshot | None:
    """The latest snapshot under one of these ids."""
    from streams.cli.kafka_read import read_topics
    from streams.core.snapshot import decode_rep_snapshot
    from streams.topics import REP_SCOREBOARD

    keys = {one.encode() for one in ids}
    found = None
    for record in read_topics(settings, [settings.topic(REP_SCOREBOARD)]):
        if record.key in keys and record.value is not None:
            found = decode_rep_snapshot(record.value)
    return found


def _in_redis(settings: Settings, now: str, then: str) -> str:
    """Replace the rep in Redis at once, though no worker may run; what was done, in words."""
    from streams.core.errors import SinkUnavailable

    redis_url = settings.redis()
    if redis_url is None:
        return "Redis: redis_url is not set here; a worker that has it set takes the id out"
    try:
        there = asyncio.run(_rename(redis_url, settings.redis_prefix, now, then))
    except SinkUnavailable as error:
        return f"Redis: {error}; workers take the id out when it is back"
    return "Redis: replaced" if there else "Redis: was not there"


async def _rename(url: str, prefix: str, now: str, then: str) -> bool:
    from msgspec import structs

    from sinks.redis import RedisSink
    from sinks.redis_alerts import RedisAlerts
    from sinks.redis_reader import RedisReader
    from streams.core.snapshot import SnapshotBatch

    reader, sink, alerts = (
        RedisReader(url, prefix),
        RedisSink(url, prefix),
        RedisAlerts(url, prefix),
    )
    await sink.start()
    await alerts.start()
    try:
        held = [one for one in (await reader.load()).reps if one.rep_id == now]
        renamed = [structs.replace(one, rep_id=then, name=None) for one in held]
        await sink.write(SnapshotBatch(reps=renamed, forgotten=[now]))
        await alerts.forget(now)
    finally:
        await reader.close()
        await sink.close()
        await alerts.close()
    return bool(held)
