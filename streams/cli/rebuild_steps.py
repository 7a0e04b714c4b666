"""The steps around a rebuild: may it begin, what differs, the switch, and dropping what is over."""

from __future__ import annotations

import asyncio
from time import monotonic, sleep

import click

from streams.cli.generations import Generations
from streams.cli.kafka_read import committed, ends
from streams.cli.plan_file import load_plan
from streams.cli.state import read_state
from streams.core.basis import Live, Mismatch
from streams.core.clock import SystemClock
from streams.core.differences import Differences, differences
from streams.core.errors import SinkUnavailable
from streams.core.plan_shape import fingerprint
from streams.engine.guard import Guard
from streams.settings import Settings
from streams.topics import DEAL_POSTINGS, MISROUTED, MISROUTED_DEALS, inputs

CAUGHT_UP_S = 60.0
LEFT_S = 60.0
POLL_S = 0.5


def begin(generations: Generations, *, anyway: bool) -> Settings:
    """Make everything ready for a rebuild, or for one more process of it; its settings.

    Raises click.ClickException when raw events are gone, when another rebuild is under way under
    another plan, or (unless `anyway`) when there is nothing to rebuild.
    """
    generations.require_all_events()
    wanted, live = generations.next, generations.live
    if generations.begun(wanted):
        changes = [one for one in _differing(wanted) if one.of_plan]
        if changes:
            msg = (
                f"{wanted.namespace} is being counted under another plan ({changes[0].what}): go "
                "on with that plan, or drop it with `floorcast rebuild --discard`"
            )
            raise click.ClickException(msg)
    elif not anyway and generations.begun(live) and not _differing(live):
        msg = (
            f"nothing to rebuild: {live.namespace} was counted from these topics under this plan; "
            "`floorcast worker` counts on (--anyway begins all the same)"
        )
        raise click.ClickException(msg)
    generations.create(wanted)
    return wanted


def _differing(which: Settings) -> list[Mismatch]:
    """What of a generation's record does not hold under these settings."""
    guard = Guard(which, load_plan(which), SystemClock(), lambda _: None)
    try:
        return guard.findings()
    finally:
        guard.close()


def compare(generations: Generations) -> Differences:
    """What the rebuild changes, over the days that both keep."""
    live, other = generations.live, generations.next
    before, after = read_state(live), read_state(other)
    first_day = max(state.kept_from(live.detail_days) for state in (before, after))
    return differences(before.rep_days, after.rep_days, first_day)


def switch(generations: Generations) -> None:
    """Make the rebuild live, and wait until the workers of before have stopped."""
    old, new = generations.live, generations.next
    if not generations.begun(new):
        from streams.cli.rebuild import NOTHING

        raise click.ClickException(NOTHING)
    if not generations.processes(new):
        msg = (
            f"no process counts into {new.namespace}, so nobody would show its numbers: start "
            "`floorcast rebuild` with its plan again, and switch while it runs"
        )
        raise click.ClickException(msg)
    _require_caught_up(generations, old, new)
    plan = generations.log.bases[new.namespace].plan
    now_ms = SystemClock().now_ms()
    generations.log.write_live(
        Live(generation=new.generation, since_ms=now_ms, plan=fingerprint(plan))
    )
    click.echo(f"{new.namespace} is live")
    give_up_s = monotonic() + LEFT_S
    while (running := generations.processes(old)) and monotonic() < give_up_s:
        sleep(POLL_S)
    if running:
        click.echo(f"{running} workers of {old.namespace} have not stopped yet: stop them")
    else:
        click.echo(f"the workers of {old.namespace} have stopped")
    _tidy_redis(new)
    click.echo(
        "now start `floorcast worker` with FLOORCAST_PLAN set to the new plan, stop the rebuild "
        f"when they run, and drop {old.namespace} with `floorcast rebuild --discard-old` when you "
        "are sure"
    )


def _tidy_redis(new: Settings) -> None:
    """Take out what only the generations before have said; the boards do without in any case."""
    redis_url = new.redis()
    if redis_url is None:
        return
    from sinks.redis_older import drop_older

    try:
        asyncio.run(drop_older(redis_url, new.redis_prefix, new.generation))
    except SinkUnavailable as error:
        click.echo(f"teams that are no more stay in Redis for a day: {error}", err=True)


def _require_caught_up(generations: Generations, old: Settings, new: Settings) -> None:
    """Wait a while until it has counted what the live one has, and what came of that.

    Not to the ends of the inputs: one of them may be stopped.
    """
    give_up_s = monotonic() + CAUGHT_UP_S
    read = committed(old, [old.topic(kind) for kind in inputs(old)])
    # A misrouted deal becomes a posting, so the one is waited for before the other is looked at.
    for kinds in ([], [MISROUTED, MISROUTED_DEALS], [DEAL_POSTINGS]):
        until = ends(new, [new.topic(kind) for kind in kinds]) if kinds else read
        while left := sum(generations.left(new, until).values()):
            if monotonic() > give_up_s:
                msg = f"{new.namespace} has {left:,} events to count yet: switch when it is through"
                raise click.ClickException(msg)
            sleep(POLL_S)


def discard(generations: Generations, *, old: bool) -> None:
    """Drop the rebuild; or with `old` every generation before the live one."""
    live = generations.live.generation
    chosen = [one for one in generations.all() if (one.generation < live) == old]
    chosen = [one for one in chosen if one.generation != live]
    if not chosen:
        msg = "nothing is left of earlier generations" if old else "there is no rebuild to drop"
        raise click.ClickException(msg)
    for one in chosen:
        for what in generations.discard(one):
            click.echo(f"dropped {what}")
        click.echo(f"{one.namespace} is no more")
