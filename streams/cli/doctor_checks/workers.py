"""Are workers counting: members, owners of partitions, lag, and inputs that were stopped?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from time import monotonic, sleep
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from streams.cli.doctor_checks.finding import Finding, listed
from streams.cli.instant import shown
from streams.cli.kafka_read import LOADING, TIMEOUT_S, begins, committed, ends, read_topics
from streams.cli.topics import admin_client
from streams.core.stop import InputState, decode_input_state, parse_input
from streams.settings import Settings
from streams.topics import INPUT_STOPS, kinds_by_topic

LAG_WARN = 1_000
"""Events of one input that wait: the limit of the alert FloorcastBehind."""

Place = tuple[str, int]


def workers(settings: Settings) -> Iterator[Finding]:
    """Members of the workers' group, and inputs that none of them reads."""
    group = _described(settings)
    if group is None:
        yield from judge_workers(settings.group, "unknown", [], set())
        return
    state = str(getattr(group.state, "name", group.state)).lower()
    owned = [
        {(at.topic, at.partition) for at in member.assignment.topic_partitions}
        for member in group.members
    ]
    wanted = {
        (topic, partition)
        for topic in kinds_by_topic(settings)
        for partition in range(settings.partitions)
    }
    yield from judge_workers(settings.group, state, owned, wanted)


def _described(settings: Settings) -> Any:
    """What the broker says of the workers' group; None when there never was one."""
    # Held by name: a client that is let go of answers no more.
    admin = admin_client(settings)
    give_up = monotonic() + TIMEOUT_S
    while True:
        asked = admin.describe_consumer_groups([settings.group], request_timeout=TIMEOUT_S)
        try:
            return asked[settings.group].result()
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.GROUP_ID_NOT_FOUND:
                return None
            if code not in LOADING or monotonic() > give_up:
                raise
            sleep(0.5)


def judge_workers(
    group: str, state: str, owned: list[set[Place]], wanted: set[Place]
) -> Iterator[Finding]:
    """What a group's members and their partitions say; `state` is Kafka's word in lower case."""
    if not owned:
        found = f"no worker runs in group {group}"
        yield Finding("workers", "fail", found, "start one: `floorcast worker`")
        return
    if state != "stable":
        found = f"group {group} has {len(owned)} members and is dealing partitions out ({state})"
        do = "look again in a minute; if it goes on, workers come and go: see their last lines"
        yield Finding("workers", "warn", found, do)
        return
    orphans = sorted(wanted - set().union(*owned))
    idle = sum(not each for each in owned)
    if orphans:
        names = listed(f"{topic}:{partition}" for topic, partition in orphans)
        do = "restart the workers; if it stays, `floorcast topics check`"
        yield Finding("workers", "fail", f"{len(owned)} run, but nobody reads {names}", do)
        return
    found = f"{len(owned)} in group {group} own all {len(wanted)} input partitions"
    if idle:
        found += f"; {idle} have nothing to do: there are more workers than partitions"
    yield Finding("workers", "ok", found)


def lag(settings: Settings) -> Iterator[Finding]:
    """Events that wait, and events that were deleted before they were counted."""
    inputs = list(kinds_by_topic(settings))
    # In this order: what is committed later than asked for can only make the lag look smaller.
    last, reached, first = (
        ends(settings, inputs),
        committed(settings, inputs),
        begins(settings, inputs),
    )
    yield from judge_lag(first, reached, last)


def judge_lag(
    first: Mapping[Place, int], reached: Mapping[Place, int], last: Mapping[Place, int]
) -> Iterator[Finding]:
    """By input partition: first offset retained, committed offset, end."""
    lost = {at: first[at] - done for at, done in reached.items() if 0 < done < first[at]}
    if lost:
        names = listed(
            f"{topic}:{partition} {n:,}" for (topic, partition), n in sorted(lost.items())
        )
        do = "retention is shorter than workers were away; only the sources can send these again"
        yield Finding("lag", "fail", f"events deleted before they were counted: {names}", do)
    waiting: Counter[str] = Counter()
    for at, end in last.items():
        waiting[at[0]] += max(0, end - max(reached[at], first[at]))
    behind = {topic: n for topic, n in sorted(waiting.items()) if n > LAG_WARN}
    if behind:
        names = listed(f"{topic} {n:,}" for topic, n in behind.items())
        do = "catching up ends by itself; when it grows, start more workers"
        yield Finding("lag", "warn", f"events not counted yet: {names}", do)
    elif not lost:
        yield Finding("lag", "ok", f"{waiting.total():,} events wait")


def stopped_inputs(settings: Settings) -> Iterator[Finding]:
    """Inputs that workers do not read because too much was bad."""
    latest: dict[bytes, InputState] = {}
    for record in read_topics(settings, [settings.topic(INPUT_STOPS)]):
        said = decode_input_state(record.value)
        if record.key is not None and said is not None:
            latest[record.key] = said
    yield from judge_stops(latest.items())


def judge_stops(latest: Iterable[tuple[bytes, InputState]]) -> Iterator[Finding]:
    """The latest word on every input, by its key."""
    stopped = [
        (key.decode(), said)
        for key, said in sorted(latest, key=lambda item: item[0])
        if said.state == "stopped" and parse_input(key.decode(errors="replace"))
    ]
    for name, said in stopped:
        found = f"{name} is not read since {shown(said.at_ms)}: {said.why}"
        yield Finding(
            "stopped inputs", "fail", found, f"mend the sender, then `floorcast resume {name}`"
        )
    if not stopped:
        yield Finding("stopped inputs", "ok", "none")
