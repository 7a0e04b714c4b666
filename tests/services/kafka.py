"""A real Apache Kafka broker: one KRaft node on loopback with a folder of its own."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.services.ports import free_port
from tests.services.process import ChildProcess, ServiceFailed
from tests.services.programs import INSTALL_HINT, ServiceMissing, find_java, kafka_class_path

_LOG4J = """\
Configuration:
  status: error
  Appenders:
    Console:
      name: out
      PatternLayout:
        pattern: "%d{HH:mm:ss,SSS} %p %m (%c{1})%n%throwable{short}"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        - ref: out
"""


class KafkaServer:
    """Apache Kafka, started in about four seconds; topics are never created by accident.

    `kill` and a second `start` keep the port and the data, as after a crash of the broker. With
    `user` and `password` clients must log in by SASL/PLAIN (SASL_PLAINTEXT). `properties` overrule
    the broker's settings, `java_options` stand behind the heap's. A node of a cluster has a
    `node_id` of its own, and is told of the others with `join` before its first start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        properties: Mapping[str, str] | None = None,
        user: str = "",
        password: str = "",
        heap_mb: int = 512,
        java_options: Sequence[str] = (),
        node_id: int = 1,
    ) -> None:
        self.folder = folder
        self.node_id = node_id
        self.bootstrap = f"127.0.0.1:{free_port()}"
        self.controller = f"127.0.0.1:{free_port()}"
        self._cluster_id = new_cluster_id()
        self._voters = ""
        self._properties = dict(properties or {})
        self._user, self._password = user, password
        self._heap_mb = heap_mb
        self._java_options = list(java_options)
        self._process = ChildProcess("kafka", folder / "kafka.log")

    @property
    def pid(self) -> int:
        """The broker's process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the broker's process runs."""
        return self._process.running

    def client_settings(self) -> dict[str, str | int | float | bool]:
        """What a librdkafka client needs to reach this broker."""
        settings: dict[str, str | int | float | bool] = {"bootstrap.servers": self.bootstrap}
        if self._user:
            settings |= {
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.username": self._user,
                "sasl.password": self._password,
            }
        return settings

    def join(self, cluster_id: str, nodes: Sequence[KafkaServer]) -> None:
        """Be one of these nodes, each of them a broker and a controller with a vote."""
        self._cluster_id = cluster_id
        self._voters = ",".join(f"{node.node_id}@{node.controller}" for node in nodes)

    def start(self, *, wait: bool = True) -> None:
        """Format the storage on the first start, run the broker, return when it serves metadata.

        Without `wait` return at once: a node of a cluster serves nothing before the others do.
        Raises ServiceMissing without Java or Kafka, ServiceFailed when it does not come up.
        """
        settings = self.folder / "server.properties"
        if not settings.exists():
            self._format(settings)
        heap = f"-Xmx{self._heap_mb}m"
        command = [*self._java(heap, *self._java_options), "kafka.Kafka", settings]
        ready = self.answers if wait else lambda: True
        self._process.start(command, ready=ready, timeout_s=60)

    def stop(self) -> None:
        """Shut down in good order; takes a second or two."""
        self._process.stop(timeout_s=40)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash of the machine would."""
        self._process.kill()

    def _format(self, settings: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j2.yaml").write_text(_LOG4J, encoding="utf-8")
        lines = (f"{name}={value}" for name, value in self._server_properties().items())
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        tool = [*self._java("-Xmx128m", "-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool"]
        alone = [] if self._voters else ["--standalone"]
        done = subprocess.run(
            [*tool, "format", *alone, f"--cluster-id={self._cluster_id}", "-c", settings],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            settings.unlink()
            msg = f"kafka: formatting its storage failed\n{done.stdout}{done.stderr}"
            raise ServiceFailed(msg)

    def _server_properties(self) -> dict[str, str]:
        protocol = "SASL_PLAINTEXT" if self._user else "PLAINTEXT"
        properties = {
            "process.roles": "broker,controller",
            "node.id": str(self.node_id),
            "listeners": f"CLIENT://{self.bootstrap},CONTROLLER://{self.controller}",
            "advertised.listeners": f"CLIENT://{self.bootstrap},CONTROLLER://{self.controller}",
            "listener.security.protocol.map": f"CLIENT:{protocol},CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "data"),
            "auto.create.topics.enable": "false",
            # A single node holds every internal topic, and a new group need not wait for members.
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "8",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "8",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # A killed broker is let in again when the session of its former life has ended; the
            # default of 9 s would make every such test wait for that.
            "broker.session.timeout.ms": "5000",
            "broker.heartbeat.interval.ms": "1000",
        }
        if self._voters:
            properties["controller.quorum.voters"] = self._voters
        else:
            properties["controller.quorum.bootstrap.servers"] = self.controller
        if self._user:
            module = "org.apache.kafka.common.security.plain.PlainLoginModule"
            login = f'username="{self._user}" password="{self._password}"'
            properties |= {
                "sasl.enabled.mechanisms": "PLAIN",
                "sasl.mechanism.inter.broker.protocol": "PLAIN",
                "listener.name.client.plain.sasl.jaas.config": (
                    f'{module} required {login} user_{self._user}="{self._password}";'
                ),
            }
        return properties | self._properties

    def _java(self, *options: str) -> list[str | Path]:
        java, class_path = find_java(), kafka_class_path()
        if java is None or class_path is None:
            msg = f"Apache Kafka or Java is not installed: {INSTALL_HINT}"
            raise ServiceMissing(msg)
        log4j = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}"
        return [java, *options, "-Djava.awt.headless=true", log4j, "-cp", class_path]

    def answers(self) -> bool:
        """Whether it serves metadata."""
        quiet = {"log_level": 0, "socket.connection.setup.timeout.ms": 2_000}
        client = AdminClient(self.client_settings() | quiet)
        with contextlib.suppress(KafkaException):
            return bool(client.list_topics(timeout=1.0).brokers)
        return False


def new_cluster_id() -> str:
    """An id for a cluster, in the form that Kafka's storage tool takes."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
