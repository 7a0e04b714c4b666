"""Are the topics there, kept long enough, and safe against the loss of a broker?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from streams.cli.doctor_checks.brokers import metadata
from streams.cli.doctor_checks.finding import Finding, listed
from streams.cli.topics import admin_client, describe
from streams.cli.topics import finding as wrong_with
from streams.settings import Settings
from streams.topics import DAY_MS, Topic, all_topics

SAFE_REPLICAS = 3


class Found(Struct, frozen=True):
    """A topic as it should be and as it is: partitions, fewest replicas, and its settings."""

    wanted: Topic
    partitions: int | None
    replicas: int
    config: Mapping[str, Any]

    def number(self, name: str) -> int | None:
        """A setting as a number; None when the broker does not tell."""
        value = self.config.get(name)
        return int(value) if value is not None and str(value).lstrip("-").isdigit() else None


def topics(settings: Settings) -> Iterator[Finding]:
    """Every topic of the floor by every rule."""
    there = metadata(settings).topics
    wanted = all_topics(settings)
    names = [topic.name for topic in wanted if topic.name in there]
    configs = describe(admin_client(settings), names)
    found = [
        Found(
            topic,
            len(there[topic.name].partitions) if topic.name in there else None,
            min((len(each.replicas) for each in there[topic.name].partitions.values()), default=0)
            if topic.name in there
            else 0,
            configs.get(topic.name, {}),
        )
        for topic in wanted
    ]
    for rule in RULES:
        yield from rule(settings, found)


def as_made(settings: Settings, found: list[Found]) -> Iterator[Finding]:
    """Existence, partitions, cleanup policy and who stamps records."""
    good = 0
    for one in found:
        problem = wrong_with(settings, one.wanted, one.partitions, dict(one.config))
        if problem is None:
            good += 1
            continue
        what, _, do = problem.partition(": ")
        if one.partitions is not None:
            do = _mend(settings, one) or do
        yield Finding("topics", "fail", f"{one.wanted.name}: {what}", do)
    if good == len(found):
        text = f"{good} topics are there, with their partitions, cleanup and timestamps"
        yield Finding("topics", "ok", text)


def _mend(settings: Settings, one: Found) -> str:
    wanted = one.wanted.partitions or settings.partitions
    if one.partitions != wanted:
        return (
            f"set FLOORCAST_PARTITIONS to what all inputs have, or make {one.wanted.name} anew; "
            "never add partitions to a floor that counts"
        )
    stamp = one.wanted.config.get("message.timestamp.type")
    if stamp is not None and one.config.get("message.timestamp.type") not in (None, stamp):
        return f"kafka-configs --alter --add-config message.timestamp.type={stamp}"
    return f"kafka-configs --alter --add-config cleanup.policy={one.wanted.cleanup}"


def retention(settings: Settings, found: list[Found]) -> Iterator[Finding]:
    """What is deleted before audit and rebuild are done with it."""
    short = []
    for one in found:
        if one.wanted.cleanup != "delete" or one.partitions is None:
            continue
        kept_ms, kept_bytes = one.number("retention.ms"), one.number("retention.bytes")
        wanted_ms = int(one.wanted.config["retention.ms"])
        if kept_ms is not None and 0 <= kept_ms < wanted_ms:
            days = f"{kept_ms / DAY_MS:g} days instead of {wanted_ms / DAY_MS:g}"
            short.append(f"{one.wanted.name} {days}")
        elif kept_bytes is not None and kept_bytes >= 0:
            short.append(f"{one.wanted.name} {kept_bytes:,} bytes a partition")
    if short:
        text = f"deleted too early: {listed(short)}"
        do = "raise retention.ms (and retention.bytes=-1): audit, rebuild and alerts need them"
        yield Finding("retention", "warn", text, do)
    elif any(one.config for one in found):
        text = f"inputs and what is made of them are kept {settings.retention_days} days or longer"
        yield Finding("retention", "ok", text)
    else:
        yield Finding("retention", "skipped", "the broker does not tell its settings")


def replicas(_: Settings, found: list[Found]) -> Iterator[Finding]:
    """What the loss of a broker costs."""
    there = [one for one in found if one.partitions is not None]
    if not there:
        return
    single, stuck, loose, tight = [], [], [], []
    for one in there:
        least = one.number("min.insync.replicas")
        if least is not None and least > one.replicas:
            stuck.append(one.wanted.name)
        elif one.replicas == 1:
            single.append(one.wanted.name)
        elif least == 1:
            loose.append(one.wanted.name)
        elif least == one.replicas:
            tight.append(one.wanted.name)
    if stuck:
        text = f"min.insync.replicas is above the number of replicas: {_of(stuck, there)}"
        yield Finding("replicas", "fail", text, "lower it, or add replicas: nothing can be written")
    if single:
        text = f"one replica only: {_of(single, there)}; a lost disk is lost events"
        do = f"for more than a trial: replication {SAFE_REPLICAS}, min.insync.replicas 2"
        yield Finding("replicas", "warn", text, do)
    if loose:
        text = f"min.insync.replicas is 1: {_of(loose, there)}"
        do = "set it to 2: what only one broker has acknowledged is lost with it"
        yield Finding("replicas", "warn", text, do)
    if tight:
        text = f"min.insync.replicas is all replicas: {_of(tight, there)}"
        do = "add a replica, or lower it by one: one broker away stops writes"
        yield Finding("replicas", "warn", text, do)
    if not (stuck or single or loose or tight):
        fewest = min(one.replicas for one in there)
        yield Finding("replicas", "ok", f"{fewest} or more of each topic, acknowledged by two")


def elections(_: Settings, found: list[Found]) -> Iterator[Finding]:
    """Whether a replica that lags may become the leader: what was acknowledged would be gone."""
    name = "unclean.leader.election.enable"
    known = [one for one in found if one.config.get(name) is not None]
    unclean = [one.wanted.name for one in known if str(one.config[name]).lower() == "true"]
    if unclean:
        text = f"on for {_of(unclean, known)}: acknowledged events may be lost"
        yield Finding("unclean election", "fail", text, f"set {name}=false")
    elif known:
        yield Finding("unclean election", "ok", "off")
    else:
        yield Finding("unclean election", "skipped", "the broker does not tell")


def _of(names: list[str], all_of_them: list[Found]) -> str:
    return f"all {len(names)} topics" if len(names) == len(all_of_them) else listed(names)


Rule = Callable[[Settings, list[Found]], Iterator[Finding]]
RULES: tuple[Rule, ...] = (as_made, retention, replicas, elections)
