"""Everything there is to break on a floor."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from streams.settings import Settings
from tests.chaos.clock import FloorClock
from tests.chaos.crew import Crew
from tests.chaos.sender import Sender
from tests.services.kafka_cluster import KafkaCluster
from tests.services.redis import RedisServer


class Site(NamedTuple):
    """A floor's workers and servers, its clock and where its events come from."""

    crew: Crew
    cluster: KafkaCluster
    redis: RedisServer
    clock: FloorClock
    sender: Sender
    settings: Settings
    folder: Path
