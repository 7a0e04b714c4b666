"""The servers of the tests do what the other suites expect of them."""

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.integration.floor import wait_until
from tests.services.alertmanager import AlertmanagerServer
from tests.services.chromium import browser
from tests.services.kafka import KafkaServer
from tests.services.kafka_cluster import KafkaCluster
from tests.services.ports import free_port
from tests.services.process import ChildProcess, ServiceFailed
from tests.services.prometheus import PrometheusServer
from tests.services.redis import RedisServer

pytestmark = pytest.mark.services


def create_topic(server: KafkaServer, topic: str) -> None:
    """Create a topic of one partition; raises KafkaException when the broker refuses."""
    admin = AdminClient(server.client_settings())
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)


def produce(server: KafkaServer, topic: str, values: list[bytes]) -> None:
    """Write values and wait until the broker has them all."""
    producer = Producer(server.client_settings() | {"enable.idempotence": True})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(20) == 0


def read(server: KafkaServer, topic: str, count: int) -> list[bytes]:
    """The first `count` values of a topic, by a group of its own."""
    consumer = Consumer(
        server.client_settings()
        | {"group.id": f"reader-of-{topic}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        return [message.value() or b"" for message in consumer.consume(count, timeout=20)]
    finally:
        consumer.close()


def test_kafka_keeps_what_it_acknowledged_when_killed_and_started_on_the_same_port(
    make_kafka: Callable[..., KafkaServer],
) -> None:
    server = make_kafka()
    create_topic(server, "calls")
    produce(server, "calls", [b"before the crash"])
    address, crashed = server.bootstrap, server.pid

    server.kill()
    server.start()
    produce(server, "calls", [b"after the crash"])

    assert (server.bootstrap, server.pid != crashed) == (address, True)
    assert read(server, "calls", 2) == [b"before the crash", b"after the crash"]


def test_a_cluster_takes_and_keeps_records_while_one_of_its_brokers_is_dead(tmp_path: Path) -> None:
    cluster = KafkaCluster(tmp_path)
    try:
        cluster.start()
        cluster.admin.create_topics([NewTopic("calls", 1, 3)])["calls"].result(10)
        found: list[KafkaServer | None] = []

        def led() -> bool:
            # The brokers do not all know of a new topic at once, and any of them may answer.
            found.append(cluster.leader("calls", 0))
            return found[-1] is not None

        wait_until(led)
        leader = found[-1]
        assert leader is not None
        (other, third) = (node for node in cluster.nodes if node is not leader)

        leader.kill()
        produce(other, "calls", [b"while it was dead"])
        assert not cluster.in_sync()
        leader.start(wait=False)
        wait_until(cluster.in_sync)

        other.kill()
        assert read(third, "calls", 1) == [b"while it was dead"]
    finally:
        cluster.kill()


def test_kafka_never_creates_a_topic_by_accident(kafka: KafkaServer) -> None:
    consumer = Consumer(kafka.client_settings() | {"group.id": "nobody"})
    try:
        topics = consumer.list_topics(topic="misspelt", timeout=10).topics
    finally:
        consumer.close()
    assert topics["misspelt"].error is not None


def test_kafka_with_a_password_refuses_a_client_without_it(
    make_kafka: Callable[..., KafkaServer],
) -> None:
    server = make_kafka(user="floor", password="a password")
    create_topic(server, "calls")
    stranger = AdminClient(server.client_settings() | {"sasl.password": "wrong", "log_level": 0})
    with pytest.raises(KafkaException):
        stranger.list_topics(timeout=2)


def test_redis_asks_for_its_password(make_redis: Callable[..., RedisServer]) -> None:
    server = make_redis(password="secret")
    once = Retry(NoBackoff(), 0)  # by default a refusal is tried again for seconds
    stranger = redis.Redis(port=server.port, retry=once)
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.Redis.from_url(server.url) as client:
        assert client.ping()


def test_redis_comes_back_empty_on_the_same_port(make_redis: Callable[..., RedisServer]) -> None:
    server = make_redis()
    with redis.Redis.from_url(server.url) as client:
        client.set("board", "42")
    server.kill()
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("board") is None


def test_prometheus_answers_queries_about_what_it_scraped(
    prometheus_server: Callable[..., PrometheusServer],
) -> None:
    server = prometheus_server({"global": {"scrape_interval": "1s"}})
    itself = {"targets": [server.url.removeprefix("http://")]}
    server.reload(
        {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "itself", "static_configs": [itself]}],
        }
    )
    server.wait_for("up == 1")
    assert server.value('up{job="itself"}') == 1.0


def test_a_server_that_does_not_start_says_why(
    prometheus_server: Callable[..., PrometheusServer],
) -> None:
    with pytest.raises(ServiceFailed, match="scrape_intervall"):
        prometheus_server("global: {scrape_intervall: 1s}")


def test_alertmanager_holds_the_alerts_it_is_given(
    alertmanager_server: Callable[..., AlertmanagerServer],
) -> None:
    server = alertmanager_server({"route": {"receiver": "none"}, "receivers": [{"name": "none"}]})
    server.send([{"labels": {"alertname": "FloorSilent", "team": "north"}}])
    assert [alert["labels"]["alertname"] for alert in server.alerts()] == ["FloorSilent"]


def test_chromium_draws_latin_and_chinese_text() -> None:
    # A character without a font is drawn as the same empty box as any other.
    page_text = "<canvas></canvas><p id=name>Li Na 李娜</p>"
    draw = """text => {
        const canvas = document.querySelector("canvas");
        const pen = canvas.getContext("2d");
        pen.clearRect(0, 0, canvas.width, canvas.height);
        pen.font = "48px sans-serif";
        pen.fillText(text, 10, 60);
        return canvas.toDataURL().split(",")[1];
    }"""
    with browser() as chromium:
        page = chromium.new_page()
        page.set_content(page_text)
        assert page.inner_text("#name") == "Li Na 李娜"
        pictures = {
            base64.b64decode(page.evaluate(draw, text)) for text in ("李", "娜", "\U000e0fff")
        }
    assert len(pictures) == 3


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a child of its parent's death"
)
def test_a_child_process_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from tests.services.process import ChildProcess
child = ChildProcess("child", Path({str(tmp_path / "child.log")!r}))
child.start([sys.executable, "-c", "import time; time.sleep(300)"], ready=lambda: True)
print(child.pid, flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    # The kernel has sent the signal by now; the process is gone when its files are.
    gone = subprocess.run(["tail", f"--pid={child}", "-f", "/dev/null"], timeout=10, check=False)
    assert gone.returncode == 0


def test_a_stopped_child_process_can_be_started_again(tmp_path: Path) -> None:
    child = ChildProcess("child", tmp_path / "child.log")
    for _ in range(2):
        child.start([sys.executable, "-c", "import time; time.sleep(300)"], ready=lambda: True)
        assert child.running
        assert child.stop() == -signal.SIGTERM
        assert not child.running


def test_free_ports_differ_and_lie_below_those_of_clients() -> None:
    ports = {free_port() for _ in range(50)}
    assert len(ports) == 50
    assert max(ports) < 32_768
