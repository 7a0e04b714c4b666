"""Faust's aiokafka transport with the lane's consumer and producer, under the name `lane://`."""

from __future__ import annotations

from faust.stores import STORES
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver

from streams.engine.lane import fetched
from streams.engine.lane.consumer import Consumer as LaneConsumer
from streams.engine.lane.producer import Producer as LaneProducer


class Transport(driver.Transport):
    """What `lane://host:port` stands for."""

    Consumer = LaneConsumer
    Producer = LaneProducer


def install() -> None:
    """Make Faust know `lane://` brokers and the `lane-memory://` and `lane-rocksdb://` stores, and
    records be made as `fetched` makes them.

    Called once before the app is made; a second call changes nothing.
    """
    TRANSPORTS.aliases["lane"] = f"{__name__}:Transport"
    STORES.aliases["lane-memory"] = "streams.engine.lane.store:MemoryStore"
    STORES.aliases["lane-rocksdb"] = "streams.engine.lane.store:RocksStore"
    fetched.install()
