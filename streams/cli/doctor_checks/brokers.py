"""Are the brokers there, is every partition led and replicated, do the clocks agree?"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    KafkaError,
    KafkaException,
    Message,
    Producer,
)
from confluent_kafka.admin._metadata import ClusterMetadata

from streams.cli.doctor_checks.finding import Finding, listed
from streams.cli.kafka_read import TIMEOUT_S
from streams.cli.topics import admin_client
from streams.core.clock import SystemClock
from streams.settings import Settings
from streams.topics import INPUT_STOPS, all_topics

SKEW_WARN_MS = 1_000
"""Above this "now" means something else here than on the broker, and boards show it."""
SKEW_FAIL_MS = 60_000
"""Above this freshness, silence and trailing windows are wrong."""
PROBE_KEY = b"doctor"


def metadata(settings: Settings) -> ClusterMetadata:
    """What the cluster says of itself; raises KafkaException when no broker answers."""
    return admin_client(settings).list_topics(timeout=TIMEOUT_S)


def brokers(settings: Settings) -> Iterator[Finding]:
    """Reachable brokers, and whether there is a controller."""
    try:
        cluster = metadata(settings)
    except KafkaException as error:
        found = f"no broker answers at {settings.brokers}: {error.args[0].str()}"
        yield Finding("brokers", "fail", found, "start Kafka, or set FLOORCAST_BROKERS right")
        return
    names = [f"{each.host}:{each.port}" for each in cluster.brokers.values()]
    if cluster.controller_id < 0:
        do = "look at the controllers' logs: without one no topic and no leader can change"
        yield Finding("brokers", "fail", f"{listed(names)}, but no controller", do)
        return
    found = f"{len(names)} ({listed(names)}), controller by broker {cluster.controller_id}"
    yield Finding("brokers", "ok", found)


def leaders(settings: Settings) -> Iterator[Finding]:
    """Partitions without a leader or with replicas that lag, of the floor's topics."""
    wanted = {topic.name for topic in all_topics(settings)}
    headless, thin = [], []
    for topic in metadata(settings).topics.values():
        if topic.topic in wanted:
            for number, partition in topic.partitions.items():
                name = f"{topic.topic}:{number}"
                if partition.leader < 0:
                    headless.append(name)
                elif len(partition.isrs) < len(partition.replicas):
                    thin.append(name)
    if headless:
        do = "bring back the brokers that hold them; nothing of these is read or written meanwhile"
        yield Finding("leaders", "fail", f"no leader: {listed(headless)}", do)
    if thin:
        do = "a broker is away or slow: one more loss may stop writes"
        yield Finding("leaders", "warn", f"not fully replicated: {listed(thin)}", do)
    if not (headless or thin):
        yield Finding("leaders", "ok", "every partition has a leader and all its replicas in sync")


def clock_skew(settings: Settings) -> Iterator[Finding]:
    """This machine's clock against the broker's, by the broker's stamp on one empty record.

    A tombstone under the key `doctor` goes to `input-stops`, which the broker stamps; workers pass
    over it and compaction removes it. The broker stamped it between sending and acknowledgement,
    so the answer is exact to half of that time.
    """
    clock = SystemClock()
    acks: list[tuple[int, int, int]] = []
    failures: list[KafkaError] = []

    def note(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failures.append(error)
            return
        kind, stamp_ms = message.timestamp()
        acks.append((kind, stamp_ms, clock.now_ms()))

    producer = Producer(
        settings.kafka()
        | {"acks": "all", "linger.ms": 0, "message.timeout.ms": TIMEOUT_S * 1000, "log_level": 0}
    )
    topic = settings.topic(INPUT_STOPS)
    if topic not in producer.list_topics(timeout=TIMEOUT_S).topics:
        yield Finding("clock", "skipped", f"there is no {topic}", "run `floorcast topics create`")
        return
    # The first record waits for connections; the second one measures.
    for _ in range(2):
        acks.clear()
        sent_ms = clock.now_ms()
        producer.produce(topic, None, PROBE_KEY, 0, on_delivery=note)
        give_up = monotonic() + TIMEOUT_S
        while not (acks or failures) and monotonic() < give_up:
            producer.poll(0.1)
        if not acks:
            why = failures[0].str() if failures else f"no acknowledgement within {TIMEOUT_S} s"
            do = f"this account must be allowed to write to {topic}, as for `floorcast resume`"
            yield Finding("clock", "skipped", f"{topic} took no record: {why}", do)
            return
    yield judge_clock(topic, sent_ms, *acks[0])


def judge_clock(topic: str, sent_ms: int, kind: int, stamp_ms: int, acked_ms: int) -> Finding:
    """What a broker's stamp says; `kind` is the timestamp type of the acknowledgement."""
    if kind != TIMESTAMP_LOG_APPEND_TIME:
        do = f"set message.timestamp.type=LogAppendTime on {topic}"
        return Finding("clock", "skipped", f"{topic} is not stamped by the broker", do)
    half_ms = (acked_ms - sent_ms + 1) // 2
    ahead_ms = (sent_ms + acked_ms) // 2 - stamp_ms
    found = (
        f"this machine is {ahead_ms / 1000:+.3f} s ahead of the broker, give or take {half_ms} ms"
    )
    # Only what lies beyond the doubt is held against a clock.
    sure_ms = max(0, abs(ahead_ms) - half_ms)
    status = "fail" if sure_ms > SKEW_FAIL_MS else "warn" if sure_ms > SKEW_WARN_MS else "ok"
    do = "" if status == "ok" else "set both clocks by NTP"
    return Finding("clock", status, found, do)  # type: ignore[arg-type] # one of the three above
