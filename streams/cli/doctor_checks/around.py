"""What stands around Kafka: the plan, Redis, Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import orjson
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from sinks.redis_client import connect, shown, text
from sinks.redis_keys import LAYOUT, RedisKeys
from streams.cli.doctor_checks.finding import Finding, listed
from streams.cli.plan_file import load_plan
from streams.settings import Settings

HTTP_TIMEOUT_S = 10
JOBS = ("floorcast", "floorcast-reps")
"""Scrape jobs as deploy/prometheus/prometheus.yml names them; rules and dashboards rely on it."""


def plan(settings: Settings) -> Iterator[Finding]:
    """Whether the plan can be read; its faults are lines of their own."""
    found = load_plan(settings)  # a PlanError is told problem by problem
    if settings.plan is None:
        text_ = f"none is set: everybody is on site `default` in {settings.zone}"
        yield Finding("plan", "ok", text_)
        return
    reps = len(found.roster.reps())
    yield Finding(
        "plan",
        "ok",
        f"{settings.plan}: {len(found.sites)} sites, {len(found.teams)} teams, {reps} reps, "
        f"{len(found.dispositions)} dispositions",
    )


def redis(settings: Settings) -> Iterator[Finding]:
    """Whether Redis answers, lets us in, and cannot drop half of what we keep there."""
    redis_url = settings.redis()
    if redis_url is None:
        yield Finding("redis", "skipped", "no redis_url is set: none is used")
        return
    yield asyncio.run(_ask_redis(redis_url, settings.redis_prefix))


async def _ask_redis(url: str, prefix: str) -> Finding:
    client = connect(url)
    where = shown(url)
    try:
        layout = await client.get(RedisKeys(prefix).layout)
        try:
            memory: dict[str, Any] = await client.info("memory")
        except NoPermissionError:
            memory = {}
    except (AuthenticationError, NoPermissionError) as error:
        do = "set redis_user and redis_password; the rights it needs are in sinks/REDIS.md"
        return Finding("redis", "fail", f"{where} does not let us in: {error}", do)
    except (RedisError, OSError) as error:
        do = "start it, or mend FLOORCAST_REDIS_URL; counting goes on, shared boards stand still"
        return Finding("redis", "fail", f"{where}: {str(error) or type(error).__name__}", do)
    finally:
        await client.aclose()
    return judge_redis(where, None if layout is None else text(layout), memory)


def judge_redis(where: str, layout: str | None, memory: Mapping[str, Any]) -> Finding:
    """By our layout key and what INFO memory says; that is empty when it may not be asked."""
    version = None if layout is None else layout.split(" ")[0]
    if version not in (None, str(LAYOUT)):
        do = "give each release a redis_prefix of its own"
        return Finding("redis", "fail", f"{where} holds layout {version}, we write {LAYOUT}", do)
    state = "nothing written yet" if version is None else "written by workers"
    policy, most = memory.get("maxmemory_policy"), int(memory.get("maxmemory") or 0)
    if policy is None:
        do = "allow INFO for this user, or see by hand that maxmemory-policy is noeviction"
        return Finding("redis", "warn", f"{where} answers, {state}; its memory cannot be asked", do)
    if most and policy != "noeviction":
        do = "set maxmemory-policy noeviction: a board with missing reps looks like a right one"
        return Finding("redis", "warn", f"{where} may drop our keys when full ({policy})", do)
    limit = f"maxmemory {most:,} bytes, {policy}" if most else "no memory limit"
    return Finding("redis", "ok", f"{where} answers, {state}, {limit}")


def prometheus(url: str | None) -> Iterator[Finding]:
    """Whether Prometheus scrapes our jobs and has our rules."""
    if url is None:
        yield Finding("prometheus", "skipped", "not asked; --prometheus URL asks it")
        return
    try:
        targets = _get(url, "/api/v1/targets?state=active")["activeTargets"]
        groups = _get(url, "/api/v1/rules?type=alert")["groups"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"HTTP {error.code}" if isinstance(error, HTTPError) else str(error)
        do = "is it the address of Prometheus itself, like http://prometheus:9090?"
        yield Finding("prometheus", "fail", f"{_place(url)} does not answer: {why}", do)
        return
    yield from judge_prometheus(targets, [rule for group in groups for rule in group["rules"]])


def judge_prometheus(
    targets: list[dict[str, Any]], rules: list[dict[str, Any]]
) -> Iterator[Finding]:
    """By its active targets and alert rules, as its HTTP API gives them."""
    ours = [t for t in targets if t["labels"].get("job") in JOBS]
    missing = [job for job in JOBS if all(t["labels"]["job"] != job for t in ours)]
    down = [f"{t['scrapeUrl']} ({t['lastError']})" for t in ours if t["health"] == "down"]
    if missing:
        do = "add the jobs of deploy/prometheus/prometheus.yml"
        yield Finding("prometheus", "fail", f"no target of job {listed(missing)}", do)
    if down:
        do = "is the worker running, and metrics_host an address Prometheus can reach?"
        yield Finding("prometheus", "fail", f"cannot scrape {listed(down)}", do)
    if not (missing or down):
        yield Finding("prometheus", "ok", f"scrapes {len(ours)} targets of ours")
    alerts = [rule for rule in rules if rule["name"].startswith("Floorcast")]
    firing = sorted({rule["name"] for rule in alerts if rule["state"] == "firing"})
    if not alerts:
        do = "load deploy/prometheus/rules; without them nobody is told when counting stops"
        yield Finding("alert rules", "warn", "none of ours is loaded", do)
    elif firing:
        do = "deploy/README.md says of each what to do"
        yield Finding("alert rules", "warn", f"{listed(firing)} firing", do)
    else:
        yield Finding("alert rules", "ok", f"{len(alerts)} loaded, none fires")


def _get(url: str, path: str) -> Any:
    with urlopen(url.rstrip("/") + path, timeout=HTTP_TIMEOUT_S) as answer:
        return orjson.loads(answer.read())["data"]


def _place(url: str) -> str:
    """The URL without a user or password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
