"""Bytewax with its Kafka connector, in its own environment: mode `off` or `on` (recovery).

Recovery on keeps a snapshot of the keys that changed in SQLite, once a second. Neither way writes
to Kafka. The state is given out at the end of the topic, where the flow ends.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from bytewax.testing import TestingSink

from tests.bench.peers.call import NONE, Call, Counts, add, decode, delta
from tests.bench.peers.marks import Job, Marks, job

EPOCH = timedelta(seconds=1)


def make_flow(job: Job, marks: Marks, out: list[tuple[str, Counts]]) -> Dataflow:
    """Kafka to a fold by rep to a list."""

    def parse(batch: list[KafkaSourceMessage[bytes, bytes]]) -> list[tuple[str, Call]]:
        calls = [decode(message.value) for message in batch]
        return [(call.rep_id, call) for call in calls]

    def count(old: Counts, call: Call) -> Counts:
        marks.step()
        return add(old, delta(call))

    flow = Dataflow("calls")
    source = KafkaSource([job.brokers], [job.topic], tail=False)
    keyed = op.flat_map_batch("parse", op.input("kafka", flow, source), parse)
    op.output("out", op.fold_final("count", keyed, lambda: NONE, count), TestingSink(out))
    return flow


def main() -> None:
    """Run the flow to the end of the topic and tell what it counted."""
    own = job()
    marks, recovery = Marks(own), None
    out: list[tuple[str, Counts]] = []
    if own.mode == "on":
        folder = Path(own.folder) / "recovery"
        folder.mkdir()
        init_db_dir(folder, 1)
        recovery = RecoveryConfig(folder)
    cli_main(make_flow(own, marks, out), epoch_interval=EPOCH, recovery_config=recovery)
    marks.counted(*map(sum, zip(*(counts for _, counts in out), strict=True)))
    marks.stay()


if __name__ == "__main__":
    main()
