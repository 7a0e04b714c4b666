"""What Kafka says of the topics that a state rests on: ids, partitions, clean-up, emptiness."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from msgspec import Struct

from streams.core.basis import Mismatch, TopicFacts
from streams.core.errors import PipelineError
from streams.settings import Settings
from streams.topics import roles

TIMEOUT_S = 15.0
_NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"


class Surroundings(Struct, frozen=True):
    """The cluster's id, and every topic that the state of some settings rests on."""

    cluster: str
    topics: dict[str, TopicFacts]

    def store_identity(self, changelog: str) -> str:
        """What a local store of this changelog belongs to; empty when Kafka does not tell."""
        facts = self.topics.get(changelog)
        return f"{self.cluster}/{facts.id}" if self.cluster and facts and facts.id else ""


def look_around(settings: Settings) -> Surroundings:
    """Ask Kafka.

    Raises PipelineError when a topic is not there, KafkaException when no broker answers.
    """
    admin = AdminClient(settings.kafka() | {"log_level": 0})
    wanted = roles(settings)
    cluster: Any = admin.describe_cluster(request_timeout=TIMEOUT_S).result()
    asked = admin.describe_topics(TopicCollection(list(wanted)), request_timeout=TIMEOUT_S)
    found: dict[str, TopicFacts] = {}
    missing = []
    for name, future in asked.items():
        try:
            topic: Any = future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
            missing.append(name)
            continue
        id_ = str(topic.topic_id)
        found[name] = TopicFacts("" if id_ == _NO_ID else id_, len(topic.partitions), wanted[name])
    if missing:
        msg = f"Kafka has no topic {', '.join(sorted(missing))}: run `floorcast topics create`"
        raise PipelineError(msg)
    return Surroundings(cluster.cluster_id or "", found)


def unfit(settings: Settings, around: Surroundings) -> list[Mismatch]:
    """What would make any state wrong, with the steps: clean-up of changelogs, partitions."""
    out = []
    for name, facts in sorted(around.topics.items()):
        if facts.partitions != settings.partitions:
            out.append(
                Mismatch(
                    f"topic {name} has {facts.partitions} partitions, the setting partitions is "
                    f"{settings.partitions}",
                    f"set FLOORCAST_PARTITIONS={facts.partitions} if all topics have so many "
                    "(`floorcast topics check`), or make this one anew",
                )
            )
    changelogs = [name for name, facts in around.topics.items() if facts.role == "changelog"]
    for name, policy in cleanup_policies(settings, changelogs).items():
        if policy != "compact":
            out.append(
                Mismatch(
                    f"the changelog {name} has cleanup.policy={policy}: Kafka deletes state from "
                    "it",
                    f"`kafka-configs.sh --bootstrap-server {settings.brokers} --alter "
                    f"--entity-type topics --entity-name {name} --add-config "
                    "cleanup.policy=compact`; when `floorcast audit` then finds cells that differ, "
                    f"`floorcast rebuild --plan {settings.plan or 'PLAN'}`, then `floorcast "
                    "rebuild --switch`",
                )
            )
    return out


def cleanup_policies(settings: Settings, topics: Iterable[str]) -> dict[str, str]:
    """Topic to its cleanup.policy; those that the broker does not tell are left out."""
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
    admin = AdminClient(settings.kafka() | {"log_level": 0})
    out: dict[str, str] = {}
    for resource, future in admin.describe_configs(resources, request_timeout=TIMEOUT_S).items():
        try:
            entry = future.result().get("cleanup.policy")
        except KafkaException:  # not every user may ask, and not every broker answers
            continue
        if entry is not None and entry.value:
            out[resource.name] = entry.value
    return out


def is_empty(settings: Settings, around: Surroundings) -> bool:
    """True when nothing was ever counted here: no committed offsets, empty changelogs."""
    consumer = Consumer(
        settings.kafka() | {"group.id": settings.group, "enable.auto.commit": False, "log_level": 0}
    )
    try:
        read = [
            TopicPartition(name, partition)
            for name, facts in around.topics.items()
            for partition in range(facts.partitions)
            if facts.role != "changelog"
        ]
        if any(p.offset != OFFSET_INVALID for p in consumer.committed(read, timeout=TIMEOUT_S)):
            return False
        return all(
            consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=TIMEOUT_S)[1]
            == 0
            for name, facts in around.topics.items()
            for partition in range(facts.partitions)
            if facts.role == "changelog"
        )
    finally:
        consumer.close()
