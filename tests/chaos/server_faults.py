"""Faults of what workers depend on: brokers, Redis, and whoever sends events."""

from __future__ import annotations

import time
from random import Random

from streams.core.events import CALL_ENDED
from tests.chaos.later import Later
from tests.chaos.schedule import Fault
from tests.chaos.site import Site
from tests.services.kafka import KafkaServer

_REST_S = 4.0
"""Metadata about a broker that was just killed are those from before."""


class ServerFaults:
    """Each method carries out a fault and says whom it hit; None when there was nobody."""

    def __init__(self, site: Site, later: Later, dice: Random) -> None:
        self._site = site
        self._later = later
        self._dice = dice
        self._broker_busy_s = 0.0

    def _broker(self, node: KafkaServer | None) -> KafkaServer | None:
        """That broker, when the cluster can do without it."""
        busy = time.monotonic() < self._broker_busy_s
        if node is None or busy or not self._site.cluster.in_sync():
            return None
        return node

    def _leader(self, fault: Fault) -> KafkaServer | None:
        settings = self._site.settings
        partition = int(fault.pick * settings.partitions)
        return self._site.cluster.leader(settings.topic(CALL_ENDED), partition)

    def kill_leader(self, fault: Fault) -> str | None:
        """kill -9 of the broker that leads a partition of calls."""
        return self._kill_broker(self._broker(self._leader(fault)), fault)

    def kill_coordinator(self, fault: Fault) -> str | None:
        """kill -9 of the broker that coordinates the group."""
        found = self._site.cluster.coordinator(self._site.settings.group)
        return self._kill_broker(self._broker(found), fault)

    def _kill_broker(self, node: KafkaServer | None, fault: Fault) -> str | None:
        if node is None:
            return None
        node.kill()
        away_s = min(fault.length_s, 3.0)
        self._broker_busy_s = time.monotonic() + away_s + _REST_S
        self._later.after(away_s, lambda: node.start(wait=False))
        return f"broker {node.node_id}"

    def freeze(self, fault: Fault) -> str | None:
        """SIGSTOP of a leader."""
        node = self._broker(self._leader(fault))
        if node is None:
            return None
        cluster = self._site.cluster
        cluster.freeze(node)
        self._broker_busy_s = time.monotonic() + fault.length_s + _REST_S
        self._later.after(fault.length_s, lambda: cluster.thaw(node))
        return f"broker {node.node_id} for {fault.length_s:.1f} s"

    def redis_flush(self, _: Fault) -> str | None:
        """FLUSHALL."""
        redis = self._site.redis
        if not redis.running:
            return None
        redis.flush()
        return "all"

    def redis_restart(self, fault: Fault) -> str | None:
        """kill -9 of Redis, and an empty one back."""
        redis = self._site.redis
        if not redis.running:
            return None
        redis.kill()
        self._later.after(min(fault.length_s, 3.0), redis.start)
        return f"after {min(fault.length_s, 3.0):.1f} s"

    def poison(self, fault: Fault) -> str:
        """Some are too few to stop the input, some are enough."""
        partition = int(fault.pick * self._site.settings.partitions)
        records = self._dice.randrange(20, 90)
        self._site.sender.burst(records, partition)
        return f"{records} into {CALL_ENDED}:{partition}"
