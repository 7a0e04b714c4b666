"""`floorcast topics create | check`: the topics of a floor, as workers need them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic
from rich.console import Console
from rich.table import Table

from streams.cli.main import Context
from streams.settings import Settings
from streams.topics import Topic, all_topics

if TYPE_CHECKING:
    from streams.core.basis import Mismatch
    from streams.engine.guard import Guard

TIMEOUT_S = 15
LISTED_S = 10


@click.group()
def command() -> None:
    """Make or check the topics."""


@command.command()
@click.pass_obj
def create(context: Context) -> None:
    """Create what is missing; what is there is left as it is.

    \b
    Example:
      FLOORCAST_PARTITIONS=16 FLOORCAST_REPLICATION=3 floorcast topics create
    """
    settings = context.live()
    admin = admin_client(settings)
    there = existing(admin)
    made, failed = 0, 0
    for topic in all_topics(settings):
        if topic.name in there:
            continue
        error = create_topic(admin, settings, topic)
        if error is None:
            made += 1
            click.echo(f"created {topic.name}")
        else:
            failed += 1
            click.echo(f"{topic.name}: {error}", err=True)
    click.echo(f"{made} created, {len(all_topics(settings)) - made - failed} were there")
    _wait_until_listed(admin, settings)
    if failed:
        raise SystemExit(1)


@command.command()
@click.pass_obj
def check(context: Context) -> None:
    """Compare the topics with what workers need; exit code 1 when something is wrong.

    \b
    Example:
      floorcast topics check
    """
    settings = context.live()
    admin = admin_client(settings)
    there = existing(admin)
    configs = describe(admin, [t.name for t in all_topics(settings) if t.name in there])
    table = Table("topic", "partitions", "cleanup", "finding", box=None)
    findings = 0
    for topic in all_topics(settings):
        partitions = there.get(topic.name)
        found = configs.get(topic.name, {})
        problem = finding(settings, topic, partitions, found)
        findings += problem is not None
        cleanup = found.get("cleanup.policy", "")
        table.add_row(topic.name, str(partitions or "-"), cleanup, problem or "ok")
    Console().print(table)
    whole = all(topic.name in there for topic in all_topics(settings))
    unfit = _state_findings(context) if whole else []
    for one in unfit:
        click.echo(f"{one.what}. What to do: {one.steps}")
    if findings or unfit:
        raise SystemExit(1)


@command.command()
@click.pass_obj
def accept(context: Context) -> None:
    """Say that the state was counted from the topics and under the plan that are here now.

    Only for state that has no record of it, such as one that a mirror brought to this cluster: it
    is taken at your word. When you are not sure, `floorcast rebuild` counts everything anew.

    \b
    Example:
      floorcast topics accept
    """
    with _guard(context) as guard:
        if not guard.accept():
            name = context.live().namespace
            msg = f"{name} has its record already; `floorcast topics check` compares it"
            raise click.ClickException(msg)
    click.echo(f"{context.live().namespace} rests on what is here now")


@contextmanager
def _guard(context: Context) -> Iterator[Guard]:
    from streams.cli.live import failed
    from streams.cli.plan_file import load_plan
    from streams.core.clock import SystemClock
    from streams.engine.guard import Guard

    settings = context.live()
    guard = Guard(settings, load_plan(settings), SystemClock(), lambda _: None)
    try:
        yield guard
    except KafkaException as error:
        raise failed(error) from None
    finally:
        guard.close()


def _state_findings(context: Context) -> list[Mismatch]:
    """What would keep a worker from starting, with the steps."""
    with _guard(context) as guard:
        return guard.findings() if guard.applies else []


def _wait_until_listed(admin: AdminClient, settings: Settings) -> None:
    """Whatever is started next asks for the topics at once, and brokers hear of them one by one."""
    wanted = {topic.name for topic in all_topics(settings)}
    for _ in range(LISTED_S * 5):
        if wanted <= existing(admin).keys():
            return
        time.sleep(0.2)


def admin_client(settings: Settings) -> AdminClient:
    """An admin client for the settings' cluster; connects when first used."""
    return AdminClient(settings.kafka() | {"log_level": 0})


def existing(admin: AdminClient) -> dict[str, int]:
    """Topic to number of partitions; a ClickException when no broker answers."""
    try:
        metadata = admin.list_topics(timeout=TIMEOUT_S)
    except KafkaException as error:
        msg = f"no broker answers: {error.args[0].str()}; is FLOORCAST_BROKERS right?"
        raise click.ClickException(msg) from None
    return {name: len(topic.partitions) for name, topic in metadata.topics.items()}


def create_topic(admin: AdminClient, settings: Settings, topic: Topic) -> str | None:
    """Create one topic; why not, or None. Some brokers do not know a topic setting we like."""
    needed: dict[str, str] = {"cleanup.policy": topic.cleanup}
    wishes = topic.config | needed
    error: str | None = None
    for config in (wishes, needed):
        count = topic.partitions or settings.partitions
        new = NewTopic(topic.name, count, settings.replication, config=config)
        future = admin.create_topics([new], request_timeout=TIMEOUT_S)[topic.name]
        try:
            future.result()
        except KafkaException as problem:
            error = str(problem.args[0].str())
        else:
            return None
    return error


def describe(admin: AdminClient, names: list[str]) -> dict[str, dict[str, Any]]:
    """Topic to its settings; empty where the broker does not tell."""
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    out: dict[str, dict[str, Any]] = {}
    for resource, future in admin.describe_configs(resources, request_timeout=TIMEOUT_S).items():
        try:
            out[resource.name] = {name: entry.value for name, entry in future.result().items()}
        except KafkaException:
            out[resource.name] = {}
    return out


def finding(
    settings: Settings, topic: Topic, partitions: int | None, config: dict[str, Any]
) -> str | None:
    """What is wrong with a topic and what to do, or None."""
    if partitions is None:
        return "missing: run `floorcast topics create`"
    wanted = topic.partitions or settings.partitions
    if partitions != wanted:
        return f"has {partitions} partitions, must have {wanted}"
    stamp = config.get("message.timestamp.type")
    if stamp is not None and stamp != topic.config.get("message.timestamp.type", stamp):
        return f"message.timestamp.type is {stamp}: a sender's wrong clock would be believed"
    cleanup = config.get("cleanup.policy")
    if cleanup is not None and cleanup != topic.cleanup:
        return f"cleanup.policy is {cleanup}, must be {topic.cleanup}: data would be lost"
    return None
