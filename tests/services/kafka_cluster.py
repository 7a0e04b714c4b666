"""Three Apache Kafka nodes on loopback: replicated topics, and brokers to kill one at a time."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka import admin as kafka_admin
from confluent_kafka.admin import AdminClient

from tests.services.kafka import KafkaServer, new_cluster_id
from tests.services.process import ServiceFailed

_OFFSETS_PARTITIONS = 8
_PROPERTIES = {
    "offsets.topic.num.partitions": str(_OFFSETS_PARTITIONS),
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    # A dead or frozen broker is noticed in seconds, so that a test can afford many of them.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "replica.lag.time.max.ms": "4000",
    "group.min.session.timeout.ms": "1000",
    # Three brokers share one machine with whatever is tested.
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),
    "log.cleaner.backoff.ms": "2000",
}
_JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# Public, but the stubs do not export all of them.
_KAFKA: dict[str, Any] = vars(kafka_admin)
_QUIET: dict[str, str | int | float | bool] = {
    "log_level": 0,
    "socket.connection.setup.timeout.ms": 2_000,
}


class KafkaCluster:
    """Three nodes, each a broker and a controller; replication factor 3, two of them in sync."""

    def __init__(
        self, folder: Path, *, properties: Mapping[str, str] | None = None, heap_mb: int = 512
    ) -> None:
        self.nodes: Sequence[KafkaServer] = [
            KafkaServer(
                folder / f"node-{number}",
                properties=_PROPERTIES | dict(properties or {}),
                heap_mb=heap_mb,
                java_options=_JAVA,
                node_id=number,
            )
            for number in (1, 2, 3)
        ]
        cluster_id = new_cluster_id()
        for node in self.nodes:
            node.join(cluster_id, self.nodes)

    @property
    def bootstrap(self) -> str:
        """The addresses of all brokers."""
        return ",".join(node.bootstrap for node in self.nodes)

    @functools.cached_property
    def admin(self) -> AdminClient:
        """A client of the cluster; kept, for what it was asked dies with it."""
        return AdminClient(_QUIET | {"bootstrap.servers": self.bootstrap})

    def start(self, timeout_s: float = 90) -> None:
        """Start all nodes and return when every broker is there; raises ServiceFailed."""
        for node in self.nodes:
            node.start(wait=False)
        deadline = time.monotonic() + timeout_s
        while not self._complete():
            dead = [node for node in self.nodes if not node.running]
            if dead or time.monotonic() > deadline:
                self.kill()
                logs = [str(node.folder / "kafka.log") for node in self.nodes]
                msg = f"the Kafka cluster did not come up; see {', '.join(logs)}"
                raise ServiceFailed(msg)
            time.sleep(0.2)

    def kill(self) -> None:
        """End every node with SIGKILL."""
        for node in self.nodes:
            node.kill()

    def freeze(self, node: KafkaServer) -> None:
        """SIGSTOP a node: it holds its connections and answers nobody, as behind a dead switch."""
        os.kill(node.pid, signal.SIGSTOP)

    def thaw(self, node: KafkaServer) -> None:
        """SIGCONT a node; harmless when it was killed meanwhile."""
        with contextlib.suppress(ProcessLookupError, ServiceFailed):
            os.kill(node.pid, signal.SIGCONT)

    def _complete(self) -> bool:
        with contextlib.suppress(KafkaException):
            return len(self.admin.list_topics(timeout=2.0).brokers) == len(self.nodes)
        return False

    def in_sync(self) -> bool:
        """Whether every broker is there and every partition has all its replicas in sync."""
        try:
            found = self.admin.list_topics(timeout=2.0)
        except KafkaException:
            return False
        partitions = [p for topic in found.topics.values() for p in topic.partitions.values()]
        whole = all(len(p.isrs) == len(p.replicas) and p.leader > 0 for p in partitions)
        return whole and len(found.brokers) == len(self.nodes)

    def leader(self, topic: str, partition: int) -> KafkaServer | None:
        """The node that leads a partition; None when nobody does or nobody answers."""
        with contextlib.suppress(KafkaException, KeyError):
            found = self.admin.list_topics(topic, timeout=2.0).topics[topic].partitions
            return self._node(found[partition].leader)
        return None

    def coordinator(self, group: str) -> KafkaServer | None:
        """The node that coordinates a consumer group; None when nobody answers.

        By Kafka's own rule, not by asking: librdkafka aborts the process when the answer to that
        question is late.
        """
        hashed = 0
        for character in group:  # as java.lang.String.hashCode
            hashed = hashed * 31 + ord(character) & 0xFFFFFFFF
        signed = hashed - (hashed >> 31 << 32)
        return self.leader("__consumer_offsets", abs(signed) % _OFFSETS_PARTITIONS)

    def configure(self, topic: str, settings: Mapping[str, str]) -> None:
        """Set these configurations of a topic, and leave its others as they are."""
        entries = [
            _KAFKA["ConfigEntry"](
                name, value, incremental_operation=_KAFKA["AlterConfigOpType"].SET
            )
            for name, value in settings.items()
        ]
        resource = _KAFKA["ConfigResource"](
            _KAFKA["ResourceType"].TOPIC, topic, incremental_configs=entries
        )
        for future in self.admin.incremental_alter_configs([resource]).values():
            future.result(30)

    def _node(self, node_id: int) -> KafkaServer | None:
        return next((node for node in self.nodes if node.node_id == node_id), None)
