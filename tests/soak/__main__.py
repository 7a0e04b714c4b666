"""`make soak`: a live floor and many viewers for long; memory stays flat, all end at one state."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice
from statistics import fmean
from typing import NamedTuple

import aiohttp
import click

from producers.simulator import FloorProfile
from streams.demo.floor import LiveFloor
from tests.soak.floor import SoakFloor, soak_floor
from tests.soak.held import due
from tests.soak.viewer import SHARES, Asked, Viewer

ROW_S = 60.0
SAMPLE_S = 5.0
SETTLE_S = 90.0
"""Viewers have so long to be at the final state when no more events come."""
MOST_GROWTH = 0.1
"""From the second quarter's mean memory to the last one's; the first is still filling caches."""


class Sample(NamedTuple):
    """Memory at a moment, in MiB."""

    worker: float
    page: float


@click.command()
@click.option("--minutes", type=click.FloatRange(0.2), default=30, show_default=True)
@click.option("--viewers", type=click.IntRange(1), default=200, show_default=True)
@click.option("--reps", type=click.IntRange(8), default=300, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(minutes: float, viewers: int, reps: int, seed: int) -> None:
    """Viewers that stay, come and go, are slow, or disconnect and resume, at a live floor's pages.

    Half of them look at the worker's own page, half at `floorcast wallboard`. Exit code 1 when one
    of them does not end at what `/api/board` says, or when a process has grown.

    Example: python -m tests.soak --minutes 30 --viewers 200
    """
    with soak_floor(reps, seed) as (floor, profile, events):
        good = asyncio.run(_soak(floor, profile, events, 60 * minutes, viewers))
    sys.exit(0 if good else 1)


async def _soak(
    floor: SoakFloor, profile: FloorProfile, events: LiveFloor, lasts_s: float, count: int
) -> bool:
    counts: Counter[str] = Counter()
    calm = asyncio.Event()
    crowd = list(islice(_crowd(floor, profile, counts), count))
    events.start()
    lives = [asyncio.create_task(viewer.live(calm)) for viewer in crowd]
    samples = await _watch(floor, events, crowd, counts, lasts_s)
    failed = [life for life in lives if life.done()]
    for life in failed:
        life.result()
    events.stop()
    calm.set()
    late = await _settle(crowd)
    for life in lives:
        life.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*lives, return_exceptions=True)
    for name, number in sorted(counts.items()):
        click.echo(f"{name:>32}: {number:,}")
    click.echo(f"{'at the final state':>32}: {len(crowd) - len(late)} of {len(crowd)} viewers")
    for viewer in late[:5]:
        click.echo(f"not there: {viewer.asked} {viewer.manner}", err=True)
    return _flat(samples) and not late


def _crowd(floor: SoakFloor, profile: FloorProfile, counts: Counter[str]) -> Iterator[Viewer]:
    """Viewers without end: manners, pages and boards in turn, each with each."""
    team, rep = profile.teams[0].id, profile.reps[0].id
    boards: list[dict[str, str]] = [
        {},
        {"team": team},
        {"window": "60m"},
        {"window": "year", "flat": "1", "sort": "conversion"},
        {"site": profile.sites[0].id, "sort": "contacts"},
        {"rep": rep},
        {"window": "last20", "team": team},
    ]
    manners = [manner for manner, share in SHARES.items() for _ in range(share)]
    turn = zip(cycle(manners), cycle(boards), strict=False)
    for number, (manner, board) in enumerate(turn):
        page = floor.pages[number // len(manners) % 2]
        yield Viewer(Asked(page, board), manner, number, counts)


async def _watch(
    floor: SoakFloor, events: LiveFloor, crowd: list[Viewer], counts: Counter[str], lasts_s: float
) -> list[Sample]:
    click.echo("    min   events  viewers  messages/s  worker MiB (CPU)  page MiB (CPU)  load")
    began_s = shown_s = time.monotonic()
    cpu, messages, samples = floor.cpu_s(), 0, []
    while (now_s := time.monotonic()) - began_s < lasts_s:
        await asyncio.sleep(min(SAMPLE_S, max(0.1, began_s + lasts_s - now_s)))
        events.check()
        samples.append(Sample(*floor.rss_mb()))
        passed_s = time.monotonic() - shown_s
        if passed_s < min(ROW_S, lasts_s / 4):
            continue
        now_cpu = floor.cpu_s()
        busy = [(after - before) / passed_s for before, after in zip(cpu, now_cpu, strict=True)]
        read = await asyncio.to_thread(floor.events)
        click.echo(
            f"{(time.monotonic() - began_s) / 60:7.1f} {read:8,.0f} "
            f"{sum(viewer.connected for viewer in crowd):8d} "
            f"{(counts['messages'] - messages) / passed_s:11,.0f} "
            f"{samples[-1].worker:11.0f} {busy[0]:5.0%} {samples[-1].page:9.0f} {busy[1]:5.0%} "
            f"{os.getloadavg()[0]:6.1f}"
        )
        cpu, messages, shown_s = now_cpu, counts["messages"], time.monotonic()
    return samples


async def _settle(crowd: list[Viewer]) -> list[Viewer]:
    """Who does not show what `/api/board` says, once nothing new comes; empty: all do."""
    until_s = time.monotonic() + SETTLE_S
    late = crowd
    async with aiohttp.ClientSession() as session:
        while late and time.monotonic() < until_s:
            await asyncio.sleep(1)
            # One answer for all who look at the same: they are compared in the same moment.
            kinds = {(viewer.asked.url, *viewer.asked.query.items()) for viewer in late}
            late = [
                viewer
                for kind in sorted(kinds)
                for viewer in await _others(
                    session,
                    [v for v in crowd if (v.asked.url, *v.asked.query.items()) == kind],
                )
            ]
    return late


async def _others(session: aiohttp.ClientSession, alike: list[Viewer]) -> list[Viewer]:
    asked = alike[0].asked
    async with session.get(f"{asked.url}api/board", params=dict(asked.query)) as answer:
        answer.raise_for_status()
        body = await answer.read()
    expected = due(body, team=asked.query.get("team"), flat="flat" in asked.query)
    return [viewer for viewer in alike if viewer.held.shown() != expected]


def _flat(samples: list[Sample]) -> bool:
    """Print how memory went; False when one of the processes has grown."""
    quarter = max(1, len(samples) // 4)
    good = True
    for name in Sample._fields:
        values = [getattr(sample, name) for sample in samples]
        before, after = fmean(values[quarter : 2 * quarter]), fmean(values[-quarter:])
        growth = after / before - 1
        good = good and growth <= MOST_GROWTH
        click.echo(
            f"{name + ', memory':>32}: {before:.0f} MiB, then {after:.0f} MiB, {growth:+.1%}"
        )
    return good


if __name__ == "__main__":
    main()
